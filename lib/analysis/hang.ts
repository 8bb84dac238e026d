/**
 * Whether a communicator stands still, and which rank never joined. Spans are exported when they end, so a hang is told by what is
 * missing: no operation ends, although one did every few seconds, and the rank that never joined sent its last span of any kind
 * before the others did, for they came as far as the operation that waits for it.
 *
 *   rank 0   |-forward-||-backward-|  waits ...
 *   rank 1   |-forward-||-backward-|  waits ...
 *   rank 2   |-forward-|                          silent since then: it is the one
 */

/** How operations of a communicator followed each other; ns. */
export interface OperationGaps {
  readonly lastNs: bigint;
  readonly medianGapNs: number;
  readonly longestGapNs: number;
  readonly operations: number;
}

/** So many median gaps without an end, and twice the longest: checkpoints and evaluations are longer than a step. */
const MEDIAN_GAPS = 8;
const LONGEST_GAPS = 2;
const LEAST_NS = 30e9;
const FEWEST_OPERATIONS = 5;
/** Ranks that came as far as the others lie at most this part of the silence apart. */
const TOGETHER = 0.2;
const LEAST_SILENCE_NS = 100e6;

/** True where operations should have ended since, whatever the reason that none did. */
export function standsStill(gaps: OperationGaps, nowNs: bigint): boolean {
  if (gaps.operations < FEWEST_OPERATIONS) return false;
  const silence = Number(nowNs - gaps.lastNs);
  return silence > Math.max(MEDIAN_GAPS * gaps.medianGapNs, LONGEST_GAPS * gaps.longestGapNs, LEAST_NS);
}

/**
 * Indexes of the ranks that fell silent before the others, which stopped together: under half of them. Empty where none stands out,
 * or where not every rank is known. `lastNs`: end of the last span of each rank.
 */
export function silentRanks(lastNs: readonly (bigint | null)[]): readonly number[] {
  const known = lastNs.flatMap((last, rank) => (last === null ? [] : [{ last, rank }]));
  if (known.length < lastNs.length || known.length < 2) return [];
  known.sort((a, b) => (a.last < b.last ? -1 : a.last > b.last ? 1 : 0));
  const gapAt = (i: number): number => Number((known[i]?.last ?? 0n) - (known[i - 1]?.last ?? 0n));
  let widest = 1;
  for (let i = 1; i < known.length; i++) if (gapAt(i) > gapAt(widest)) widest = i;
  const spread = Number((known.at(-1)?.last ?? 0n) - (known[widest]?.last ?? 0n));
  const gap = gapAt(widest);
  if (widest * 2 >= known.length || gap < LEAST_SILENCE_NS || spread > TOGETHER * gap) return [];
  return known.slice(0, widest).map(({ rank }) => rank);
}
