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
export interface TimelineLane {
  readonly nodeId: string;
  readonly nodeName: string;
  readonly workerId: string;
  readonly pid: number | null;
  readonly actor: string | null;
}

/** One entry per attempt in every column; `function`, `state` and `lane` index the tables beside them. */
export interface TimelineColumns {
  readonly originNs: string;
  readonly nowNs: string;
  readonly functions: readonly string[];
  readonly states: readonly string[];
  readonly lanes: readonly TimelineLane[];
  readonly columns: {
    readonly function: readonly number[];
    readonly state: readonly number[];
    readonly lane: readonly number[];
    readonly start: readonly (number | null)[];
    readonly end: readonly (number | null)[];
    readonly created: readonly (number | null)[];
  };
  readonly phases: {
    readonly names: readonly string[];
    readonly row: readonly number[];
    readonly name: readonly number[];
    readonly start: readonly number[];
    readonly end: readonly number[];
  };
}

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
  readonly depth: Uint16Array;
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
  readonly extent: { readonly from: number; readonly to: number };
}

function laneLabel(lane: TimelineLane): string {
  const process = lane.pid === null ? lane.workerId.slice(0, 8) : String(lane.pid);
  return lane.actor === null || lane.actor === '' ? `worker ${process}` : `${lane.actor} ${process}`;
}

function compareLanes(a: TimelineLane, b: TimelineLane): number {
  return (
    a.nodeName.localeCompare(b.nodeName, 'en', { numeric: true }) ||
    (a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : 0) ||
    (a.actor ?? '').localeCompare(b.actor ?? '', 'en', { numeric: true }) ||
    (a.pid ?? 0) - (b.pid ?? 0) ||
    (a.workerId < b.workerId ? -1 : 1)
  );
}

/** Median of ended attempts per function, in ns. */
export function functionMedians(input: TimelineColumns): Float64Array {
  const durations: number[][] = input.functions.map(() => []);
  const { start, end, function: of } = input.columns;
  for (let row = 0; row < of.length; row++) {
    const from = start[row] ?? null;
    const to = end[row] ?? null;
    if (from !== null && to !== null) durations[of[row] ?? -1]?.push(to - from);
  }
  return Float64Array.from(durations, (values) => {
    if (values.length === 0) return Number.NaN;
    values.sort((a, b) => a - b);
    const middle = values.length >> 1;
    const high = values[middle] ?? Number.NaN;
    return values.length % 2 === 1 ? high : ((values[middle - 1] ?? high) + high) / 2;
  });
}

/** Slices of one lane, by start, each given the first depth that is free when it starts. */
function packDepths(rows: readonly number[], start: Float64Array, packEnd: Float64Array, depth: Uint16Array): number {
  const free: number[] = [];
  for (const row of rows) {
    const at = start[row] ?? 0;
    let level = free.findIndex((until) => until <= at);
    if (level === -1) level = free.length;
    free[level] = packEnd[row] ?? 0;
    depth[row] = level;
  }
  return free.length;
}

/** Index of the longest slice of every range: leaves are slices, -1 beyond the last. */
function buildLongest(start: Float64Array, end: Float64Array): { longest: Int32Array; treeSize: number } {
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

/**
 * Tracks of a timeline answer. `keep` leaves attempts out by their place in the columns (a filter); what is left out
 * is in no count. Running attempts end at `nowNs`. Work: n log n, once per answer.
 */
export function prepareTracks(input: TimelineColumns, keep?: (row: number) => boolean): TimelineTracks {
  const { columns } = input;
  const count = columns.function.length;
  const now = Number(BigInt(input.nowNs) - BigInt(input.originNs));
  const failedState = input.states.indexOf('FAILED');
  const byLane: number[][] = input.lanes.map(() => []);
  const rowStart = new Float64Array(count);
  const packEnd = new Float64Array(count);
  const rowDepth = new Uint16Array(count);
  let neverRan = 0;
  for (let row = 0; row < count; row++) {
    if (keep !== undefined && !keep(row)) continue;
    const start = columns.start[row] ?? null;
    const lane = byLane[columns.lane[row] ?? -1];
    if (start === null || lane === undefined) {
      neverRan++;
      continue;
    }
    rowStart[row] = start;
    packEnd[row] = columns.end[row] ?? Number.POSITIVE_INFINITY;
    lane.push(row);
  }

  const order = input.lanes
    .map((lane, index) => ({ lane, index }))
    .filter(({ index }) => (byLane[index]?.length ?? 0) > 0)
    .sort((a, b) => compareLanes(a.lane, b.lane));
  const idsOfName = new Map<string, Set<string>>();
  for (const { lane } of order) {
    idsOfName.set(lane.nodeName, (idsOfName.get(lane.nodeName) ?? new Set()).add(lane.nodeId));
  }
  const groups: { nodeId: string; label: string; first: number; last: number }[] = [];
  const tracks: Track[] = [];
  const sorted: number[] = [];
  const begins: number[] = [0];
  for (const { lane, index } of order) {
    const rows = (byLane[index] ?? []).sort((a, b) => (rowStart[a] ?? 0) - (rowStart[b] ?? 0) || a - b);
    const depths = packDepths(rows, rowStart, packEnd, rowDepth);
    const buckets: number[][] = Array.from({ length: depths }, () => []);
    for (const row of rows) buckets[rowDepth[row] ?? 0]?.push(row);
    const open = groups.at(-1);
    if (open === undefined || open.nodeId !== lane.nodeId) {
      const shared = (idsOfName.get(lane.nodeName)?.size ?? 0) > 1;
      const label =
        shared || lane.nodeName === '' ? `${lane.nodeName} ${lane.nodeId.slice(0, 8)}`.trim() : lane.nodeName;
      groups.push({ nodeId: lane.nodeId, label, first: tracks.length, last: tracks.length });
    }
    buckets.forEach((bucket, depth) => {
      tracks.push({ lane: index, depth, label: laneLabel(lane) });
      for (const row of bucket) sorted.push(row);
      begins.push(sorted.length);
    });
    const group = groups.at(-1);
    if (group !== undefined) group.last = tracks.length;
  }

  const size = sorted.length;
  const attempt = Int32Array.from(sorted);
  const start = Float64Array.from(sorted, (row) => rowStart[row] ?? 0);
  const end = Float64Array.from(sorted, (row) => columns.end[row] ?? Math.max(now, rowStart[row] ?? 0));
  const failed = Uint8Array.from(sorted, (row) => (columns.state[row] === failedState && failedState !== -1 ? 1 : 0));
  const failedBefore = new Int32Array(size + 1);
  const sliceOf = new Int32Array(count).fill(-1);
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < size; i++) {
    failedBefore[i + 1] = (failedBefore[i] ?? 0) + (failed[i] ?? 0);
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
    depth: Uint16Array.from(sorted, (row) => rowDepth[row] ?? 0),
    functionIndex: Int32Array.from(sorted, (row) => columns.function[row] ?? 0),
    stateIndex: Int32Array.from(sorted, (row) => columns.state[row] ?? 0),
    attempt,
    trackOf,
    failed,
    running: Uint8Array.from(sorted, (row) => ((columns.end[row] ?? null) === null ? 1 : 0)),
    ...buildLongest(start, end),
    failedBefore,
    sliceOf,
    medianNs: functionMedians(input),
    neverRan,
    extent: size === 0 ? { from: 0, to: 1 } : { from, to: to > from ? to : from + 1 },
  };
}
