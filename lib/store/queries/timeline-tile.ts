/** Lanes of a job's timeline, and the rows that tiles are made of (lib/store/schema/timeline.ts). */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { LEVEL_STEP, LEVELS, levelColumns } from '../schema/timeline.ts';

const Count = z.coerce.number();
const Hash = z.string().transform(BigInt);
const OF_JOB = 'session = {session:String} AND job_id = {job:String}';
const CURRENT = `(node, lane) IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0)`;

/** Slices that a filter leaves: parameters function, outcome (-1: both), longer, shorter, text. */
const FILTER = `({function:String} = '' OR function = {function:String})
  AND ({outcome:Int8} = -1 OR failed = {outcome:Int8})
  AND end_ns - start_ns >= {longer:Int64} AND end_ns - start_ns <= {shorter:Int64}
  AND ({text:String} = '' OR positionCaseInsensitive(function, {text:String}) > 0 OR positionCaseInsensitive(error, {text:String}) > 0
    OR startsWith(task_id, {text:String}))`;

export interface LaneSums {
  readonly node: bigint;
  readonly lane: bigint;
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly depth: number;
  readonly tasks: number;
  readonly failures: number;
  readonly first_ns: string;
  readonly last_ns: string;
  readonly first_failure_ns: string;
  readonly longest_ns: string;
}

const LaneRow = z.object({
  node: Hash,
  lane: Hash,
  node_id: z.string(),
  worker_id: z.string(),
  worker_pid: z.string().nullable(),
  actor_id: z.string(),
  depth: z.number(),
  tasks: Count,
  failures: Count,
  first_ns: z.string(),
  last_ns: z.string(),
  first_failure_ns: z.string(),
  longest_ns: z.string(),
});

const LANES = `SELECT node, lane, node_id, worker_id, max(worker_pid) OVER (PARTITION BY node_id, worker_id) AS worker_pid,
    max(actor_id) OVER (PARTITION BY node_id, worker_id) AS actor_id, depth, tasks, failures, first_ns, last_ns, first_failure_ns, longest_ns
  FROM (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}) AS lanes INNER JOIN`;

export const timelineLaneSums: Query<LaneSums> = {
  name: 'timeline-lane-sums',
  sql: `SELECT * FROM (${LANES} (SELECT node, lane, sum(tasks) AS tasks, sum(failures) AS failures, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
      min(first_failure_ns) AS first_failure_ns, max(longest_ns) AS longest_ns FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`,
  row: LaneRow,
};

/** The same of slices that a filter leaves; lanes without one are left out. */
export const filteredLaneSums: Query<LaneSums> = {
  name: 'timeline-filtered-lane-sums',
  sql: `SELECT * FROM (${LANES} (SELECT node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
      min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${FILTER} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`,
  row: LaneRow,
};

/** Every lane; those that are retired count no more. */
export const namedLanes: Query<{ node: bigint; lane: bigint; retired: number }> = {
  name: 'timeline-named-lanes',
  sql: `SELECT node, lane, retired FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}`,
  row: z.object({ node: Hash, lane: Hash, retired: z.number() }),
};

export const timelineFunctions: Query<{ hash: bigint; name: string }> = {
  name: 'timeline-functions',
  sql: `SELECT hash, any(name) AS name FROM xray.timeline_functions WHERE ${OF_JOB} GROUP BY hash ORDER BY name LIMIT 65535`,
  row: z.object({ hash: Hash, name: z.string() }),
};

/**
 * Rows of the tile queries, RowBinary: f64 start after {from}, f64 duration, u64 hash of the function with bit 0 for failed,
 * u64 hash of the task, u32 place of the lane in {lanes}, u32 bucket, u32 tasks, u32 failures.
 */
export const TILE_ROW_BYTES = 48;
const none = z.unknown();

/** Start of a slice in its bucket's `longest`. */
const START = '(9223372036854775807 - reinterpretAsInt64(bitShiftRight(longest, 128)))';
const END = `(${START} + reinterpretAsInt64(bitShiftRight(longest, 192)))`;
const WHERE_LANES = 'node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)}';

/**
 * Slices that began before `from` and reach into the tile, at least `least` ns long: on every level only as many buckets
 * back as make one of the next, because what is longer than that is the longest of its bucket there.
 */
const CARRY = `SELECT lane, toUInt32(4294967295) AS b, max(longest) AS l, toUInt64(0) AS n, max(bitAnd(toUInt64(bitShiftRight(longest, 64)), 1)) AS lost
  FROM xray.timeline_levels
  WHERE ${OF_JOB} AND ${WHERE_LANES} AND (${LEVELS.map((level, i) =>
    i === LEVELS.length - 1
      ? `level = ${level} AND bucket <= bitShiftRight({from:Int64}, ${level})`
      : `level = ${level} AND bucket BETWEEN bitShiftRight({from:Int64}, ${level}) - ${2 ** LEVEL_STEP} AND bitShiftRight({from:Int64}, ${level})`,
  ).join(' OR ')})
    AND ${START} < {from:Int64} AND ${END} > {from:Int64} AND ${END} - ${START} >= {least:Int64}
  GROUP BY lane`;

const decoded = (
  rows: string,
): string => `SELECT toFloat64(9223372036854775807 - reinterpretAsInt64(bitShiftRight(l, 128)) - {from:Int64}),
    toFloat64(reinterpretAsInt64(bitShiftRight(l, 192))), toUInt64(bitAnd(bitShiftRight(l, 64), toUInt256(18446744073709551615))),
    toUInt64(bitAnd(l, toUInt256(18446744073709551615))),
    transform(lane, {lanes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(4294967295)), b, toUInt32(n), toUInt32(lost)
  FROM (${rows})`;

/** Rows of a tile from the level at or below its resolution; `up` is how many powers of two below. */
export const tileOfLevels: Query<unknown> = {
  name: 'timeline-tile',
  sql: decoded(`SELECT lane, toUInt32(bitShiftRight(bucket, {up:UInt8}) - {first:Int64}) AS b, max(longest) AS l, sum(tasks) AS n, sum(failures) AS lost
    FROM xray.timeline_levels WHERE ${OF_JOB} AND level = {level:UInt8} AND ${WHERE_LANES}
      AND bucket >= bitShiftLeft({first:Int64}, {up:UInt8}) AND bucket < bitShiftLeft({last:Int64}, {up:UInt8})
    GROUP BY lane, b UNION ALL ${CARRY}`),
  row: none,
};

/** The same from the slices themselves, for buckets finer than the finest level, and for filters. */
export const tileOfSlices: Query<unknown> = {
  name: 'timeline-tile-of-slices',
  sql: decoded(`SELECT lane, b, longest AS l, tasks AS n, failures AS lost FROM (
      SELECT lane, toUInt32(bitShiftRight(start_ns, {resolution:UInt8}) - {first:Int64}) AS b, ${levelColumns('0')}
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${WHERE_LANES} AND start_ns >= {from:Int64} AND start_ns < {to:Int64} AND ${FILTER}
      GROUP BY lane, b
    ) UNION ALL SELECT lane, b, longest, toUInt64(0), failures FROM (
      SELECT lane, toUInt32(4294967295) AS b, ${levelColumns('0')}
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${WHERE_LANES} AND start_ns < {from:Int64} AND start_ns >= {back:Int64} AND end_ns > {from:Int64}
        AND end_ns - start_ns >= {least:Int64} AND ${FILTER} GROUP BY lane)
    UNION ALL SELECT lane, b, l, n, lost FROM (${CARRY}) WHERE {plain:UInt8} = 1`),
  row: none,
};

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
    AND ${CURRENT} AND start_ns < {to:Int64} AND end_ns >= {from:Int64} AND ${FILTER} ORDER BY ${order}, task_id, attempt LIMIT {limit:UInt32}`;
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
export const slicesByLength: Query<SliceRow> = {
  name: 'timeline-longest-slices',
  sql: slices('end_ns - start_ns DESC, start_ns'),
  row: SliceRowSchema,
};
