/** Durability is a setting of every table, and follows the configuration. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import { applyDurability } from '../../../lib/store/durability.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime({ XRAY_DURABILITY: 'power' });
});
afterAll(() => runtime.close());

async function tables(setting: string): Promise<number> {
  const [row] = await runtime.engine.select(
    {
      name: 'tables-with-setting',
      sql: `SELECT countIf(create_table_query LIKE concat('%', {setting:String}, '%')) AS n FROM system.tables
        WHERE database = 'xray' AND engine LIKE '%MergeTree'`,
      row: z.object({ n: z.coerce.number() }),
    },
    { setting },
  );
  return row?.n ?? -1;
}

it('power: every table is synced, and none any more when the setting goes', async () => {
  const all = await tables('MergeTree');
  expect(all).toBeGreaterThan(20);
  for (const setting of ['fsync_after_insert = 1', 'fsync_part_directory = 1', 'min_rows_to_fsync_after_merge = 1'])
    expect([setting, await tables(setting)]).toEqual([setting, all]);
  expect(await applyDurability(runtime.engine, 'power')).toBe(0);
  expect(await applyDurability(runtime.engine, 'process')).toBe(all);
  expect(await tables('fsync')).toBe(0);
});
