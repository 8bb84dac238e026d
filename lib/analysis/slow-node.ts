/**
 * Whether a function takes longer on one node than on the others: its storage, its CPUs or its data are slow there. The newest
 * attempts of the node are compared with those of all other nodes in the same time, for several lengths of the past, because a
 * node that became slow a minute ago was as fast as the others before.
 *
 * 1. Chance. Mann and Whitney's test (Ann. Math. Statist. 18, 1947) of ranks, with midranks and the correction for ties: if the
 *    node is like the others, U is about normal from eight attempts on either side. Its upper tail is bounded by exp(-z^2 / 2) / 2
 *    and multiplied by everything that was looked at (Bonferroni).
 * 2. Size. The median must be at least 4/3 of that of the others: NVRx's threshold of 0.75 for a relative score, as in late-rank.ts.
 */
import { median } from './late-rank.ts';

/** Attempts that ended well. */
export interface NodeRuns {
  readonly node: string;
  /** The newest first; Unix ns. */
  readonly startNs: readonly bigint[];
  /** ns, by index of `startNs`. */
  readonly durationNs: readonly number[];
}

export interface SlowNode {
  readonly node: string;
  /** Attempts on it that were compared, all since `sinceNs`. */
  readonly attempts: number;
  /** Attempts on other nodes since then. */
  readonly others: number;
  /** ns. */
  readonly median: number;
  readonly othersMedian: number;
  /** Start of the oldest attempt that was compared, Unix ns. */
  readonly sinceNs: bigint;
  /** Upper bound of the chance of this where the node is like the others. */
  readonly chance: number;
}

const NEWEST = [8, 16, 32, 64] as const;
/** Attempts of a node that are worth reading. */
export const MOST_RUNS = 64;
const FEWEST = 8;
const LEAST_RATIO = 4 / 3;
const MOST_CHANCE = 0.001;

/** Nodes of one function that are compared, and runs of the others that one is compared with (the newest): more tell nothing more. */
const MOST_NODES = 2_000;
const MOST_OTHERS = 4_096;
/** A node that is not this part of what is asked for beside a rough median is not looked at closely. */
const WORTH_A_LOOK = 0.8;

/** Runs of all nodes, the newest first. */
interface Runs {
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly node: Uint32Array;
}

/** Starts as ns since the oldest: what is compared lies within days. */
function runsOf(nodes: readonly NodeRuns[], origin: bigint): Runs {
  const all = nodes.flatMap((one, node) =>
    one.startNs.map((start, i) => ({ start: Number(start - origin), duration: one.durationNs[i] ?? 0, node })),
  );
  all.sort((a, b) => b.start - a.start);
  return {
    start: Float64Array.from(all, ({ start }) => start),
    duration: Float64Array.from(all, ({ duration }) => duration),
    node: Uint32Array.from(all, ({ node }) => node),
  };
}

/** How many runs began at `since` or later. */
function countSince({ start }: Runs, since: number): number {
  let [low, high] = [0, start.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((start[middle] ?? 0) >= since) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The slowest of the nodes that are slow beyond chance; null where none is. `functions`: how many are asked for. Work: n log n of the
 * runs, and a closer look at the few nodes that are slower than the rest.
 */
export function slowNode(nodes: readonly NodeRuns[], functions: number): SlowNode | null {
  const looks = nodes.length * NEWEST.length * functions;
  const compared = nodes.slice(0, MOST_NODES);
  let origin = 2n ** 62n;
  for (const one of compared) for (const at of one.startNs) if (at < origin) origin = at;
  const runs = runsOf(compared, origin);
  const roughMedians = new Map<number, number>();
  /** Median of the newest runs of all nodes, of the power of two that is no more than `count`. */
  const roughMedian = (count: number): number => {
    const newest = Math.min(MOST_OTHERS, 2 ** Math.floor(Math.log2(Math.max(1, count))));
    const known = roughMedians.get(newest) ?? median([...runs.duration.subarray(0, newest)]);
    roughMedians.set(newest, known);
    return known;
  };
  const found: SlowNode[] = [];
  for (const [index, one] of compared.entries()) {
    let best: SlowNode | null = null;
    for (const newest of NEWEST) {
      const own = one.durationNs.slice(0, newest);
      const sinceNs = one.startNs[own.length - 1];
      if (own.length < newest || sinceNs === undefined) break;
      const since = countSince(runs, Number(sinceNs - origin));
      const own50 = median(own);
      // With few nodes the own runs are a good part of all.
      if (compared.length > 8 && own50 < WORTH_A_LOOK * LEAST_RATIO * roughMedian(since)) continue;
      const others: number[] = [];
      for (let i = 0; i < since && others.length < MOST_OTHERS; i++)
        if (runs.node[i] !== index) others.push(runs.duration[i] ?? 0);
      if (others.length < FEWEST) continue;
      const others50 = median(others);
      const chance = Math.min(1, looks * chanceOfRanks(own, others));
      if (own50 < LEAST_RATIO * others50 || chance > MOST_CHANCE || (best && best.chance <= chance)) continue;
      best = {
        node: one.node,
        attempts: own.length,
        others: others.length,
        median: own50,
        othersMedian: others50,
        sinceNs,
        chance,
      };
    }
    if (best) found.push(best);
  }
  return found.sort((a, b) => b.median / b.othersMedian - a.median / a.othersMedian)[0] ?? null;
}

/** Bound of the chance that `own` lies as far above `others` as it does where both are drawn from one distribution. */
export function chanceOfRanks(own: readonly number[], others: readonly number[]): number {
  const [n, m] = [own.length, others.length];
  const all = [...own.map((value) => ({ value, isOwn: true })), ...others.map((value) => ({ value, isOwn: false }))];
  all.sort((a, b) => a.value - b.value);
  let [ranks, ties] = [0, 0];
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to++;
    const midrank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (all[i]?.isOwn) ranks += midrank;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  const u = ranks - (n * (n + 1)) / 2;
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (variance <= 0) return 1;
  // Half a rank for continuity.
  const z = (u - (n * m) / 2 - 0.5) / Math.sqrt(variance);
  return z <= 0 ? 1 : Math.exp((-z * z) / 2) / 2;
}
