/** Task attempts in columns, as the timeline answer holds them, and what is read off them before tracks are made. */
export interface TimelineLane {
  readonly nodeId: string;
  readonly nodeName: string;
  /** Of its node in the address of the timeline. */
  readonly nodeKey?: string;
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
  };
}

/** Median of ended attempts per function, in ns. */
export function functionMedians(input: TimelineColumns): Float64Array {
  const { start, end, function: of } = input.columns;
  const counts = new Int32Array(input.functions.length);
  const ended = (row: number): boolean => (start[row] ?? null) !== null && (end[row] ?? null) !== null;
  for (let row = 0; row < of.length; row++) if (ended(row)) counts[of[row] ?? 0] = (counts[of[row] ?? 0] ?? 0) + 1;
  const durations = input.functions.map((_, name) => new Float64Array(counts[name] ?? 0));
  counts.fill(0);
  for (let row = 0; row < of.length; row++) {
    if (!ended(row)) continue;
    const name = of[row] ?? 0;
    const values = durations[name];
    if (values !== undefined) values[counts[name] ?? 0] = (end[row] ?? 0) - (start[row] ?? 0);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Float64Array.from(durations, (values) => {
    if (values.length === 0) return Number.NaN;
    values.sort();
    const middle = values.length >> 1;
    const high = values[middle] ?? Number.NaN;
    return values.length % 2 === 1 ? high : ((values[middle - 1] ?? high) + high) / 2;
  });
}

/** Lanes and their nodes by name; or the earliest failure, or the longest attempt first. */
export type LaneOrder = 'node' | 'failure' | 'longest';
export const LANE_ORDERS: readonly LaneOrder[] = ['node', 'failure', 'longest'];

/** Rows of each lane by start, as one array and its cuts: rows of lane l are rows[cut[l]] .. rows[cut[l + 1]]. */
export function rowsByLane(
  input: TimelineColumns,
  rowStart: Float64Array,
  keep: ((row: number) => boolean) | undefined,
) {
  const { columns } = input;
  const count = columns.function.length;
  const laneOf = new Int32Array(count).fill(-1);
  const cut = new Int32Array(input.lanes.length + 1);
  let neverRan = 0;
  for (let row = 0; row < count; row++) {
    if (keep !== undefined && !keep(row)) continue;
    const lane = columns.lane[row] ?? -1;
    const start = columns.start[row] ?? null;
    if (start === null || lane < 0 || lane >= input.lanes.length) {
      neverRan++;
      continue;
    }
    laneOf[row] = lane;
    rowStart[row] = start;
    cut[lane + 1] = (cut[lane + 1] ?? 0) + 1;
  }
  for (let lane = 0; lane < input.lanes.length; lane++) cut[lane + 1] = (cut[lane + 1] ?? 0) + (cut[lane] ?? 0);
  const rows = new Int32Array(cut.at(-1) ?? 0);
  const filled = cut.slice();
  for (let row = 0; row < count; row++) {
    const lane = laneOf[row] ?? -1;
    if (lane === -1) continue;
    rows[filled[lane] ?? 0] = row;
    filled[lane] = (filled[lane] ?? 0) + 1;
  }
  for (let lane = 0; lane < input.lanes.length; lane++) {
    const own = rows.subarray(cut[lane], cut[lane + 1]);
    // Answers come sorted; a sort of what is sorted would still cost a comparison through a closure per row.
    const isSorted = own.every((row, i) => i === 0 || (rowStart[own[i - 1] ?? 0] ?? 0) <= (rowStart[row] ?? 0));
    if (!isSorted) own.sort((x, y) => (rowStart[x] ?? 0) - (rowStart[y] ?? 0) || x - y);
  }
  return { rows, cut, neverRan };
}

/** One number per lane that lanes are sorted by before their names: smaller first. */
export function laneRanks(
  order: LaneOrder,
  lanes: number,
  { rows, cut }: { readonly rows: Int32Array; readonly cut: Int32Array },
  times: { readonly start: Float64Array; readonly end: Float64Array; readonly failed: Uint8Array },
): Float64Array {
  const ranks = new Float64Array(lanes).fill(order === 'node' ? 0 : Number.POSITIVE_INFINITY);
  if (order === 'node') return ranks;
  for (let lane = 0; lane < lanes; lane++) {
    for (let i = cut[lane] ?? 0; i < (cut[lane + 1] ?? 0); i++) {
      const row = rows[i] ?? 0;
      const start = times.start[row] ?? 0;
      const rank =
        order === 'longest'
          ? start - (times.end[row] ?? 0)
          : times.failed[row] === 1
            ? start
            : Number.POSITIVE_INFINITY;
      if (rank < (ranks[lane] ?? 0)) ranks[lane] = rank;
    }
  }
  return ranks;
}
