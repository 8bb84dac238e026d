/**
 * The port to ClickHouse: one SQL dialect, two transports (chdb.ts in process, remote.ts over HTTP). A query is a
 * value: its name, SQL with {name:Type} parameters, and the zod schema of its rows. User input only ever travels as
 * a parameter.
 */
import type { z } from 'zod';

export type Param = string | number | bigint | boolean | readonly string[] | readonly number[];

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

export interface Engine {
  readonly kind: 'chdb' | 'clickhouse';
  /** Rejects with StoreError. */
  select<Row>(query: Query<Row>, params?: Readonly<Record<string, Param>>, options?: SelectOptions): Promise<Row[]>;
  /** Resolves when the rows are durable against the death of this process. Rejects with StoreError. */
  insert(table: string, rows: readonly object[]): Promise<void>;
  /** DDL and maintenance; no user input. */
  command(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** `query "gpu-memory" failed: <engine's own words>`. Told apart by `code`, not by class: two module graphs meet. */
export class StoreError extends Error {
  readonly code: 'store-failed' | 'store-locked' | 'store-timeout' | 'store-row-limit';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** JSONEachRow with bigints as decimal text. */
export function encodeRows(rows: readonly object[]): Buffer {
  return Buffer.from(
    rows
      .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? value.toString() : value)))
      .join('\n'),
  );
}
