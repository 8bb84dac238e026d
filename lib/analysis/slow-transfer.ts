/**
 * Whether a wire gives less than it used to. `most` is the bandwidth of the rank that waits least at each moment of a window: it
 * waits for nobody, so what is missing there is missing in the transfer.
 *
 *   most   |-----------------.            usual: median of what is not low
 *          |                  '----       low: under SLOW of the upper quintile, at the end of the window
 */

import { median } from './late-rank.ts';

/** The share of the usual bandwidth under which a transfer is called slow: as AllreduceBandwidthLow (lib/server/rules). */
export const SLOW = 0.7;
/** Moments that must be known on either side of the change. */
const FEWEST = 3;

export interface SlowTransfer {
  /** Place in `most` of the first low moment. */
  readonly since: number;
  /** In the unit of `most`; ratio = now / usual. */
  readonly usual: number;
  readonly now: number;
  readonly ratio: number;
}

/** null: not slow, or slow in all of the window, or too little is known. Nulls are moments without a measurement. */
export function slowTransfer(most: readonly (number | null)[]): SlowTransfer | null {
  const known = most.flatMap((value, at) => (value === null ? [] : [{ value, at }]));
  const sorted = known.map(({ value }) => value).sort((a, b) => a - b);
  const limit = SLOW * (sorted[Math.floor(sorted.length * 0.8)] ?? 0);
  const lastGood = known.findLastIndex(({ value }) => value >= limit);
  const low = known.slice(lastGood + 1);
  const good = known.slice(0, lastGood + 1).filter(({ value }) => value >= limit);
  const [first] = low;
  if (first === undefined || low.length < FEWEST || good.length < FEWEST) return null;
  const usual = median(good.map(({ value }) => value));
  const now = median(low.map(({ value }) => value));
  return { since: first.at, usual, now, ratio: now / usual };
}
