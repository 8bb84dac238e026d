/** The rows that tiles of a job's timeline are made of (lib/store/schema/timeline.ts). */
import { z } from 'zod';
import type { Query } from '../../engine.ts';
import { LEVELS, levelColumns } from '../../schema/timeline.ts';
import { CURRENT, FILTER, OF_JOB } from './timeline-parts.ts';

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

/** Every third level: of each level a lane costs a granule or two to read, however few of its buckets are wanted. */
const CARRY_STEP = 3;

/** Where a slice is found that began before `from`: on some levels, and on each as many buckets back as make one of the next. */
function carryLocations(finest: number): string {
  const levels = LEVELS.filter((level) => level >= finest);
  const requested = levels.filter((level, index) => index % CARRY_STEP === 0 || level === LEVELS.at(-1));
  const locations = requested.map((level, index) => {
    const next = requested[index + 1];
    const at = `bitShiftRight({from:Int64}, ${level})`;
    return next === undefined
      ? `level = ${level} AND bucket <= ${at}`
      : `level = ${level} AND bucket BETWEEN ${at} - ${2 ** (next - level)} AND ${at}`;
  });
  return locations.join(' OR ');
}

/**
 * Slices that began before `from` and reach into the tile, at least `least` ns long, from the levels from `finest` on: a slice
 * that is longer than a bucket of the level after is the longest of its bucket there. A slice that several levels know is one
 * row: failures of rows are summed.
 */
const carryRows = (
  lanes: string,
  finest: number,
): string => `SELECT DISTINCT node, lane, longest, toUInt32(4294967295) AS b, toUInt64(0) AS tasks,
    toUInt64(bitAnd(toUInt64(bitShiftRight(longest, 64)), 1)) AS failures, ${START} + ${LENGTH} AS ends
  FROM xray.timeline_levels WHERE ${OF_JOB} AND ${lanes} AND (${carryLocations(finest)})
    AND ${START} < {from:Int64} AND ${START} + ${LENGTH} > {from:Int64} AND ${LENGTH} >= {least:Int64}`;

/**
 * From the slices that a filter leaves, and those from `back` to `from` that reach into the tile among them: one look at the
 * slices for both, because to find a lane's granules costs more than to read them.
 */
const sliceRows = (
  lanes: string,
  filter: string,
): string => `SELECT node, lane, longest, b, if(b = 4294967295, toUInt64(0), tasks) AS tasks, failures, ends FROM (
    SELECT node, lane, if(start_ns < {from:Int64}, toUInt32(4294967295), toUInt32(bitShiftRight(start_ns, {resolution:UInt8}) - {first:Int64})) AS b,
      ${levelColumns('0')}, max(greatest(start_ns, end_ns)) AS ends
    FROM xray.timeline_slices WHERE ${OF_JOB} AND ${lanes} AND start_ns >= {back:Int64} AND start_ns < {to:Int64}
      AND (start_ns >= {from:Int64} OR (end_ns > {from:Int64} AND end_ns - start_ns >= {least:Int64}))${filter}
    GROUP BY node, lane, b)`;

/** What began before the slices that are looked at, known from the levels. */
const earlierRows = (lanes: string): string =>
  `SELECT node, lane, longest, b, tasks, failures, ends FROM (${carryRows(lanes, LEVELS[0])}) WHERE ${START} < {back:Int64}`;

/** From all slices, for buckets finer than the finest level. */
const fineRows = (lanes: string): string => `${sliceRows(lanes, '')} UNION ALL ${earlierRows(lanes)}`;

/** A filter asks the slices themselves, whatever the resolution: `back` is the beginning of time. */
const filteredRows = (lanes: string): string => sliceRows(lanes, ` AND ${FILTER}`);

const ofLanes = (
  rows: string,
): string => `SELECT longest, transform(lane, {lanes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0)), b,
    toUInt32(tasks), toUInt32(failures) FROM (${rows})`;

type Level = (typeof LEVELS)[number];
/**
 * The rows of a tile of lanes are those of all questions here, which go side by side: half of their time is planning, and a plan is
 * made by one core. From the level at or below the resolution; `up` is how many powers of two below.
 */
export const tileOfLevel: ReadonlyMap<Level, readonly Query<unknown>[]> = new Map(
  LEVELS.map((level) => [
    level,
    [
      { name: 'timeline-tile', sql: ofLanes(levelRows(OF_LANES, level)), row: none },
      { name: 'timeline-tile-carry', sql: ofLanes(carryRows(OF_LANES, level)), row: none },
    ],
  ]),
);

export const tileOfSlices: readonly Query<unknown>[] = [
  { name: 'timeline-tile-of-slices', sql: ofLanes(sliceRows(OF_LANES, '')), row: none },
  { name: 'timeline-tile-of-slices-carry', sql: ofLanes(earlierRows(OF_LANES)), row: none },
];

export const filteredTile: readonly Query<unknown>[] = [
  { name: 'timeline-filtered-tile', sql: ofLanes(filteredRows(OF_LANES)), row: none },
];

/** A row of the tile of nodes that changes how many lanes are busy: by `tasks`, as 32 bits with a sign, from its bucket on. */
export const BUSY_ROW = 0x8000_0000;

const LOCATION = 'transform(node, {nodes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0))';

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
  SELECT max(longest), ${LOCATION} AS target, b AS at, toUInt32(bitAnd(sum(tasks), 4294967295)) AS changes, toUInt32(sum(failures)) AS lost
    FROM each GROUP BY target, at
  UNION ALL SELECT toUInt256(0), toUInt32(place + ${BUSY_ROW}) AS target, toUInt32(if(is_end, busy_to, busy_from)) AS at,
      toUInt32(bitAnd(sum(if(is_end, toInt64(-1), toInt64(1))), 4294967295)) AS changes, toUInt32(0) AS lost
    FROM (SELECT ${LOCATION} AS place, busy_to,
        greatest(starts, max(busy_to) OVER (PARTITION BY node, lane ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS busy_from
      FROM (SELECT node, lane, if(b = 4294967295, toUInt32(0), b) AS starts,
          toUInt32(greatest(least(bitShiftRight(greatest(ends - {from:Int64} - 1, 0), {resolution:UInt8}), {last:Int64} - {first:Int64} - 1), toInt64(starts))) + 1 AS busy_to
        FROM each))
    ARRAY JOIN [false, true] AS is_end WHERE busy_from < busy_to GROUP BY target, at`;

/** One question for a tile of nodes: they are summed, and busy lanes counted, over all rows. */
export const nodeTileOfLevel: ReadonlyMap<Level, readonly Query<unknown>[]> = new Map(
  LEVELS.map((level) => [
    level,
    [
      {
        name: 'timeline-node-tile',
        sql: ofNodes(`${levelRows(OF_NODES, level)} UNION ALL ${carryRows(OF_NODES, level)}`),
        row: none,
      },
    ],
  ]),
);

export const nodeTileOfSlices: readonly Query<unknown>[] = [
  { name: 'timeline-node-tile-of-slices', sql: ofNodes(fineRows(OF_NODES)), row: none },
];

export const filteredNodeTile: readonly Query<unknown>[] = [
  { name: 'timeline-filtered-node-tile', sql: ofNodes(filteredRows(OF_NODES)), row: none },
];
