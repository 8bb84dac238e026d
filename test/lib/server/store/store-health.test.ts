/** The store's health is measured: sizes and version while it answers, why and what to do when it does not. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { measuredEngine } from '../../../../lib/server/store/measured-engine.ts';
import { createStoreHealth } from '../../../../lib/server/store/store-health.ts';
import { createQueryLatency } from '../../../../lib/server/telemetry/query-latency.ts';
import { createTelemetry } from '../../../../lib/server/telemetry/telemetry.ts';
import type { Engine } from '../../../../lib/store/engine.ts';
import { openEngine } from '../../../../lib/store/open-engine.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime.close());

function watch(engine: Engine, url: string | null) {
  const telemetry = createTelemetry();
  const health = createStoreHealth({ url, directory: runtime.config.dataDirectory }, telemetry);
  return { telemetry, health, engine: measuredEngine(engine, createQueryLatency(telemetry), telemetry, health) };
}
const answer = { name: 'answer', sql: 'SELECT 42 AS n', row: z.object({ n: z.number() }) };

it('up, with version, rows, bytes and free disk', async () => {
  const { health, engine, telemetry } = watch(runtime.engine, null);
  expect(health.health().state).toBe('waiting');
  await engine.insert('xray.kept_logs', [{ session: 's', job_id: 'j', text: 't' }]);
  await health.probe(runtime.engine);
  const { state, reason, details } = health.health();
  expect({ state, reason }).toEqual({ state: 'up', reason: null });
  expect(details.version).toMatch(/^\d+\.\d+/);
  expect(details.engine).toBe('chdb');
  for (const name of ['rows', 'bytes', 'parts', 'freeBytes']) expect(details[name]).toBeGreaterThan(0);
  const metrics = await telemetry.registry.metrics();
  expect(metrics).toMatch(/xray_store_rows\{table="kept_logs"\} 1/);
  expect(metrics).toMatch(/xray_store_inserted_rows_total\{table="xray.kept_logs"\} 1/);
  expect(metrics).toMatch(/xray_query_duration_seconds_count\{source="store",query="insert xray.kept_logs"\} 1/);
  expect(metrics).toMatch(/xray_store_up 1/);
});

it('degraded after a statement that the store failed; up again after one that it answered', async () => {
  const { health, engine } = watch(runtime.engine, null);
  await engine.select(answer);
  await expect(engine.select({ ...answer, sql: 'SELECT n FROM xray.nowhere' })).rejects.toMatchObject({
    code: 'store-failed',
  });
  expect(health.health()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('nowhere') });
  expect(health.health().whatToDo).toContain(runtime.config.dataDirectory);
  await engine.select(answer);
  expect(health.health()).toMatchObject({ state: 'up', reason: null, whatToDo: null });
});

it('what the caller did wrong says nothing of the store', async () => {
  const { health, engine } = watch(runtime.engine, null);
  await engine.select(answer);
  const many = { ...answer, sql: 'SELECT number AS n FROM numbers(100)' };
  await expect(engine.select(many, {}, { maxRows: 1 })).rejects.toMatchObject({ code: 'store-row-limit' });
  expect(health.health().state).toBe('up');
});

it('down where nothing answers, with the address and what to do', async () => {
  const nowhere = await openEngine('', { url: 'http://127.0.0.1:9', headers: {}, caFile: null });
  const { health, telemetry } = watch(nowhere, 'http://user:secret@127.0.0.1:9');
  await health.probe(nowhere);
  const found = health.health();
  expect(found).toMatchObject({
    state: 'down',
    url: 'http://127.0.0.1:9',
    reason: expect.stringContaining('127.0.0.1:9'),
  });
  expect(found.whatToDo).toContain('CLICKHOUSE_URL');
  expect(JSON.stringify(found)).not.toContain('secret');
  expect(await telemetry.registry.metrics()).toMatch(/xray_store_up 0/);
});
