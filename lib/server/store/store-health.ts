/**
 * What the store's health line says. Every query and insert counts, and a probe asks every 15 s for its parts. Several things
 * can be wrong at once (a loss, a full disk, a clock): each is a condition of its own, the worst of them is the line's state,
 * and all of them are said. `degraded`: it serves, with something to know. `down`: the probe failed, or nothing is stored.
 */
import { statfs } from 'node:fs/promises';
import { Gauge } from 'prom-client';
import { z } from 'zod';
import type { SourceHealthWire } from '../../contract/health.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { writeFault, writeProbe } from '../../store/data-directory.ts';
import type { Engine, Query } from '../../store/engine.ts';
import { type ActivePart, activeParts } from '../../store/store-parts.ts';
import { createSourceState, publicUrl } from '../runtime/source-state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { EngineWatcher } from './measured-engine.ts';

const EVERY_MS = 15_000;
const PROBE_MS = 5_000;
/** Below this the store soon cannot write: merges need room beside what they merge. */
const FREE_BYTES = 1024 ** 3;

/** What the engine reserves for a part, and more: with less, the next insert would only fail again. */
const ROOM_BYTES = 32 * 1024 ** 2;

const version: Query<{ version: string }> = {
  name: 'store-probe',
  sql: 'SELECT version() AS version',
  row: z.object({ version: z.string() }),
};

/** Worst first. */
const CONDITIONS = [
  'gone',
  'no-answer',
  'unwritable',
  'loss',
  'damage',
  'clock',
  'mutation',
  'disk',
  'statement',
] as const;
export type StoreConditionName = (typeof CONDITIONS)[number];
export interface StoreCondition {
  readonly state: 'degraded' | 'down';
  readonly reason: string;
  readonly whatToDo: string;
}

export interface StoreHealth extends EngineWatcher {
  readonly health: () => SourceHealthWire;
  /** Says a condition, or that it is over. */
  readonly set: (name: StoreConditionName, condition: StoreCondition | null) => void;
  readonly detail: (name: string, value: string | number | boolean) => void;
  /** What else to do with the parts of each look. */
  readonly onParts: (look: (engine: Engine, parts: readonly ActivePart[]) => Promise<void>) => void;
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
  const message = (error: unknown): string => errorSentence(error);
  const whatToDo =
    where.url === null
      ? `look at the free space and the rights of ${where.directory}, then start X-Ray again`
      : `look whether ${publicUrl(where.url)} answers, and at CLICKHOUSE_URL and its credentials`;
  const conditions = new Map<StoreConditionName, StoreCondition>();
  const looks: ((engine: Engine, parts: readonly ActivePart[]) => Promise<void>)[] = [];
  let timer: NodeJS.Timeout | null = null;
  let looking = false;
  let again = false;
  let requested: Engine | null = null;
  let succeededOnce = false;
  let isVersionKnown = false;

  function say(): void {
    const now = CONDITIONS.flatMap((name) => conditions.get(name) ?? []);
    const [worst] = now;
    if (worst === undefined) {
      if (succeededOnce) state.succeeded();
      return;
    }
    const isDown = now.some((condition) => condition.state === 'down');
    state.set(
      isDown ? 'down' : 'degraded',
      now.map((condition) => condition.reason).join('; '),
      [...new Set(now.map((condition) => condition.whatToDo))].join('; '),
    );
  }

  function set(name: StoreConditionName, condition: StoreCondition | null): void {
    if (condition === null) conditions.delete(name);
    else conditions.set(name, condition);
    say();
  }

  async function look(engine: Engine): Promise<void> {
    // What asks for parts shows that it answers; its version stays what it was.
    if (!isVersionKnown) {
      const [answer] = await engine.select(version, {}, { timeoutMs: PROBE_MS });
      state.detail('engine', engine.kind);
      state.detail('version', answer?.version ?? '');
      isVersionKnown = true;
    }
    const found = await engine.select(activeParts, {}, { timeoutMs: PROBE_MS });
    const tables = new Map<string, { rows: number; bytes: number; parts: number }>();
    const all = { rows: 0, bytes: 0, parts: 0 };
    for (const part of found) {
      const table = tables.get(part.table) ?? { rows: 0, bytes: 0, parts: 0 };
      for (const sum of [table, all]) {
        sum.rows += part.rows;
        sum.bytes += part.bytes;
        sum.parts += 1;
      }
      tables.set(part.table, table);
    }
    for (const [table, sum] of tables) {
      rows.set({ table }, sum.rows);
      bytes.set({ table }, sum.bytes);
      parts.set({ table }, sum.parts);
    }
    state.detail('rows', all.rows);
    state.detail('bytes', all.bytes);
    state.detail('parts', all.parts);
    if (where.url === null) await lookAtDisk();
    for (const more of looks) await more(engine, found);
  }

  async function lookAtDisk(): Promise<void> {
    if (conditions.has('gone')) return;
    const disk = await statfs(where.directory);
    const freeBytes = disk.bavail * disk.bsize;
    free.set(freeBytes);
    state.detail('freeBytes', freeBytes);
    set(
      'disk',
      freeBytes < FREE_BYTES
        ? {
            state: 'degraded',
            reason: `only ${Math.round(freeBytes / 1024 ** 2)} MiB are free on the disk of ${where.directory}`,
            whatToDo: 'free space on that disk, or set a shorter retention (XRAY_RETENTION_TRACES_DAYS)',
          }
        : null,
    );
    // Before the first insert meets it.
    const fault = await writeFault(where.directory);
    if (fault !== null) return set('unwritable', unwritable(fault));
    if (!conditions.has('unwritable') || freeBytes < ROOM_BYTES) return;
    try {
      writeProbe(where.directory);
      set('unwritable', null);
    } catch {
      // It is said already; the next look tries again.
    }
  }

  const unwritable = (why: string): StoreCondition => ({
    state: 'down',
    reason: `nothing can be stored: ${why}`,
    whatToDo: `free space on the disk of ${where.directory}, or make it writable; X-Ray goes on by itself then, and answers 503 to what is sent until then`,
  });

  const health: StoreHealth = {
    succeeded() {
      succeededOnce = true;
      state.heard();
      set('statement', null);
    },
    stored() {
      if (conditions.has('unwritable')) set('unwritable', null);
    },
    failed(error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'store-unwritable' && !conditions.has('gone')) return set('unwritable', unwritable(message(error)));
      // Which part it is, is known after the look that this calls for.
      if (code === 'store-damaged' && requested) void health.probe(requested);
      // The probe tells whether it is down; one failed statement does not.
      set('statement', { state: 'degraded', reason: message(error), whatToDo });
    },
    health: () => state.health(),
    set,
    detail: state.detail,
    onParts(more) {
      looks.push(more);
    },
    async probe(engine) {
      if (looking) {
        again = true;
        return;
      }
      looking = true;
      try {
        do {
          again = false;
          await look(engine);
        } while (again);
        succeededOnce = true;
        state.heard();
        conditions.delete('statement');
        set('no-answer', null);
        up.set(1);
      } catch (error) {
        set('no-answer', { state: 'down', reason: message(error), whatToDo });
        // Another one may answer next.
        isVersionKnown = false;
        up.set(0);
      } finally {
        looking = false;
      }
    },
    start(engine) {
      requested = engine;
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
