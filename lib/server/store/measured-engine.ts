/** The engine, its queries and inserts timed and counted, and reported to whoever watches the store's health or waits for readers. */
import { Counter } from 'prom-client';
import type { Engine } from '../../store/engine.ts';
import type { QueryLatency } from '../telemetry/query-latency.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createReadersFirst, type ReadersFirst } from './readers-first.ts';

export interface EngineWatcher {
  readonly succeeded: () => void;
  readonly failed: (error: unknown) => void;
  /** An insert is in the store. */
  readonly stored?: () => void;
}

/** What the caller did wrong (too much asked, gave up, bad rows) says nothing of the store. */
const NOT_ITS_FAULT = new Set(['store-row-limit', 'store-cancelled', 'store-bad-rows']);

/** `xray_query_duration_seconds{source="store"}`: selects by their name, inserts as `insert <table>`. */
export function measuredEngine(
  engine: Engine,
  latency: QueryLatency,
  telemetry: Pick<Telemetry, 'registry'>,
  watcher: EngineWatcher,
  readers: Pick<ReadersFirst, 'reading'> = createReadersFirst(),
): Engine {
  const rowsInserted = new Counter({
    name: 'xray_store_inserted_rows_total',
    help: 'Rows inserted.',
    labelNames: ['table'],
    registers: [telemetry.registry],
  });
  async function watched<T>(name: string, call: () => Promise<T>): Promise<T> {
    try {
      const answer = await latency.time('store', name, call);
      watcher.succeeded();
      return answer;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code.startsWith('store-') && !NOT_ITS_FAULT.has(code)) watcher.failed(error);
      throw error;
    }
  }
  async function read<T>(name: string, call: () => Promise<T>): Promise<T> {
    const end = readers.reading();
    try {
      return await watched(name, call);
    } finally {
      end();
    }
  }
  return {
    kind: engine.kind,
    select: (query, params, options) => read(query.name, () => engine.select(query, params, options)),
    selectBytes: (query, params, options) => read(query.name, () => engine.selectBytes(query, params, options)),
    async insert(table, rows) {
      await watched(`insert ${table}`, () => engine.insert(table, rows));
      watcher.stored?.();
      rowsInserted.inc({ table }, 'count' in rows ? rows.count : rows.length);
    },
    insertFrom: (table, query, params) => watched(query.name, () => engine.insertFrom(table, query, params)),
    command: (sql) => watched('command', () => engine.command(sql)),
    close: () => engine.close(),
  };
}
