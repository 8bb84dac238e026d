/**
 * ClickHouse in process, through the npm package `chdb`. One session per process and data directory; every query runs
 * off the event loop.
 */
import { createRequire } from 'node:module';
import { type Engine, encodeRows, type Param, type Query, type SelectOptions, StoreError } from './engine.ts';

interface ChdbResult {
  text(): string;
}
interface ChdbSession {
  queryAsync(sql: string, options?: { format?: string; signal?: AbortSignal; timeout?: number }): Promise<ChdbResult>;
  queryBindAsync(
    sql: string,
    params: object,
    options?: { format?: string; signal?: AbortSignal; timeout?: number },
  ): Promise<ChdbResult>;
  insert(params: {
    table: string;
    values: Buffer;
    format: string;
    settings?: Record<string, string | number>;
  }): Promise<unknown>;
  close(): void;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The result, or a rejection with the signal's reason as soon as it fires; the work itself goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

export function openChdb(directory: string): Engine {
  // Loaded on demand: the native library costs 200 MB that a remote engine does not need.
  const { Session } = createRequire(import.meta.url)('chdb') as { Session: new (path: string) => ChdbSession };
  const session = new Session(directory);
  // Closing under a query that runs kills the process, and an aborted query runs on: close() waits for every one.
  const running = new Set<Promise<unknown>>();
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const over = () => running.delete(work);
    work.then(over, over);
    return work;
  };

  async function select<Row>(
    query: Query<Row>,
    params: Readonly<Record<string, Param>> = {},
    options: SelectOptions = {},
  ): Promise<Row[]> {
    const maxRows = options.maxRows ?? 1_000_000;
    const timeout = options.timeoutMs ?? 20_000;
    const sql = `${query.sql}\nSETTINGS max_execution_time=${Math.ceil(timeout / 1000)}, max_result_rows=${maxRows}, result_overflow_mode='throw', output_format_json_quote_64bit_integers=1`;
    let text: string;
    try {
      options.signal?.throwIfAborted();
      const work = tracked(session.queryBindAsync(sql, params, { format: 'JSONEachRow', timeout: timeout + 2_000 }));
      text = (await unlessAborted(work, options.signal)).text();
    } catch (error) {
      throw new StoreError('store-failed', `query "${query.name}" failed: ${words(error)}`, { cause: error });
    }
    const rows: Row[] = [];
    for (const line of text.split('\n')) if (line !== '') rows.push(query.row.parse(JSON.parse(line)));
    return rows;
  }

  return {
    kind: 'chdb',
    select,
    async insert(table, rows) {
      if (rows.length === 0) return;
      try {
        await tracked(session.insert({ table, values: encodeRows(rows), format: 'JSONEachRow' }));
      } catch (error) {
        throw new StoreError('store-failed', `insert of ${rows.length} rows into ${table} failed: ${words(error)}`, {
          cause: error,
        });
      }
    },
    async command(sql) {
      try {
        await tracked(session.queryAsync(sql));
      } catch (error) {
        throw new StoreError('store-failed', `command failed: ${words(error)}\n${sql.slice(0, 200)}`, { cause: error });
      }
    },
    async close() {
      while (running.size > 0) await Promise.allSettled([...running]);
      session.close();
    },
  };
}
