/**
 * Which rank is late, and whether one may say so. On a loaded two-core host the shortest rank of an operation is often not the
 * late one (ends of one operation spread over 1-89 ms), so a rank is accused only where chance and size both speak against it:
 *
 * 1. Chance. The window is cut into at most 64 blocks of operations in order of time, so that a burst of noise counts once. In
 *    each block the rank with the shortest mean time leads, by the distance to the median of the others. If nobody is late,
 *    each of n ranks leads a block with probability 1/n, independently of how far it leads. The chance that one rank gathers
 *    as much lead as was seen is bounded by Chernoff (H. Chernoff, Ann. Math. Statist. 23, 1952), without assuming a
 *    distribution of the leads, and multiplied by n for the n ranks that could have been accused (Bonferroni):
 *
 *       p <= n * min over s >= 0 of  exp(-s * W_r) * product over blocks b of (1 - 1/n + exp(s * w_b) / n)
 *
 *    One huge delay alone proves nothing: then W_r = w_b, and p = n * 1/n = 1.
 * 2. Size. The rank's mean time must be under 0.75 of the median of the others: NVRx's threshold for a relative score
 *    (nvidia-resiliency-ext, straggler detection).
 */

/** Mean time inside the operations of one block, by index of rank; null where the rank was not measured. */
export interface LatenessBlock {
  readonly durations: readonly (number | null)[];
}

export interface LateRank {
  /** Index into `durations`. */
  readonly rank: number;
  /** How much longer the median of the other ranks was inside, in the unit of the durations: the time they waited for it. */
  readonly lateBy: number;
  /** Its mean time over the median of the others' mean times. */
  readonly relative: number;
  /** Share of blocks that it leads. */
  readonly share: number;
  /** Upper bound of the chance of such a lead where no rank is late, corrected for the number of ranks. */
  readonly chance: number;
  /** First block from which on it leads at least four of five blocks; null where it comes and goes. */
  readonly sinceBlock: number | null;
}

export const MOST_CHANCE = 0.001;
export const MOST_RELATIVE = 0.75;
const FEWEST_BLOCKS = 5;
const SUSTAINED_SHARE = 0.8;

/**
 * Fewest blocks after which a rank that leads every one of them could be accused at all: n * (1/n)^b is the least chance. Of two
 * ranks eleven, of three eight, of six and more five. With fewer, that nobody is accused says nothing.
 */
export const fewestBlocks = (ranks: number): number =>
  Math.max(FEWEST_BLOCKS, ranks < 2 ? FEWEST_BLOCKS : Math.ceil(1 - Math.log(MOST_CHANCE) / Math.log(ranks)));

/**
 * The ranks that are late beyond noise, the latest first; empty where none is, or where there is too little to judge by (under
 * five blocks, or under two ranks measured). Blocks in which a rank was not measured are left out.
 */
export function lateRanks(blocks: readonly LatenessBlock[]): LateRank[] {
  const complete = blocks.flatMap(({ durations }, index) => {
    const measured = durations.filter((one): one is number => one !== null);
    return measured.length === durations.length && measured.length >= 2 ? [{ index, durations: measured }] : [];
  });
  const ranks = complete[0]?.durations.length ?? 0;
  const usable = complete.filter(({ durations }) => durations.length === ranks);
  if (usable.length < FEWEST_BLOCKS || ranks < 2) return [];
  const leads = usable.map(({ index, durations }) => ({ index, ...leadOf(durations) }));
  const means = Array.from(
    { length: ranks },
    (_, rank) => usable.reduce((sum, { durations }) => sum + (durations[rank] ?? 0), 0) / usable.length,
  );
  const sortedMeans = Float64Array.from(means).sort();
  const found: LateRank[] = [];
  for (const rank of new Set(leads.map((lead) => lead.rank))) {
    const own = means[rank] ?? 0;
    const others = medianWithout(sortedMeans, own);
    const relative = others > 0 ? own / others : 1;
    if (relative >= MOST_RELATIVE) continue;
    const chance = chanceOfLead(
      leads.map((lead) => lead.by),
      leads.reduce((sum, lead) => sum + (lead.rank === rank ? lead.by : 0), 0),
      ranks,
    );
    if (chance > MOST_CHANCE) continue;
    found.push({
      rank,
      lateBy: others - own,
      relative,
      share: leads.filter((lead) => lead.rank === rank).length / leads.length,
      chance,
      sinceBlock: sustainedFrom(leads, rank),
    });
  }
  return found.sort((a, b) => b.lateBy - a.lateBy);
}

/** The shortest rank of a block and how far the median of the others lies above it. Of equals, nobody leads: by is 0. */
function leadOf(durations: readonly number[]): { rank: number; by: number } {
  let rank = 0;
  for (let i = 1; i < durations.length; i++) if ((durations[i] ?? 0) < (durations[rank] ?? 0)) rank = i;
  const own = durations[rank] ?? 0;
  const sorted = Float64Array.from(durations).sort();
  return { rank, by: sorted[1] === own ? 0 : medianWithout(sorted, own) - own };
}

/** Median of what is left where one `value` that is in `sorted` is taken out. */
function medianWithout(sorted: Float64Array, value: number): number {
  const position = sorted.indexOf(value);
  const at = (i: number): number => sorted[i < position ? i : i + 1] ?? 0;
  const count = sorted.length - 1;
  const middle = Math.floor(count / 2);
  return count % 2 === 0 ? (at(middle - 1) + at(middle)) / 2 : at(middle);
}

/**
 * Chernoff's bound of the chance that one of n ranks gathers `gathered` or more of the leads `by`, each given to a rank drawn
 * evenly. 1 where there is nothing to gather.
 */
export function chanceOfLead(by: readonly number[], gathered: number, ranks: number): number {
  const most = Math.max(0, ...by);
  if (most <= 0 || gathered <= 0) return 1;
  const weights = by.map((one) => one / most);
  const target = gathered / most;
  const share = 1 / ranks;
  // Log of the bound at s; convex, 0 at s = 0. Beyond s = 200 nothing changes: e^200 drowns 1 - 1/n.
  const logBound = (s: number): number =>
    weights.reduce(
      (sum, weight) => sum + s * weight + Math.log(share + (1 - share) * Math.exp(-s * weight)),
      -s * target,
    );
  let low = 0;
  let high = 200;
  for (let i = 0; i < 80; i++) {
    const left = low + (high - low) / 3;
    const right = high - (high - low) / 3;
    if (logBound(left) < logBound(right)) high = right;
    else low = left;
  }
  return Math.min(1, ranks * Math.exp(Math.min(0, logBound((low + high) / 2))));
}

/**
 * Where the lead begins: the start of the suffix with the most blocks led minus blocks not led (a CUSUM with steps +1 and -1),
 * the latest of equals. Null unless that suffix has three blocks and four of five are led.
 */
function sustainedFrom(
  leads: readonly { readonly index: number; readonly rank: number }[],
  rank: number,
): number | null {
  let sum = 0;
  let best = { sum: 0, at: leads.length };
  for (let i = leads.length - 1; i >= 0; i--) {
    sum += leads[i]?.rank === rank ? 1 : -1;
    if (sum > best.sum) best = { sum, at: i };
  }
  const length = leads.length - best.at;
  const share = (best.sum + length) / 2 / Math.max(1, length);
  return length >= 3 && share >= SUSTAINED_SHARE ? (leads[best.at]?.index ?? null) : null;
}

/** Middle value, the mean of the two middle ones for an even count; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 0 ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}
