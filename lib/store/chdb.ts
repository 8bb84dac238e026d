/**
 * ClickHouse in process, through the npm package `chdb`. One data directory per process, but several connections to it:
 * one connection runs one statement at a time, so a slow read would keep every insert waiting. Reads, writes and KILL
 * have lanes of their own. Every statement runs off the event loop.
 *
 *   reads   |--slow select------------|          a statement waits for a free lane of its kind
 *           |-select-|  |-select-|
 *   writes  |-insert-||-insert-|                 two tables of one batch go side by side
 *   control      |KILL|                          what nobody waits for is ended in the engine too
 *
 * An insert is acknowledged by the engine when its part is renamed into place on the file system, so it survives the
 * death of the process (test/lib/server/store/kill.test.ts); against power loss there is no fsync, as in ClickHouse's default.
 */
import { createRequire } from 'node:module';
import { errorMessage } from '../model/error-message.ts';
import {
  type Engine,
  encoded,
  INSERT_SETTINGS,
  PARALLEL_PARSE_BYTES,
  type Param,
  paramText,
  type Query,
  quoted,
  type SelectOptions,
  StoreError,
  storeErrorCode,
  storeFailure,
} from './engine.ts';
import { engineArguments } from './engine-settings.ts';
import { readRows } from './read-rows.ts';

interface ChdbResult {
  text(): string;
  bytes(): Uint8Array;
}
interface ChdbSession {
  queryAsync(sql: string, options?: { format?: string }): Promise<ChdbResult>;
  insert(params: {
    table: string;
    values: Buffer;
    format: string;
    settings?: Record<string, string | number>;
  }): Promise<unknown>;
  close(): void;
}

interface Waiter {
  readonly take: (session: ChdbSession) => void;
}

/** Connections of one kind; a statement holds one until the engine is really done with it. */
class Lanes {
  private readonly free: ChdbSession[];
  private readonly waiting: Waiter[] = [];

  constructor(sessions: readonly ChdbSession[]) {
    this.free = [...sessions];
  }

  /** Rejects with the signal's reason where it fires before a connection is free. */
  private take(signal: AbortSignal | undefined): Promise<ChdbSession> {
    const session = this.free.pop();
    if (session) return Promise.resolve(session);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const index = this.waiting.indexOf(waiter);
        if (index >= 0) this.waiting.splice(index, 1);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        take(given) {
          signal?.removeEventListener('abort', leave);
          resolve(given);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(waiter);
    });
  }

  /** `onAbort` runs when the signal fires while the statement runs; the promise then rejects at once. */
  async run<T>(
    statement: (session: ChdbSession) => Promise<T>,
    signal?: AbortSignal,
    onAbort?: () => void,
  ): Promise<T> {
    signal?.throwIfAborted();
    const session = await this.take(signal);
    // Asynchronous even where the driver throws at once: the lane must come back.
    const work = (async () => statement(session))();
    const release = (): void => {
      const next = this.waiting.shift();
      if (next) next.take(session);
      else this.free.push(session);
    };
    work.then(release, release);
    if (!signal) return work;
    return new Promise<T>((resolve, reject) => {
      const gone = (): void => {
        onAbort?.();
        reject(signal.reason);
      };
      signal.addEventListener('abort', gone, { once: true });
      const settled = (): void => signal.removeEventListener('abort', gone);
      work.then(resolve, reject).finally(settled);
    });
  }
}

/**
 * Parameters as SET statements of the connection, which nobody else uses meanwhile: chdb's own binding runs one query of
 * the whole process at a time. A parameter that is not given would be the last query's, so it is refused here.
 */
function setParams(query: Query<unknown>, params: Readonly<Record<string, Param>>): string {
  for (const [, name] of query.sql.matchAll(/\{(\w+):/g))
    if (name && !Object.hasOwn(params, name))
      throw new StoreError('store-failed', `query "${query.name}" failed: parameter ${name} is not given`);
  const list = Object.entries(params).map(([name, value]) => `param_${name} = ${quoted(paramText(value))}`);
  return list.length > 0 ? `SET ${list.join(', ')};\n` : '';
}

const READS = 3;
const WRITES = 2;
let statements = 0;

export function openChdb(directory: string): Engine {
  // Loaded on demand: the native library costs 200 MB that a remote engine does not need.
  const { Session } = createRequire(import.meta.url)('chdb') as {
    Session: new (path: string, options: { connectionArgs: readonly string[] }) => ChdbSession;
  };
  const sessions: ChdbSession[] = [];
  const connectionArgs = engineArguments(`${directory}.xml`);
  const open = (): ChdbSession => {
    const session = new Session(directory, { connectionArgs });
    sessions.push(session);
    return session;
  };
  const reads = new Lanes(Array.from({ length: READS }, open));
  const writes = new Lanes(Array.from({ length: WRITES }, open));
  const control = new Lanes([open()]);
  const running = new Set<Promise<unknown>>();

  function tracked<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
    return work;
  }

  function end(mark: string): void {
    const kill = `KILL QUERY WHERE query LIKE '%/* ${mark} */ %' AND query NOT LIKE 'KILL%' ASYNC`;
    // A statement that is over by now cannot be ended; nothing waits for this.
    tracked(control.run((session) => session.queryAsync(kill))).catch(() => {});
  }

  async function ask(
    query: Query<unknown>,
    params: Readonly<Record<string, Param>>,
    options: SelectOptions,
    format: 'JSONEachRow' | 'RowBinary',
  ): Promise<ChdbResult> {
    const maxRows = options.maxRows ?? 1_000_000;
    const timeout = options.timeoutMs ?? 20_000;
    const mark = `xray ${process.pid} ${statements++}`;
    const sql = `${setParams(query, params)}/* ${mark} */ ${query.sql}\nSETTINGS max_execution_time=${timeout / 1000}, max_result_rows=${maxRows}, result_overflow_mode='throw', output_format_json_quote_64bit_integers=1`;
    // The engine looks at its clock between blocks only, and the wait for a lane is not in it.
    const late = AbortSignal.timeout(timeout + 2_000);
    const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
    try {
      const statement = (session: ChdbSession) => tracked(session.queryAsync(sql, { format }));
      return await reads.run(statement, signal, () => end(mark));
    } catch (error) {
      if (options.signal?.aborted)
        throw new StoreError('store-cancelled', `query "${query.name}" was cancelled`, { cause: error });
      if (late.aborted)
        throw new StoreError(
          'store-timeout',
          `query "${query.name}" failed: no answer within ${timeout} ms: ask for less, or again later`,
          { cause: error },
        );
      throw new StoreError(
        storeErrorCode(errorMessage(error), 'query'),
        `query "${query.name}" failed: ${errorMessage(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  async function select<Row>(
    query: Query<Row>,
    params: Readonly<Record<string, Param>> = {},
    options: SelectOptions = {},
  ): Promise<Row[]> {
    return readRows(query, (await ask(query, params, options, 'JSONEachRow')).bytes());
  }

  return {
    kind: 'chdb',
    select,
    selectBytes: async (query, params = {}, options = {}) => (await ask(query, params, options, 'RowBinary')).bytes(),
    async insert(table, rows) {
      const { count, lines } = encoded(rows);
      if (count === 0) return;
      const settings = {
        ...INSERT_SETTINGS,
        ...(lines.byteLength < PARALLEL_PARSE_BYTES ? { input_format_parallel_parsing: 0 } : {}),
      };
      const values = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
      try {
        await writes.run((session) => tracked(session.insert({ table, values, format: 'JSONEachRow', settings })));
      } catch (error) {
        throw storeFailure(
          storeErrorCode(`Code: ${clickhouseCode(error)} ${errorMessage(error)}`, 'insert'),
          `insert of ${count} rows into ${table}`,
          errorMessage(error),
          { cause: error },
        );
      }
    },
    async insertFrom(table, query, params) {
      const sql = `${setParams(query, params)}INSERT INTO ${table} ${query.sql}`;
      try {
        // First only read: an insert that meets a damaged part while it reads never ends in chdb 26.7, nor can it be ended.
        const read = `${setParams(query, params)}${query.sql}`;
        await writes.run((session) => tracked(session.queryAsync(read, { format: 'Null' })));
        await writes.run((session) => tracked(session.queryAsync(sql)));
      } catch (error) {
        throw storeFailure(
          storeErrorCode(errorMessage(error), 'query'),
          `query "${query.name}" into ${table}`,
          errorMessage(error),
          {
            cause: error,
          },
        );
      }
    },
    async command(sql) {
      try {
        await writes.run((session) => tracked(session.queryAsync(sql)));
      } catch (error) {
        throw new StoreError(
          storeErrorCode(errorMessage(error), 'query'),
          `command failed: ${errorMessage(error)}\n${sql.slice(0, 200)}`,
          { cause: error },
        );
      }
    },
    async close() {
      while (running.size > 0) await Promise.all(running);
      for (const session of sessions) session.close();
    },
  };
}

const clickhouseCode = (error: unknown): string =>
  error instanceof Error && 'clickhouseCode' in error ? String(error.clickhouseCode) : '';
