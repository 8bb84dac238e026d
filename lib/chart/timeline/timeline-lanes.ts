/**
 * Task attempts in columns -> tracks to draw: node, then worker or actor, then depth. Times stay offsets in ns from
 * the origin of the answer (float64). Attempts that never ran have no lane; they are counted, not drawn.
 *
 *   node sim-node-0
 *     worker 2556   depth 0  |--attempt 0--|        |-attempt 2-|
 *                   depth 1          |--attempt 1--|
 *     worker 2557   depth 0  |------running------------------->  (open-ended: up to now)
 *   node sim-node-0 (other raylet, same address: its own group)
 */
import { DEPTHS } from '../../model/timeline-tile.ts';
import { DepthPacker } from './depth-packer.ts';
import {
  functionMedians,
  type LaneOrder,
  laneRanks,
  rowsByLane,
  type TimelineColumns,
  type TimelineLane,
} from './timeline-columns.ts';

/** A node and its tracks, `first` inclusive to `last` exclusive. */
export interface TrackGroup {
  readonly nodeId: string;
  readonly label: string;
  readonly first: number;
  readonly last: number;
}

export interface Track {
  readonly lane: number;
  readonly depth: number;
  readonly label: string;
}

/**
 * Slices sorted by track, then start; slices of one track never overlap. `attempt[i]` is the slice's place in the
 * columns. `longest` is a binary tree over durations, `failedBefore` a running count: both answer for a range of
 * slices without visiting it.
 */
export interface TimelineTracks {
  readonly groups: readonly TrackGroup[];
  readonly tracks: readonly Track[];
  /** Slices of track t: trackBegin[t] inclusive to trackBegin[t + 1] exclusive. */
  readonly trackBegin: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly functionIndex: Int32Array;
  readonly stateIndex: Int32Array;
  readonly attempt: Int32Array;
  readonly trackOf: Int32Array;
  readonly failed: Uint8Array;
  readonly running: Uint8Array;
  readonly longest: Int32Array;
  readonly treeSize: number;
  readonly failedBefore: Int32Array;
  /** Slice of an attempt, -1 where it is not drawn. */
  readonly sliceOf: Int32Array;
  /** Median duration in ns of each function's ended attempts; NaN where none ended. */
  readonly medianNs: Float64Array;
  readonly neverRan: number;
  /** Slices that stand deeper than DEPTHS on their lane: in no track. */
  readonly tooDeep: number;
  readonly extent: { readonly from: number; readonly to: number };
}

function laneLabel(lane: TimelineLane): string {
  const process = lane.pid === null ? lane.workerId.slice(0, 8) : String(lane.pid);
  return lane.actor === null || lane.actor === '' ? `worker ${process}` : `${lane.actor} ${process}`;
}

const { compare } = new Intl.Collator('en', { numeric: true });

const compareNodes = (a: TimelineLane, b: TimelineLane): number =>
  compare(a.nodeName, b.nodeName) || (a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : 0);

const compareWorkers = (a: TimelineLane, b: TimelineLane): number =>
  compare(a.actor ?? '', b.actor ?? '') ||
  (a.pid ?? 0) - (b.pid ?? 0) ||
  (a.workerId < b.workerId ? -1 : a.workerId > b.workerId ? 1 : 0);

/**
 * Rows of one lane, by start, each given the first depth that is free when it starts (-1: none is); how many rows each
 * depth has.
 */
function packDepths(rows: Int32Array, start: Float64Array, packEnd: Float64Array, depth: Int16Array): Int32Array {
  const packer = new DepthPacker();
  const sizes = new Int32Array(DEPTHS);
  for (const row of rows) {
    const level = packer.place(start[row] ?? 0, packEnd[row] ?? 0);
    depth[row] = level;
    if (level !== -1) sizes[level] = (sizes[level] ?? 0) + 1;
  }
  return sizes.subarray(0, packer.depths);
}

/** Index of the longest slice of every range: leaves are slices, -1 beyond the last. */
export function buildLongest(start: Float64Array, end: Float64Array): { longest: Int32Array; treeSize: number } {
  let treeSize = 1;
  while (treeSize < start.length) treeSize *= 2;
  const longest = new Int32Array(treeSize * 2).fill(-1);
  for (let i = 0; i < start.length; i++) longest[treeSize + i] = i;
  for (let node = treeSize - 1; node > 0; node--) {
    longest[node] = longerOf(start, end, longest[node * 2] ?? -1, longest[node * 2 + 1] ?? -1);
  }
  return { longest, treeSize };
}

/** The longer of two slices; the earlier one where they tie; -1 is no slice. */
export function longerOf(start: Float64Array, end: Float64Array, a: number, b: number): number {
  if (a === -1) return b;
  if (b === -1) return a;
  const durationA = (end[a] ?? 0) - (start[a] ?? 0);
  const durationB = (end[b] ?? 0) - (start[b] ?? 0);
  if (durationA === durationB) return Math.min(a, b);
  return durationA > durationB ? a : b;
}

export interface TrackOptions {
  /** Leaves attempts out by their place in the columns (a filter); what is left out is in no count. */
  readonly keep?: ((row: number) => boolean) | undefined;
  readonly order?: LaneOrder;
}

/**
 * Tracks of a timeline answer. Running attempts end at `nowNs`. Work: n, and for each the logarithm
 * of the depths, where lanes come sorted by start; once per answer, filter or order.
 */
export function prepareTracks(input: TimelineColumns, options: TrackOptions = {}): TimelineTracks {
  const { columns } = input;
  const count = columns.function.length;
  const now = Number(BigInt(input.nowNs) - BigInt(input.originNs));
  const failedState = input.states.indexOf('FAILED');
  const rowStart = new Float64Array(count);
  const split = rowsByLane(input, rowStart, options.keep);
  const packEnd = new Float64Array(count);
  const rowEnd = new Float64Array(count);
  const rowFailed = new Uint8Array(count);
  for (const row of split.rows) {
    const end = columns.end[row] ?? null;
    packEnd[row] = end ?? Number.POSITIVE_INFINITY;
    rowEnd[row] = end ?? Math.max(now, rowStart[row] ?? 0);
    rowFailed[row] = failedState !== -1 && columns.state[row] === failedState ? 1 : 0;
  }
  const ranks = laneRanks(options.order ?? 'node', input.lanes.length, split, {
    start: rowStart,
    end: rowEnd,
    failed: rowFailed,
  });
  const nodeRank = new Map<string, number>();
  input.lanes.forEach((lane, index) => {
    nodeRank.set(lane.nodeId, Math.min(nodeRank.get(lane.nodeId) ?? Number.POSITIVE_INFINITY, ranks[index] ?? 0));
  });
  const byRank = (a: number, b: number): number => (a === b ? 0 : a - b);
  const order = input.lanes
    .map((lane, index) => ({ lane, index, rank: ranks[index] ?? 0, nodeRank: nodeRank.get(lane.nodeId) ?? 0 }))
    .filter(({ index }) => (split.cut[index + 1] ?? 0) > (split.cut[index] ?? 0))
    .sort(
      (a, b) =>
        byRank(a.nodeRank, b.nodeRank) ||
        compareNodes(a.lane, b.lane) ||
        byRank(a.rank, b.rank) ||
        compareWorkers(a.lane, b.lane),
    );
  const idsOfName = new Map<string, Set<string>>();
  for (const { lane } of order) {
    idsOfName.set(lane.nodeName, (idsOfName.get(lane.nodeName) ?? new Set()).add(lane.nodeId));
  }
  const groups: { nodeId: string; label: string; first: number; last: number }[] = [];
  const tracks: Track[] = [];
  const packed = new Int32Array(split.rows.length);
  const rowDepth = new Int16Array(count);
  const begins: number[] = [0];
  let size = 0;
  for (const { lane, index } of order) {
    const rows = split.rows.subarray(split.cut[index], split.cut[index + 1]);
    const sizes = packDepths(rows, rowStart, packEnd, rowDepth);
    const open = groups.at(-1);
    if (open === undefined || open.nodeId !== lane.nodeId) {
      const shared = (idsOfName.get(lane.nodeName)?.size ?? 0) > 1;
      const label =
        shared || lane.nodeName === '' ? `${lane.nodeName} ${lane.nodeId.slice(0, 8)}`.trim() : lane.nodeName;
      groups.push({ nodeId: lane.nodeId, label, first: tracks.length, last: tracks.length });
    }
    const next = new Int32Array(sizes.length);
    for (let depth = 0; depth < sizes.length; depth++) {
      tracks.push({ lane: index, depth, label: laneLabel(lane) });
      next[depth] = size;
      size += sizes[depth] ?? 0;
      begins.push(size);
    }
    for (const row of rows) {
      const depth = rowDepth[row] ?? -1;
      if (depth === -1) continue;
      const position = next[depth] ?? 0;
      packed[position] = row;
      next[depth] = position + 1;
    }
    const group = groups.at(-1);
    if (group !== undefined) group.last = tracks.length;
  }

  const attempt = packed.slice(0, size);
  const take = <Values extends Float64Array | Uint8Array | Int32Array | Uint16Array>(
    into: Values,
    of: ArrayLike<number>,
  ): Values => {
    for (let i = 0; i < size; i++) into[i] = of[attempt[i] ?? 0] ?? 0;
    return into;
  };
  const start = take(new Float64Array(size), rowStart);
  const end = take(new Float64Array(size), rowEnd);
  const failed = take(new Uint8Array(size), rowFailed);
  const running = new Uint8Array(size);
  const failedBefore = new Int32Array(size + 1);
  const sliceOf = new Int32Array(count).fill(-1);
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < size; i++) {
    failedBefore[i + 1] = (failedBefore[i] ?? 0) + (failed[i] ?? 0);
    running[i] = packEnd[attempt[i] ?? 0] === Number.POSITIVE_INFINITY ? 1 : 0;
    sliceOf[attempt[i] ?? 0] = i;
    from = Math.min(from, start[i] ?? 0);
    to = Math.max(to, end[i] ?? 0);
  }
  const trackBegin = Int32Array.from(begins);
  const trackOf = new Int32Array(size);
  for (let track = 0; track < tracks.length; track++) {
    trackOf.fill(track, trackBegin[track], trackBegin[track + 1]);
  }
  return {
    groups,
    tracks,
    trackBegin,
    start,
    end,
    functionIndex: take(new Int32Array(size), columns.function),
    stateIndex: take(new Int32Array(size), columns.state),
    attempt,
    trackOf,
    failed,
    running,
    ...buildLongest(start, end),
    failedBefore,
    sliceOf,
    medianNs: functionMedians(input),
    neverRan: split.neverRan,
    tooDeep: split.rows.length - size,
    extent: size === 0 ? { from: 0, to: 1 } : { from, to: to > from ? to : from + 1 },
  };
}

/** The same tracks at a later `now` (offset in ns): running slices end there. Work: the running slices, and copies. */
export function withNow(tracks: TimelineTracks, now: number): TimelineTracks {
  const open: number[] = [];
  for (let i = 0; i < tracks.running.length; i++) if (tracks.running[i] === 1) open.push(i);
  if (open.length === 0) return tracks;
  const end = tracks.end.slice();
  const longest = tracks.longest.slice();
  for (const slice of open) {
    end[slice] = Math.max(now, tracks.start[slice] ?? 0);
    for (let node = (slice + tracks.treeSize) >> 1; node > 0; node >>= 1) {
      longest[node] = longerOf(tracks.start, end, longest[node * 2] ?? -1, longest[node * 2 + 1] ?? -1);
    }
  }
  return { ...tracks, end, longest, extent: { ...tracks.extent, to: Math.max(tracks.extent.to, now) } };
}
