/** Migration 112 on a store that migration 111 left: levels of slices that were kept before are what slices inserted now get. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../../lib/store/engine.ts';
import { migrate } from '../../../lib/store/migrate.ts';
import { openEngine } from '../../../lib/store/open-engine.ts';
import { MIGRATIONS } from '../../../lib/store/schema/migrations.ts';
import { LEVELS, levelColumns } from '../../../lib/store/schema/timeline.ts';

const before = MIGRATIONS.filter(({ version }) => version !== 112);
let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xray-test-levels-'));
  engine = await openEngine(directory, null);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const insert = (session: string) =>
  engine.command(`INSERT INTO xray.timeline_slices (session, job_id, node, lane, start_ns, end_ns, attempt, task_id, function, failed, error)
    SELECT '${session}', '01', number % 3, number % 7, 1790000000000000000 + intDiv(number, 7) * 40000000,
      1790000000000000000 + intDiv(number, 7) * 40000000 + 1 + cityHash64(number) % 39000000, 0, toString(number), concat('f', toString(number % 5)),
      number % 11 = 0, '' FROM numbers(20000)`);
const rows = (sql: string) =>
  engine.select({
    name: 'levels',
    sql,
    row: z.object({ level: z.number(), all: z.string(), rows: z.coerce.number() }),
  });
/** The levels of a session as one number each, and how many rows they have. */
const levelsOf = (session: string) =>
  rows(`SELECT level, toString(sum(cityHash64(node, lane, bucket, longest, tasks, failures))) AS all, count() AS rows FROM (
      SELECT level, node, lane, bucket, max(longest) AS longest, sum(tasks) AS tasks, sum(failures) AS failures FROM xray.timeline_levels
      WHERE session = '${session}' GROUP BY level, node, lane, bucket) GROUP BY level ORDER BY level`);
const fromSlices = (session: string) =>
  rows(`SELECT level, toString(sum(cityHash64(node, lane, bucket, longest, tasks, failures))) AS all, count() AS rows FROM (
      SELECT level, node, lane, ${levelColumns('bitShiftRight(start_ns, level)')} FROM xray.timeline_slices
      ARRAY JOIN ${JSON.stringify(LEVELS)}::Array(UInt8) AS level WHERE session = '${session}' GROUP BY level, node, lane, bucket) GROUP BY level ORDER BY level`);

describe('levels of timelines that were kept before they stood four times apart', () => {
  it('are what slices say, wherever starts before this one broke off', async () => {
    await migrate(engine, before);
    await insert('old');
    expect(await levelsOf('old')).toHaveLength(7);
    const [migration] = MIGRATIONS.filter(({ version }) => version === 112);
    if (!migration) throw new Error('no migration 112');
    for (let made = 1; made <= migration.statements.length; made++)
      for (const statement of migration.statements.slice(0, made)) await engine.command(statement);
    await migrate(engine, MIGRATIONS);
    await insert('new');
    for (const session of ['old', 'new']) {
      const wanted = await fromSlices(session);
      expect(wanted.map(({ level }) => level)).toEqual([...LEVELS]);
      expect(wanted[0]?.rows).toBeGreaterThan(10_000);
      expect(await levelsOf(session)).toEqual(wanted);
    }
  });
});
