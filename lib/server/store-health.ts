/**
 * What the store's health line says, measured: every query and insert counts, and a probe asks every 15 s for its version
 * and sizes. `degraded`: the last statement failed, or the disk is nearly full. `down`: the probe failed too.
 */
import { statfs } from 'node:fs/promises';
import { Gauge } from 'prom-client';
import { z } from 'zod';
import type { SourceHealthWire } from '../contract/health.ts';
import { errorSentence } from '../schema/error-sentence.ts';
import type { Engine, Query } from '../store/engine.ts';
import type { EngineWatcher } from './measured-engine.ts';
import { createSourceState, publicUrl } from './source-state.ts';
import type { Telemetry } from './telemetry.ts';

const EVERY_MS = 15_000;
const PROBE_MS = 5_000;
/** Below this the store soon cannot write: merges need room beside what they merge. */
const FREE_BYTES = 1024 ** 3;

const version: Query<{ version: string }> = {
  name: 'store-probe',
  sql: 'SELECT version() AS version',
  row: z.object({ version: z.string() }),
};
const sizes: Query<{ table: string; rows: number; bytes: number; parts: number }> = {
  name: 'store-sizes',
  sql: `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts
    FROM system.parts WHERE active AND database = 'xray' GROUP BY table ORDER BY table`,
  row: z.object({ table: z.string(), rows: z.coerce.number(), bytes: z.coerce.number(), parts: z.coerce.number() }),
};

export interface StoreHealth extends EngineWatcher {
  readonly health: () => SourceHealthWire;
  /** One look; never rejects. */
  readonly probe: (engine: Engine) => Promise<void>;
  /** Probes now and every 15 s, until closed. */
  readonly start: (engine: Engine) => void;
  readonly close: () => void;
}

/** `url` of the remote store, or null with the directory of the one in process. */
export function createStoreHealth(
  where: { readonly url: string | null; readonly directory: string },
  telemetry: Pick<Telemetry, 'registry'>,
): StoreHealth {
  const state = createSourceState({ id: 'store', kind: 'store', cluster: null }, () =>
    where.url === null ? null : publicUrl(where.url),
  );
  const registers = [telemetry.registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['table'], registers });
  const rows = gauge('xray_store_rows', 'Rows in active parts.');
  const bytes = gauge('xray_store_bytes', 'Bytes on disk of active parts.');
  const parts = gauge('xray_store_parts', 'Active parts.');
  const free = new Gauge({
    name: 'xray_store_free_bytes',
    help: 'Free bytes of the disk of the data directory.',
    registers,
  });
  const up = new Gauge({ name: 'xray_store_up', help: '1 while the store answers.', registers });
  const words = (error: unknown): string => errorSentence(error);
  const whatToDo =
    where.url === null
      ? `look at the free space and the rights of ${where.directory}, then start X-Ray again`
      : `look whether ${publicUrl(where.url)} answers, and at CLICKHOUSE_URL and its credentials`;
  let timer: NodeJS.Timeout | null = null;
  let looking = false;
  let full: string | null = null;

  function well(): void {
    if (full === null) state.succeeded();
    else {
      state.succeeded();
      state.set('degraded', full, 'free space on that disk, or set a shorter retention (XRAY_RETENTION_TRACES_DAYS)');
    }
  }

  async function look(engine: Engine): Promise<void> {
    const [asked] = await engine.select(version, {}, { timeoutMs: PROBE_MS });
    state.detail('engine', engine.kind);
    state.detail('version', asked?.version ?? '');
    const found = await engine.select(sizes, {}, { timeoutMs: PROBE_MS });
    let [allRows, allBytes, allParts] = [0, 0, 0];
    for (const row of found) {
      rows.set({ table: row.table }, row.rows);
      bytes.set({ table: row.table }, row.bytes);
      parts.set({ table: row.table }, row.parts);
      allRows += row.rows;
      allBytes += row.bytes;
      allParts += row.parts;
    }
    state.detail('rows', allRows);
    state.detail('bytes', allBytes);
    state.detail('parts', allParts);
    if (where.url === null) {
      const disk = await statfs(where.directory);
      const freeBytes = disk.bavail * disk.bsize;
      free.set(freeBytes);
      state.detail('freeBytes', freeBytes);
      full =
        freeBytes < FREE_BYTES
          ? `only ${Math.round(freeBytes / 1024 ** 2)} MiB are free on the disk of ${where.directory}`
          : null;
    }
  }

  const health: StoreHealth = {
    succeeded: () => well(),
    failed(error) {
      // The probe tells whether it is down; one failed statement does not.
      if (state.health().state !== 'down') state.set('degraded', words(error), whatToDo);
    },
    health: () => state.health(),
    async probe(engine) {
      if (looking) return;
      looking = true;
      try {
        await look(engine);
        well();
        up.set(1);
      } catch (error) {
        state.set('down', words(error), whatToDo);
        up.set(0);
      } finally {
        looking = false;
      }
    },
    start(engine) {
      timer = setInterval(() => void health.probe(engine), EVERY_MS);
      timer.unref();
      void health.probe(engine);
    },
    close() {
      if (timer) clearInterval(timer);
    },
  };
  return health;
}
