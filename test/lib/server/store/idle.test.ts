/** What X-Ray asks of its store while nobody looks: counted by the engine itself, so whoever asks is counted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createWorld } from '../../../../lib/demo/clusters/worlds.ts';
import { taskEvents } from '../../../../lib/demo/emit/ray-events.ts';
import { startClusterRecorder } from '../../../../lib/server/clusters/cluster-recorder.ts';
import { loadConfig } from '../../../../lib/server/runtime/config.ts';
import type { RaySource } from '../../../../lib/server/runtime/ray-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { startRuntime } from '../../../../lib/server/start/start-runtime.ts';
import type { Query } from '../../../../lib/store/engine.ts';

/** Names that an idle X-Ray may ask: the recorder of clusters, twice a minute. */
const DECLARED = ['heard-sessions'];
/** The store's health asks past what is measured, a few statements every 15 s. */
const PROBES = 10;
const IDLE_MS = 20_000;
const POSTS = 24;
/** Attempts and their profile; what a session is, and what the timeline's indexer keeps, once in a while. */
const INSERTS_PER_POST = 4;
const SELECTS_PER_POST = 2;

const counted: Query<{ event: string; n: number }> = {
  name: 'engine-events',
  sql: "SELECT event, value AS n FROM system.events WHERE event IN ('SelectQuery', 'InsertQuery', 'MergedRows', 'InsertedRows')",
  row: z.object({ event: z.string(), n: z.coerce.number() }),
};
const settings: Query<{ name: string; value: string }> = {
  name: 'engine-settings',
  sql: `SELECT name, value FROM system.merge_tree_settings WHERE changed
    UNION ALL SELECT name, value FROM system.server_settings WHERE name = 'mark_cache_size'
    UNION ALL SELECT name, value FROM system.settings WHERE name = 'query_profiler_real_time_period_ns'`,
  row: z.object({ name: z.string(), value: z.string() }),
};
const seenRows: Query<{ last_ns: string }> = {
  name: 'heard-rows',
  sql: "SELECT toString(last_ns) AS last_ns FROM xray.ray_heard WHERE session = 'session_heard' ORDER BY last_ns",
  row: z.object({ last_ns: z.string() }),
};

let runtime: Runtime;
let directory: string;

async function engineCounts(): Promise<(event: string) => number> {
  const rows = await runtime.engine.select(counted);
  return (event) => rows.find((row) => row.event === event)?.n ?? 0;
}
/** Calls of the store by name so far. */
async function calls(): Promise<Map<string, number>> {
  const text = await runtime.telemetry.registry.metrics();
  const found = text.matchAll(/^xray_query_duration_seconds_count\{source="store",query="([^"]+)"\} (\d+)$/gm);
  return new Map([...found].map(([, name = '', count]) => [name, Number(count)]));
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xray-idle-'));
  runtime = await startRuntime(
    loadConfig({
      XRAY_DATA_DIR: directory,
      XRAY_CONFIG: join(directory, 'none.yaml'),
      XRAY_DEMO: '0',
      XRAY_RAY_DISCOVERY: 'off',
      PROMETHEUS_URL: 'http://127.0.0.1:9',
    }),
  );
  // The first looks of everything; the timeline's indexer says after 5 s that all is indexed.
  await sleep(10_000);
}, 120_000);
afterAll(async () => {
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('X-Ray that nobody looks at', () => {
  it('runs the engine as it was chosen for a small machine', async () => {
    const found = new Map((await runtime.engine.select(settings)).map(({ name, value }) => [name, value]));
    expect(Object.fromEntries(found)).toMatchObject({
      min_parts_to_merge_at_once: '16',
      auto_statistics_types: '',
      mark_cache_size: String(256 * 1024 ** 2),
      query_profiler_real_time_period_ns: '0',
    });
  });

  it('asks its store nothing but what is declared while nothing comes in', { timeout: 120_000 }, async () => {
    const [atFirst, requested] = [await engineCounts(), await calls()];
    await sleep(IDLE_MS);
    const [atLast, now] = [await engineCounts(), await calls()];
    const names = [...now].filter(([name, count]) => count !== (requested.get(name) ?? 0)).map(([name]) => name);
    expect(names.filter((name) => !DECLARED.includes(name) && name !== counted.name)).toEqual([]);
    expect(atLast('InsertQuery') - atFirst('InsertQuery')).toBe(0);
    expect(atLast('MergedRows') - atFirst('MergedRows')).toBe(0);
    expect(atLast('SelectQuery') - atFirst('SelectQuery')).toBeLessThanOrEqual(PROBES);
  });

  it('inserts and asks little for each small body of events', { timeout: 180_000 }, async () => {
    const anchor = Date.now();
    const world = createWorld(7, anchor);
    const post = (second: number) =>
      runtime.ingest.rayEvents({
        bytes: Buffer.from(
          JSON.stringify(taskEvents(world, anchor + second * 1000, anchor + (second + 1) * 1000, true)),
        ),
        contentType: 'application/json',
        contentEncoding: '',
        cluster: 'synthetic',
      });
    for (let second = 0; second < 8; second++) await post(second);
    const atFirst = await engineCounts();
    for (let second = 8; second < 8 + POSTS; second++) {
      await post(second);
      await sleep(400);
    }
    const atLast = await engineCounts();
    expect(atLast('InsertedRows')).toBeGreaterThan(atFirst('InsertedRows'));
    expect((atLast('InsertQuery') - atFirst('InsertQuery')) / POSTS).toBeLessThanOrEqual(INSERTS_PER_POST);
    expect((atLast('SelectQuery') - atFirst('SelectQuery')) / POSTS).toBeLessThanOrEqual(SELECTS_PER_POST);
  });

  it('writes once in a minute that a session is heard all the time', async () => {
    const ray = {
      cluster: 'synthetic',
      url: null,
      sessions: () => ['session_heard'],
      health: () => ({ state: 'up', lastSuccess: new Date().toISOString() }),
    } as unknown as RaySource;
    const recorder = startClusterRecorder({ ...runtime, rays: () => [ray] });
    for (let look = 0; look < 4; look++) {
      await recorder.look();
      await sleep(20);
    }
    recorder.close();
    expect(await runtime.engine.select(seenRows)).toHaveLength(1);
  });
});
