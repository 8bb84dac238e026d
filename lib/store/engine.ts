/**
 * The port to ClickHouse: one SQL dialect, two transports (chdb.ts in process, remote.ts over HTTP). A query is a
 * value: its name, SQL with {name:Type} parameters, and the zod schema of its rows. User input only ever travels as
 * a parameter.
 */
import type { z } from 'zod';
import { ownValue, setOwnValue } from '../model/own-value.ts';

export type Param = string | number | bigint | boolean | readonly string[] | readonly number[] | readonly bigint[];

export interface Query<Row> {
  /** Kebab-case name of the question; it appears in errors and metrics. */
  readonly name: string;
  /** ClickHouse SQL with {name:Type} parameters, without FORMAT. */
  readonly sql: string;
  /** 64-bit integers arrive as decimal text. */
  readonly row: z.ZodType<Row>;
}

export interface SelectOptions {
  readonly signal?: AbortSignal;
  /** Default 20 s. */
  readonly timeoutMs?: number;
  /** Default 1,000,000; more rows than this is an error, never a silent cut. */
  readonly maxRows?: number;
}

/** Rows as JSONEachRow, one line each: made once, off the event loop where they are many. */
export interface EncodedRows {
  readonly count: number;
  readonly lines: Uint8Array;
}

export interface Engine {
  readonly kind: 'chdb' | 'clickhouse';
  /** Rejects with StoreError. */
  select<Row>(query: Query<Row>, params?: Readonly<Record<string, Param>>, options?: SelectOptions): Promise<Row[]>;
  /**
   * The answer as ClickHouse's RowBinary, for columns of numbers that would cost more as text than to find; `row` of the
   * query is not used. Rejects with StoreError.
   */
  selectBytes(
    query: Query<unknown>,
    params?: Readonly<Record<string, Param>>,
    options?: SelectOptions,
  ): Promise<Uint8Array>;
  /** Resolves when the rows are durable against the death of this process. Rejects with StoreError. */
  insert(table: string, rows: readonly object[] | EncodedRows): Promise<void>;
  /** What a query finds, inserted inside the engine. `target`: `table (columns)`; `row` is not used. Rejects with StoreError. */
  insertFrom(target: string, query: Query<unknown>, params: Readonly<Record<string, Param>>): Promise<void>;
  /** DDL and maintenance; no user input. */
  command(sql: string): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | 'store-failed'
  | 'store-locked'
  /** The disk is full or read-only, or the data directory is gone: the same rows are taken when that is mended. */
  | 'store-unwritable'
  /** What is on disk cannot be read back as it was written. */
  | 'store-damaged'
  | 'store-timeout'
  | 'store-row-limit'
  /** The engine read the rows and refused them: sending the same rows again is refused again. */
  | 'store-bad-rows'
  /** The caller's signal fired. */
  | 'store-cancelled';

/** `query "gpu-memory" failed: <engine's own words>`. Told apart by `code`, not by class: two module graphs meet. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

// Numbers of ClickHouse's ErrorCodes.cpp.
const TIMEOUTS = new Set([159, 160, 209]);
const ROW_LIMITS = new Set([158, 396]);
/** NOT_ENOUGH_SPACE; other writes that the file system refuses carry what the system said. */
const UNWRITABLE = new Set([243]);
const UNWRITABLE_TEXT: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|errno: 28\b/, 'the disk of the store is full (no space left)'],
  [/Read-only file system|errno: 30\b/, 'the file system of the store is read-only'],
  [/Disk quota exceeded|errno: 122\b/, "the quota of the store's disk is used up"],
  [/filesystem error: .*Permission denied|errno: 13\b/, 'the files of the store may not be written by this user'],
];
// CHECKSUM_DOESNT_MATCH, CORRUPTED_DATA, NO_FILE_IN_DATA_PART, UNEXPECTED_FILE_IN_DATA_PART, BAD_SIZE_OF_FILE_IN_DATA_PART,
// CANNOT_DECOMPRESS, POTENTIALLY_BROKEN_DATA_PART.
const DAMAGED = new Set([40, 246, 226, 227, 228, 271, 740]);
/** ATTEMPT_TO_READ_AFTER_EOF, CANNOT_READ_ALL_DATA, CANNOT_OPEN_FILE, FILE_DOESNT_EXIST: of the store where a part is named. */
const DAMAGED_WHERE_PART = new Set([32, 33, 76, 107]);
const NAMES_PART = /from part |loading part |\/store\/[0-9a-f]{3}\//;
// What parsing and converting of rows throws: CANNOT_PARSE_*, TYPE_MISMATCH, ARGUMENT_OUT_OF_BOUND, INCORRECT_DATA, ...
const BAD_ROWS = new Set([
  6, 25, 26, 27, 33, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 441, 467, 546, 675, 676,
]);

/** The engine's `Code: 159. DB::Exception: ...` as our code; both transports say it alike. */
export function storeErrorCode(engineMessage: string, during: 'query' | 'insert'): StoreErrorCode {
  const number = Number(/\bCode: (\d+)\b/.exec(engineMessage)?.[1] ?? Number.NaN);
  if (TIMEOUTS.has(number)) return 'store-timeout';
  if (ROW_LIMITS.has(number)) return 'store-row-limit';
  // First what rows caused: their text is in the engine's words, and may say anything.
  if (during === 'insert' && BAD_ROWS.has(number)) return 'store-bad-rows';
  if (UNWRITABLE.has(number) || unwritableReason(engineMessage) !== null) return 'store-unwritable';
  if (DAMAGED.has(number) || (DAMAGED_WHERE_PART.has(number) && NAMES_PART.test(engineMessage))) return 'store-damaged';
  return 'store-failed';
}

const unwritableReason = (engineMessage: string): string | null =>
  UNWRITABLE_TEXT.find(([pattern]) => pattern.test(engineMessage))?.[1] ?? null;

/**
 * `<what> failed: <why>`. Why is the engine's own words but where a write met the file system it
 * is one sentence: a library's words are of no use there.
 */
export function storeFailure(
  code: StoreErrorCode,
  what: string,
  engineMessage: string,
  options?: ErrorOptions,
): StoreError {
  const why = (code === 'store-unwritable' ? unwritableReason(engineMessage) : null) ?? engineMessage;
  return new StoreError(code, `${what} failed: ${why}`, options);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };
const escaped = (text: string): string =>
  text.replace(/[\\\t\n\r\0]/g, (character) => ownValue(ESCAPES, character) ?? character);
/** Text inside single quotes of SQL. */
export const quoted = (text: string): string => `'${escaped(text).replaceAll("'", "\\'")}'`;

/**
 * A parameter in ClickHouse's text form, which both transports send: scalars as a TSV field, lists as ['a','b'] with
 * backslash escapes.
 */
export function paramText(value: Param): string {
  if (typeof value === 'string') return escaped(value.toWellFormed());
  if (!Array.isArray(value)) return String(value);
  return `[${value.map((item) => (typeof item !== 'string' ? String(item) : quoted(item.toWellFormed()))).join(',')}]`;
}

/** Bigints as decimal text, at any depth; a replacer of JSON.stringify costs three times as much. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value))
    setOwnValue(copy, key, typeof item === 'string' || typeof item === 'number' ? item : plain(item));
  return copy;
}

/** Half a surrogate pair is no UTF-8: the engine refuses its escape, so it becomes U+FFFD. */
const wellFormed = (line: string): string =>
  line.includes('\\ud')
    ? JSON.stringify(JSON.parse(line), (_, value: unknown) => {
        if (typeof value === 'string') return value.toWellFormed();
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), item]));
      })
    : line;

/** JSONEachRow, one line per row. */
export function encodeRows(rows: readonly object[]): EncodedRows {
  const lines = rows.map((row) => `${wellFormed(JSON.stringify(plain(row)))}\n`);
  return { count: rows.length, lines: Buffer.from(lines.join('')) };
}

/** What an insert got, encoded. */
export const encoded = (rows: readonly object[] | EncodedRows): EncodedRows =>
  'lines' in rows ? rows : encodeRows(rows);

/** Settings of every insert in both transports. Partitions: a body may hold spans of more than 100 days. */
export const INSERT_SETTINGS = {
  async_insert: 0,
  max_partitions_per_insert_block: 0,
} as const;
/** A parser in parallel pays from a megabyte on; below it costs a millisecond of threads. */
export const PARALLEL_PARSE_BYTES = 1_000_000;
