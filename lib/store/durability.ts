/**
 * What an acknowledged row survives: the death of X-Ray (`process`), or also of the machine (`power`). With `power` the engine
 * writes each new part through to the disk (fsync) before an insert is a success, and what merges make of parts before it
 * removes them. The settings are of tables, kept with them, and follow the configuration at each start
 * (lib/decisions/0013 has the figures).
 */
import { z } from 'zod';
import type { Engine, Query } from './engine.ts';

export type Durability = 'process' | 'power';

const SETTINGS = {
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  min_rows_to_fsync_after_merge: 1,
  min_compressed_bytes_to_fsync_after_merge: 1,
} as const;

const tables: Query<{ name: string; synced: number }> = {
  name: 'table-durability',
  sql: `SELECT name, create_table_query LIKE '%fsync_after_insert = 1%' AS synced FROM system.tables
    WHERE database = 'xray' AND engine LIKE '%MergeTree'`,
  row: z.object({ name: z.string(), synced: z.coerce.number() }),
};

/** Returns how many tables were changed. */
export async function applyDurability(engine: Engine, durability: Durability): Promise<number> {
  let changed = 0;
  for (const { name, synced } of await engine.select(tables)) {
    if ((synced === 1) === (durability === 'power')) continue;
    const change =
      durability === 'power'
        ? `MODIFY SETTING ${Object.entries(SETTINGS)
            .map(([key, value]) => `${key} = ${value}`)
            .join(', ')}`
        : `RESET SETTING ${Object.keys(SETTINGS).join(', ')}`;
    await engine.command(`ALTER TABLE xray.${name} ${change}`);
    changed += 1;
  }
  return changed;
}
