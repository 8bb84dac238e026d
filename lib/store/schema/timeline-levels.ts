/**
 * Levels four times apart instead of eight: a tile of a resolution between two levels reads at most twice the rows that it
 * answers, not four times (lib/decisions/0011). Each new level is summed up from the next finer one, in the order of the
 * table, so in little memory; 23, 29, 35 and 41 stay, so that all can be made again.
 *
 *   before  23    26    29    32    35    38    41
 *   now     23 25 27    29 31 33    35 37 39    41
 */
import type { Migration } from '../migrate.ts';
import { LEVELS, LEVELS_BEFORE_112, levelColumns } from './timeline.ts';

const before: readonly number[] = LEVELS_BEFORE_112;
const now: readonly number[] = LEVELS;
const made = now.filter((level) => !before.includes(level));
const left = before.filter((level) => !now.includes(level));
const WAIT = 'SETTINGS mutations_sync = 1';

const summedUp = (level: number): string => {
  const finer = now.findLast((one) => one < level) ?? 0;
  return `INSERT INTO xray.timeline_levels (session, job_id, level, node, lane, bucket, longest, tasks, failures, stored)
    SELECT session, job_id, ${level}, node, lane, bitShiftRight(bucket, ${level - finer}) AS wide, max(longest), sum(tasks), sum(failures), max(stored)
    FROM xray.timeline_levels WHERE level = ${finer} GROUP BY session, job_id, node, lane, wide SETTINGS optimize_aggregation_in_order = 1`;
};

export const timelineLevelMigrations: readonly Migration[] = [
  {
    version: 112,
    name: 'timeline-levels',
    statements: [
      'DROP TABLE IF EXISTS xray.timeline_levels_of_slices SYNC',
      // Sums: what a start before this one added is taken away first.
      `ALTER TABLE xray.timeline_levels DELETE WHERE level IN (${made.join(', ')}) ${WAIT}`,
      ...made.map(summedUp),
      `ALTER TABLE xray.timeline_levels DELETE WHERE level IN (${left.join(', ')}) ${WAIT}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_levels_of_slices TO xray.timeline_levels AS
        SELECT session, job_id, level, node, lane, ${levelColumns('bitShiftRight(start_ns, level)')}, now() AS stored
        FROM xray.timeline_slices ARRAY JOIN [${now.join(', ')}] AS level GROUP BY session, job_id, level, node, lane, bucket`,
    ],
  },
];
