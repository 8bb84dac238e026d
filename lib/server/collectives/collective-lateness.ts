/** The verdict on lateness in the words of the contract, the same for operations (spans) and dump intervals (Inspector). */
import { lateRankOrHost } from '../../analysis/late-host.ts';
import { fewestBlocks, type LateRank, median } from '../../analysis/late-rank.ts';
import type { LatenessVerdictWire, LateRankWire, RankWire } from '../../contract/collectives.ts';

/** Most blocks a window is cut into. */
export const MOST_BLOCKS = 64;
const FEWEST_BLOCKS = 5;

export type LocationWire = Pick<
  RankWire,
  'rank' | 'globalRank' | 'host' | 'gpu' | 'gpuIndex' | 'nodeIp' | 'nodeId' | 'session'
>;

export const nowhere = (rank: string): LocationWire => ({
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
  coverage: null,
});

/** `places` by index of rank. Share and lateness are those since the rank began to be last, where it still is. */
export function judgeLateness(
  blocks: readonly JudgedBlock[],
  locations: readonly LocationWire[],
  of: LateRankWire['of'],
): LatenessVerdictWire {
  const whole = blocks.filter((block) => block.durationsNs.every((one) => one !== null));
  if (whole.length < FEWEST_BLOCKS)
    return cannotTell(
      `Fewer than five complete ${of} in this window (${whole.length}): too few to tell lateness from noise.`,
    );
  const judged = whole.map((block) => ({ durations: block.durationsNs }));
  const { rank: found, host: late } = lateRankOrHost(
    judged,
    locations.map(({ host }) => host),
  );
  const location = found ? locations[found.rank] : undefined;
  if (found && location)
    return {
      verdict: 'late-rank',
      reason: null,
      lateRank: { ...location, ...latenessWire(whole, [found.rank], found, of) },
      lateHost: null,
      coverage: null,
    };
  const needed = fewestBlocks(locations.length);
  if (late === null && whole.length < needed) return cannotTell(tooFew(whole, locations, needed, of));
  if (late === null) return { verdict: 'no-late-rank', reason: null, lateRank: null, lateHost: null, coverage: null };
  const { nodeIp = null, nodeId = null, session = null } = locations[late.ranks[0] ?? -1] ?? {};
  return {
    verdict: 'late-host',
    reason: null,
    lateRank: null,
    lateHost: {
      host: late.host,
      nodeIp,
      nodeId,
      session,
      ranks: late.ranks.length,
      ...latenessWire(whole, late.ranks, late, of),
    },
    coverage: null,
  };
}

/** Why nobody can be acquitted either, and who was last most often. */
function tooFew(
  whole: readonly JudgedBlock[],
  locations: readonly LocationWire[],
  needed: number,
  of: LateRankWire['of'],
): string {
  const total = whole.reduce((sum, { operations }) => sum + operations, 0);
  const last = locations.map((_, rank) => whole.reduce((sum, block) => sum + (block.last[rank] ?? 0), 0));
  const most = last.reduce((best, count, rank) => (count > (last[best] ?? 0) ? rank : best), 0);
  const who = locations[most];
  const named = who === undefined || (last[most] ?? 0) === 0 ? '' : ` ${who.rank} was last in ${last[most]} of them.`;
  return `${total} ${of} among ${locations.length} ranks are too few to tell lateness from chance, which takes ${needed}.${named.replace(/^ (\d+) /, ' Rank $1 ')}`;
}

/** Of ranks that are late together, or of one: since they began to be last, where they still are. Means are weighted by operations. */
function latenessWire(
  whole: readonly JudgedBlock[],
  ranks: readonly number[],
  found: Omit<LateRank, 'rank'>,
  of: LateRankWire['of'],
): Omit<LateRankWire, keyof LocationWire> {
  const { sinceBlock, chance, relative } = found;
  const counted = sinceBlock === null ? whole : whole.slice(sinceBlock);
  const operations = counted.reduce((sum, block) => sum + block.operations, 0);
  const means = (whole[0]?.durationsNs ?? []).map(
    (_, rank) =>
      counted.reduce((sum, block) => sum + (block.durationsNs[rank] ?? 0) * block.operations, 0) / operations,
  );
  const late = new Set(ranks);
  const own = ranks.reduce((sum, rank) => sum + (means[rank] ?? 0), 0) / ranks.length;
  const lateBy = median(means.filter((_, rank) => !late.has(rank))) - own;
  const last = counted.reduce((sum, block) => sum + ranks.reduce((all, rank) => all + (block.last[rank] ?? 0), 0), 0);
  return {
    latenessNs: String(Math.round(operations === 0 ? found.lateBy : lateBy)),
    share: operations === 0 ? found.share : last / operations,
    of,
    sinceNs: sinceBlock === null ? null : (counted[0]?.fromNs ?? null),
    chance,
    relative,
  };
}

/** The one that the others wait for first, then by how little it waits itself; of which neither is known, last. */
export const byLateness = (a: RankWire, b: RankWire): number =>
  Number(b.isLate) - Number(a.isLate) ||
  (a.meanWaitUs ?? a.meanExecTimeUs ?? Number.MAX_VALUE) - (b.meanWaitUs ?? b.meanExecTimeUs ?? Number.MAX_VALUE);
