/** Lanes of a job's timeline, and the rows that tiles are made of (lib/store/schema/timeline.ts). */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { LEVEL_STEP, LEVELS, levelColumns } from '../schema/timeline.ts';

const Hash = z.string().transform(BigInt);
const OF_JOB = 'session = {session:String} AND job_id = {job:String}';
const CURRENT = `(node, lane) IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0)`;

/** Slices that a filter leaves: parameters function, outcome (-1: both), longer, shorter, text, onNode (0: any), actor ('': any). */
const FILTER = `({function:String} = '' OR function = {function:String})
  AND ({outcome:Int8} = -1 OR failed = {outcome:Int8})
  AND end_ns - start_ns >= {longer:Int64} AND end_ns - start_ns <= {shorter:Int64}
  AND ({text:String} = '' OR positionCaseInsensitive(function, {text:String}) > 0 OR positionCaseInsensitive(error, {text:String}) > 0
    OR startsWith(task_id, {text:String}))
  AND ({onNode:UInt64} = 0 OR node = {onNode:UInt64})
  AND ({actor:String} = '' OR (node, lane) IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0 AND actor_id != ''
    AND (actor_id = {actor:String} OR actor_id IN (SELECT actor_id FROM xray.ray_actors WHERE session = {session:String} AND class_name = {actor:String}))))`;

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

const Texts = z.array(z.string());
const Numbers = z.array(z.number());
/** Lanes in columns, one row: a hundred thousand rows would cost seconds to check one by one. `worker_pid`: '' where unknown. */
const LaneColumns = z.object({
  node: Texts,
  lane: Texts,
  node_id: Texts,
  worker_id: Texts,
  worker_pid: Texts,
  actor_id: Texts,
  depth: Numbers,
  tasks: Numbers,
  failures: Numbers,
  first_ns: Texts,
  last_ns: Texts,
  first_failure_ns: Texts,
  longest_ns: Texts,
});
type LaneColumnsValue = z.infer<typeof LaneColumns>;

export const lanesOfColumns = (columns: LaneColumnsValue | undefined): LaneSums[] =>
  columns === undefined
    ? []
    : columns.lane.map((lane, i) => ({
        node: BigInt(columns.node[i] ?? 0),
        lane: BigInt(lane),
        node_id: columns.node_id[i] ?? '',
        worker_id: columns.worker_id[i] ?? '',
        worker_pid: columns.worker_pid[i] || null,
        actor_id: columns.actor_id[i] ?? '',
        depth: columns.depth[i] ?? 0,
        tasks: columns.tasks[i] ?? 0,
        failures: columns.failures[i] ?? 0,
        first_ns: columns.first_ns[i] ?? '0',
        last_ns: columns.last_ns[i] ?? '0',
        first_failure_ns: columns.first_failure_ns[i] ?? '0',
        longest_ns: columns.longest_ns[i] ?? '0',
      }));

const inColumns = (
  lanes: string,
): string => `SELECT groupArray(toString(node)) AS node, groupArray(toString(lane)) AS lane, groupArray(node_id) AS node_id,
    groupArray(worker_id) AS worker_id, groupArray(ifNull(toString(worker_pid), '')) AS worker_pid, groupArray(actor_id) AS actor_id,
    groupArray(toUInt32(depth)) AS depth, groupArray(toFloat64(tasks)) AS tasks, groupArray(toFloat64(failures)) AS failures,
    groupArray(toString(first_ns)) AS first_ns, groupArray(toString(last_ns)) AS last_ns,
    groupArray(toString(first_failure_ns)) AS first_failure_ns, groupArray(toString(longest_ns)) AS longest_ns FROM (${lanes})`;

const LANES = `SELECT node, lane, node_id, worker_id, max(worker_pid) OVER (PARTITION BY node_id, worker_id) AS worker_pid,
    max(actor_id) OVER (PARTITION BY node_id, worker_id) AS actor_id, depth, tasks, failures, first_ns, last_ns, first_failure_ns, longest_ns
  FROM (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}) AS lanes INNER JOIN`;

export const timelineLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-lane-sums',
  sql: inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, sum(tasks) AS tasks, sum(failures) AS failures, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
      min(first_failure_ns) AS first_failure_ns, max(longest_ns) AS longest_ns FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  row: LaneColumns,
};

/** The same of slices that a filter leaves; lanes without one are left out. */
export const filteredLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-filtered-lane-sums',
  sql: inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
      min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${FILTER} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  row: LaneColumns,
};

/** Nodes of lanes, those that are retired among them. */
export const nodesOfLanes: Query<{ node: bigint; lane: bigint }> = {
  name: 'timeline-nodes-of-lanes',
  sql: `SELECT DISTINCT node, lane FROM xray.timeline_lanes WHERE ${OF_JOB} AND lane IN {lanes:Array(UInt64)}`,
  row: z.object({ node: Hash, lane: Hash }),
};

export const nodesOfLanesThatCount: Query<{ node: bigint }> = {
  name: 'timeline-nodes',
  sql: `SELECT DISTINCT node FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0`,
  row: z.object({ node: Hash }),
};

export const timelineFunctions: Query<{ hash: bigint; name: string }> = {
  name: 'timeline-functions',
  sql: `SELECT hash, any(name) AS name FROM xray.timeline_functions WHERE ${OF_JOB} GROUP BY hash ORDER BY name LIMIT 65535`,
  row: z.object({ hash: Hash, name: z.string() }),
};

/**
 * Rows of the tile queries, RowBinary: u256 `longest` (lib/store/schema/timeline.ts), u32 place of the lane or node, u32 bucket,
 * u32 tasks, u32 failures. A lane and bucket may have several rows, which the reader merges: grouping them here costs more.
 * Most of the time of a tile is the engine's parsing and planning, so there is one text for each kind, with no part that it
 * does not need.
 */
export const TILE_ROW_BYTES = 48;
const none = z.unknown();

/** Start and duration of the slice in a `longest`. */
const START = '(9223372036854775807 - reinterpretAsInt64(bitShiftRight(longest, 128)))';
const LENGTH = 'reinterpretAsInt64(bitShiftRight(longest, 192))';
/** Lanes that are named, each with its node. */
const OF_LANES = 'node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)}';
/** All lanes of nodes that count. */
const OF_NODES = `node IN {nodes:Array(UInt64)} AND ${CURRENT}`;

const levelRows = (lanes: string, level: number): string => `SELECT node, lane, longest,
    toUInt32(bitShiftRight(bucket, {up:UInt8}) - {first:Int64}) AS b, tasks, failures, ${START} + ${LENGTH} AS ends
  FROM xray.timeline_levels WHERE ${OF_JOB} AND level = ${level} AND ${lanes}
    AND bucket >= bitShiftLeft({first:Int64}, {up:UInt8}) AND bucket < bitShiftLeft({last:Int64}, {up:UInt8})`;

/**
 * Slices that began before `from` and reach into the tile, at least `least` ns long, from the levels from `finest` on: on every
 * level only as many buckets back as make one of the next, because what is longer than that is the longest of its bucket
 * there. A slice that several levels know is one row: failures of rows are summed.
 */
const carryRows = (
  lanes: string,
  finest: number,
): string => `SELECT DISTINCT node, lane, longest, toUInt32(4294967295) AS b, toUInt64(0) AS tasks,
    toUInt64(bitAnd(toUInt64(bitShiftRight(longest, 64)), 1)) AS failures, ${START} + ${LENGTH} AS ends
  FROM xray.timeline_levels
  WHERE ${OF_JOB} AND ${lanes} AND (${LEVELS.filter((level) => level >= finest)
    .map((level) =>
      level === LEVELS.at(-1)
        ? `level = ${level} AND bucket <= bitShiftRight({from:Int64}, ${level})`
        : `level = ${level} AND bucket BETWEEN bitShiftRight({from:Int64}, ${level}) - ${2 ** LEVEL_STEP} AND bitShiftRight({from:Int64}, ${level})`,
    )
    .join(' OR ')})
    AND ${START} < {from:Int64} AND ${START} + ${LENGTH} > {from:Int64} AND ${LENGTH} >= {least:Int64}`;

/** From the slices that a filter leaves, those from `back` to `from` where they reach into the tile among them. */
const sliceRows = (
  lanes: string,
  filter: string,
): string => `SELECT node, lane, longest, b, tasks, failures, ends FROM (
    SELECT node, lane, toUInt32(bitShiftRight(start_ns, {resolution:UInt8}) - {first:Int64}) AS b, ${levelColumns('0')}, max(greatest(start_ns, end_ns)) AS ends
    FROM xray.timeline_slices WHERE ${OF_JOB} AND ${lanes} AND start_ns >= {from:Int64} AND start_ns < {to:Int64}${filter}
    GROUP BY node, lane, b)
  UNION ALL SELECT node, lane, longest, b, toUInt64(0) AS tasks, failures, ends FROM (
    SELECT node, lane, toUInt32(4294967295) AS b, ${levelColumns('0')}, max(end_ns) AS ends
    FROM xray.timeline_slices WHERE ${OF_JOB} AND ${lanes} AND start_ns < {from:Int64} AND start_ns >= {back:Int64} AND end_ns > {from:Int64}
      AND end_ns - start_ns >= {least:Int64}${filter} GROUP BY node, lane)`;

/** From all slices, for buckets finer than the finest level; what began before `back` is known from the levels. */
const fineRows = (lanes: string): string => `${sliceRows(lanes, '')}
  UNION ALL SELECT node, lane, longest, b, tasks, failures, ends FROM (${carryRows(lanes, LEVELS[0])}) WHERE ${START} < {back:Int64}`;

/** A filter asks the slices themselves, whatever the resolution: `back` is the beginning of time. */
const filteredRows = (lanes: string): string => sliceRows(lanes, ` AND ${FILTER}`);

const ofLanes = (
  rows: string,
): string => `SELECT longest, transform(lane, {lanes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0)), b,
    toUInt32(tasks), toUInt32(failures) FROM (${rows})`;

type Level = (typeof LEVELS)[number];
/** One query for each level. A slice that is at least as long as a bucket there stands out on that level, or on a coarser one. */
const perLevel = (name: string, sql: (level: Level) => string): ReadonlyMap<Level, Query<unknown>> =>
  new Map(LEVELS.map((level) => [level, { name, sql: sql(level), row: none }]));

/** Rows of a tile from the level at or below its resolution; `up` is how many powers of two below. */
export const tileOfLevel = perLevel('timeline-tile', (level) =>
  ofLanes(`${levelRows(OF_LANES, level)} UNION ALL ${carryRows(OF_LANES, level)}`),
);

export const tileOfSlices: Query<unknown> = {
  name: 'timeline-tile-of-slices',
  sql: ofLanes(fineRows(OF_LANES)),
  row: none,
};

export const filteredTile: Query<unknown> = {
  name: 'timeline-filtered-tile',
  sql: ofLanes(filteredRows(OF_LANES)),
  row: none,
};

/** A row of the tile of nodes that changes how many lanes are busy: by `tasks`, as 32 bits with a sign, from its bucket on. */
export const BUSY_ROW = 0x8000_0000;

const PLACE = 'transform(node, {nodes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0))';

/**
 * Whole nodes, summed here, because there may be a hundred thousand lanes: as many rows as nodes times buckets hold
 * anything, and those that say how many of their lanes are busy. A lane counts once in a bucket, whatever it holds there: one
 * slice often ends where the next begins.
 *
 * Busy lanes are exact from slices. From levels a lane is missing in a bucket that none of its slices starts in, and that only
 * one reaches which is shorter than another of its bucket of the level. In both, a slice shorter than a bucket that began
 * before the tile is not in it (carryRows), and its lane not busy with it. So never too many.
 *
 * Rows are read twice, because to sort lanes with their `longest` costs more.
 */
const ofNodes = (rows: string): string => `WITH each AS (${rows})
  SELECT max(longest), ${PLACE} AS target, b AS at, toUInt32(bitAnd(sum(tasks), 4294967295)) AS changes, toUInt32(sum(failures)) AS lost
    FROM each GROUP BY target, at
  UNION ALL SELECT toUInt256(0), toUInt32(place + ${BUSY_ROW}) AS target, toUInt32(if(is_end, busy_to, busy_from)) AS at,
      toUInt32(bitAnd(sum(if(is_end, toInt64(-1), toInt64(1))), 4294967295)) AS changes, toUInt32(0) AS lost
    FROM (SELECT ${PLACE} AS place, busy_to,
        greatest(starts, max(busy_to) OVER (PARTITION BY node, lane ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS busy_from
      FROM (SELECT node, lane, if(b = 4294967295, toUInt32(0), b) AS starts,
          toUInt32(greatest(least(bitShiftRight(greatest(ends - {from:Int64} - 1, 0), {resolution:UInt8}), {last:Int64} - {first:Int64} - 1), toInt64(starts))) + 1 AS busy_to
        FROM each))
    ARRAY JOIN [false, true] AS is_end WHERE busy_from < busy_to GROUP BY target, at`;

export const nodeTileOfLevel = perLevel('timeline-node-tile', (level) =>
  ofNodes(`${levelRows(OF_NODES, level)} UNION ALL ${carryRows(OF_NODES, level)}`),
);

export const nodeTileOfSlices: Query<unknown> = {
  name: 'timeline-node-tile-of-slices',
  sql: ofNodes(fineRows(OF_NODES)),
  row: none,
};

export const filteredNodeTile: Query<unknown> = {
  name: 'timeline-filtered-node-tile',
  sql: ofNodes(filteredRows(OF_NODES)),
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
