/** Attempts behind the slices of a timeline, and their sums by function. */
import { z } from 'zod';
import type { Query } from '../../engine.ts';
import { CURRENT, FILTER, Hash, OF_JOB } from './timeline-parts.ts';

export interface SliceRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly function: string;
  readonly failed: number;
  readonly error: string;
  readonly lane: bigint;
  readonly start_ns: string;
  readonly end_ns: string;
}

const slices = (
  order: string,
): string => `SELECT task_id, attempt, function, failed, error, lane, start_ns, end_ns FROM xray.timeline_slices
  WHERE ${OF_JOB} AND ({lane:UInt64} = 0 OR lane = {lane:UInt64}) AND ({lane:UInt64} = 0 OR node IN (SELECT node FROM xray.timeline_lanes WHERE ${OF_JOB} AND lane = {lane:UInt64}))
    AND ${CURRENT} AND start_ns < {to:Int64} AND end_ns >= {from:Int64}
    AND start_ns >= {startFrom:Int64} AND start_ns <= {startTo:Int64} AND ${FILTER} ORDER BY ${order}, task_id, attempt LIMIT {limit:UInt32} OFFSET {offset:UInt32}`;
const SliceRowSchema = z.object({
  task_id: z.string(),
  attempt: z.number(),
  function: z.string(),
  failed: z.number(),
  error: z.string(),
  lane: Hash,
  start_ns: z.string(),
  end_ns: z.string(),
});

export const slicesByStart: Query<SliceRow> = { name: 'timeline-slices', sql: slices('start_ns'), row: SliceRowSchema };
export const slicesByLatest: Query<SliceRow> = {
  name: 'timeline-latest-slices',
  sql: slices('start_ns DESC'),
  row: SliceRowSchema,
};
export const slicesByLength: Query<SliceRow> = {
  name: 'timeline-longest-slices',
  sql: slices('end_ns - start_ns DESC, start_ns'),
  row: SliceRowSchema,
};

export interface FunctionSums {
  readonly name: string;
  readonly count: number;
  readonly failures: number;
  readonly total_ns: string;
  readonly p50_ns: string;
  readonly p95_ns: string;
  readonly max_ns: string;
}

/**
 * Slices that touch a window, by function. Quantiles are by nearest rank: the store's index is floor(level * n) from 0, so
 * that a level a little lower is ceil(share * n) - 1 up to 10^8 slices.
 */
export const timelineSums: Query<FunctionSums> = {
  name: 'timeline-sums',
  sql: `SELECT function AS name, count() AS count, sum(failed) AS failures, sum(toInt128(lasts)) AS total_ns, quantiles[1] AS p50_ns, quantiles[2] AS p95_ns,
      max(lasts) AS max_ns, quantilesExact(0.499999999, 0.949999999)(lasts) AS quantiles
    FROM (SELECT function, failed, greatest(end_ns - start_ns, 0) AS lasts FROM xray.timeline_slices
      WHERE ${OF_JOB} AND ${CURRENT} AND start_ns < {to:Int64} AND end_ns >= {from:Int64} AND ${FILTER})
    GROUP BY function ORDER BY total_ns DESC, name LIMIT {limit:UInt32}`,
  row: z.object({
    name: z.string(),
    count: z.coerce.number(),
    failures: z.coerce.number(),
    total_ns: z.string(),
    p50_ns: z.string(),
    p95_ns: z.string(),
    max_ns: z.string(),
  }),
};

export interface NodeRunsRow {
  readonly function: string;
  readonly node: bigint;
  readonly node_id: string;
  /** The newest first, Unix ns. */
  readonly starts: string[];
  /** ns, by index of `starts`. */
  readonly lasts: number[];
}

/**
 * The newest `runs` attempts that ended well of each function on each node, of the newest {window:Int64} ns of the job that is
 * in the store; {limit:UInt32} pairs of function and node at most.
 */
export const newestRuns = (runs: number): Query<NodeRunsRow> => ({
  name: 'timeline-newest-runs',
  sql: `SELECT function, node, node_id, arrayMap(run -> toString(-run.1), runs) AS starts, arrayMap(run -> run.2, runs) AS lasts FROM (
      SELECT function, node, groupArraySorted(${runs})((-start_ns, toFloat64(greatest(end_ns - start_ns, 0)))) AS runs FROM xray.timeline_slices
      WHERE ${OF_JOB} AND ${CURRENT} AND failed = 0
        AND start_ns >= (SELECT max(last_ns) FROM xray.timeline_lane_sums WHERE ${OF_JOB}) - {window:Int64}
      GROUP BY function, node LIMIT {limit:UInt32}) AS newest
    INNER JOIN (SELECT node, any(node_id) AS node_id FROM xray.timeline_lanes WHERE ${OF_JOB} GROUP BY node) AS nodes ON newest.node = nodes.node
    ORDER BY function, node_id`,
  row: z.object({
    function: z.string(),
    node: Hash,
    node_id: z.string(),
    starts: z.array(z.string()),
    lasts: z.array(z.coerce.number()),
  }),
});
