/** The verdict on lateness in the words of the contract, the same for operations (spans) and dump intervals (Inspector). */
import { type LateHost, lateHost } from '../analysis/late-host.ts';
import { type LateRank, lateRanks, median } from '../analysis/late-rank.ts';
import type { LateHostWire, LatenessVerdictWire, LateRankWire, RankWire } from '../contract/collectives.ts';

/** Most blocks a window is cut into. */
export const MOST_BLOCKS = 64;
const FEWEST_BLOCKS = 5;

export type PlaceWire = Pick<
  RankWire,
  'rank' | 'globalRank' | 'host' | 'gpu' | 'gpuIndex' | 'nodeIp' | 'nodeId' | 'session'
>;

export const nowhere = (rank: string): PlaceWire => ({
  rank,
  globalRank: null,
  host: null,
  gpu: null,
  gpuIndex: null,
  nodeIp: null,
  nodeId: null,
  session: null,
});

/** Operations that follow each other; `durationsNs` and `last` by index of rank. */
export interface JudgedBlock {
  readonly fromNs: string;
  readonly operations: number;
  /** Mean time inside; null where not measured. */
  readonly durationsNs: readonly (number | null)[];
  /** In how many of its operations each rank was last. */
  readonly last: readonly number[];
}

export const cannotTell = (reason: string): LatenessVerdictWire => ({
  verdict: 'cannot-tell',
  reason,
  lateRank: null,
  lateHost: null,
});

/** `places` by index of rank. Share and lateness are those since the rank began to be last, where it still is. */
export function judgeLateness(
  blocks: readonly JudgedBlock[],
  places: readonly PlaceWire[],
  of: LateRankWire['of'],
): LatenessVerdictWire {
  const whole = blocks.filter((block) => block.durationsNs.every((one) => one !== null));
  if (whole.length < FEWEST_BLOCKS)
    return cannotTell(
      `Fewer than five complete ${of} in this window (${whole.length}): too few to tell lateness from noise.`,
    );
  const judged = whole.map((block) => ({ durations: block.durationsNs }));
  const found = lateRanks(judged)[0];
  const place = found ? places[found.rank] : undefined;
  if (!found || !place) {
    const hosts = places.map(({ host }) => host);
    const late = lateHost(judged, hosts);
    if (late === null) return { verdict: 'no-late-rank', reason: null, lateRank: null, lateHost: null };
    return { verdict: 'late-host', reason: null, lateRank: null, lateHost: hostWire(whole, places, late, of) };
  }
  const { counted, operations } = since(whole, found.sinceBlock);
  const lateRank: LateRankWire = {
    ...place,
    latenessNs: String(Math.round(latenessIn(counted, found))),
    share: counted.reduce((sum, block) => sum + (block.last[found.rank] ?? 0), 0) / operations,
    of,
    sinceNs: found.sinceBlock === null ? null : (counted[0]?.fromNs ?? null),
    chance: found.chance,
    relative: found.relative,
  };
  return { verdict: 'late-rank', reason: null, lateRank, lateHost: null };
}

/** The blocks from the one on, or all. */
function since(whole: readonly JudgedBlock[], sinceBlock: number | null) {
  const counted = sinceBlock === null ? whole : whole.slice(sinceBlock);
  return { counted, operations: counted.reduce((sum, block) => sum + block.operations, 0) };
}

function hostWire(
  whole: readonly JudgedBlock[],
  places: readonly PlaceWire[],
  late: LateHost,
  of: LateRankWire['of'],
): LateHostWire {
  const { counted, operations } = since(whole, late.sinceBlock);
  const place = places[late.ranks[0] ?? -1];
  // Means over the operations since then.
  const means = places.map(
    (_, rank) =>
      counted.reduce((sum, block) => sum + (block.durationsNs[rank] ?? 0) * block.operations, 0) / operations,
  );
  const own = late.ranks.reduce((sum, rank) => sum + (means[rank] ?? 0), 0) / late.ranks.length;
  const others = median(means.filter((_, rank) => !late.ranks.includes(rank)));
  const last = (block: JudgedBlock) => late.ranks.reduce((sum, rank) => sum + (block.last[rank] ?? 0), 0);
  return {
    host: late.host,
    nodeIp: place?.nodeIp ?? null,
    nodeId: place?.nodeId ?? null,
    session: place?.session ?? null,
    ranks: late.ranks.length,
    latenessNs: String(Math.round(others - own)),
    share: counted.reduce((sum, block) => sum + last(block), 0) / operations,
    of,
    sinceNs: late.sinceBlock === null ? null : (counted[0]?.fromNs ?? null),
    chance: late.chance,
    relative: late.relative,
  };
}

/** Median of the others' mean times minus that of the late rank, ns, weighted by operations. */
function latenessIn(blocks: readonly JudgedBlock[], { rank, lateBy }: LateRank): number {
  const operations = blocks.reduce((sum, block) => sum + block.operations, 0);
  const ranks = blocks[0]?.durationsNs.length ?? 0;
  if (operations === 0) return lateBy;
  const means = Array.from(
    { length: ranks },
    (_, of) => blocks.reduce((sum, block) => sum + (block.durationsNs[of] ?? 0) * block.operations, 0) / operations,
  );
  return median(means.filter((_, index) => index !== rank)) - (means[rank] ?? 0);
}

/** The one that the others wait for first, then by how little it waits itself. */
export const byLateness = (a: RankWire, b: RankWire): number =>
  Number(b.isLate) - Number(a.isLate) ||
  (a.meanWaitUs ?? a.meanExecTimeUs ?? 0) - (b.meanWaitUs ?? b.meanExecTimeUs ?? 0);
