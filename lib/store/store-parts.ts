/** Parts of the store's tables as the engine has them, and what it says of damage: of each engine its own, so no query that two answer alike. */
import { z } from 'zod';
import type { Engine, Query } from './engine.ts';

export interface ActivePart {
  readonly table: string;
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Unix s. */
  readonly modified: number;
  /** Unix s of its rows' own time, where the partition says; else 0. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly path: string;
}

export const activeParts: Query<ActivePart> = {
  name: 'store-parts',
  sql: `SELECT table, name, rows, bytes_on_disk AS bytes, toUnixTimestamp(modification_time) AS modified,
      toUnixTimestamp(min_time) AS minTime, toUnixTimestamp(max_time) AS maxTime, path
    FROM system.parts WHERE active AND database = 'xray'`,
  row: z.object({
    table: z.string(),
    name: z.string(),
    rows: z.coerce.number(),
    bytes: z.coerce.number(),
    modified: z.coerce.number(),
    minTime: z.coerce.number(),
    maxTime: z.coerce.number(),
    path: z.string(),
  }),
};

export interface DetachedPart {
  readonly table: string;
  readonly name: string;
  readonly reason: string;
  readonly path: string;
  readonly modified: number;
}
export const detachedParts: Query<DetachedPart> = {
  name: 'detached-parts',
  sql: `SELECT table, name, ifNull(reason, '') AS reason, path, toUnixTimestamp(modification_time) AS modified
    FROM system.detached_parts WHERE database = 'xray'`,
  row: z.object({
    table: z.string(),
    name: z.string(),
    reason: z.string(),
    path: z.string(),
    modified: z.coerce.number(),
  }),
};

const failing: Query<{ table: string; reason: string }> = {
  name: 'failing-mutations',
  sql: `SELECT table, any(latest_fail_reason) AS reason FROM system.mutations
    WHERE database = 'xray' AND NOT is_done AND latest_fail_reason != '' GROUP BY table`,
  row: z.object({ table: z.string(), reason: z.string() }),
};
const damageErrors: Query<{ errors: number }> = {
  name: 'damage-errors',
  sql: `SELECT sum(value) AS errors FROM system.errors WHERE NOT remote AND name IN ('CHECKSUM_DOESNT_MATCH', 'CORRUPTED_DATA',
    'NO_FILE_IN_DATA_PART', 'UNEXPECTED_FILE_IN_DATA_PART', 'BAD_SIZE_OF_FILE_IN_DATA_PART', 'CANNOT_DECOMPRESS',
    'POTENTIALLY_BROKEN_DATA_PART', 'ATTEMPT_TO_READ_AFTER_EOF', 'CANNOT_READ_ALL_DATA', 'FILE_DOESNT_EXIST', 'CANNOT_OPEN_FILE')`,
  row: z.object({ errors: z.coerce.number() }),
};

/** What the engine has counted of reads and merges that met damage; it grows with the first such read. */
export async function countDamageErrors(engine: Engine): Promise<number> {
  return (await engine.select(damageErrors))[0]?.errors ?? 0;
}

/** Tables whose mutations fail, with the engine's words. */
export const failingMutations = (engine: Engine): Promise<{ table: string; reason: string }[]> =>
  engine.select(failing);
