/**
 * Whether a wire gives less than it used to. `most` is the bandwidth of the rank that waits least at each moment of a window: it
 * waits for nobody, so what is missing there is missing in the transfer.
 *
 *   most   |-----------------.            usual: median before the change
 *          |                  '----       low: under SLOW of the upper quintile
 *          |-------------. .-. .--       or it comes and goes, as where packets are lost and sent again
 *          |              '   '
 *
 * The change is where low moments outnumber the others most from there to the end. It is over once
 * more good moments follow each other at the end than such a share of low ones leaves to chance.
 */

import { median } from './late-rank.ts';

/** The share of the usual bandwidth under which a transfer is called slow: as AllreduceBandwidthLow (lib/server/rules). */
export const SLOW = 0.7;
/** Moments that must be known on either side of the change. */
const FEWEST = 3;

/** Good moments at the end that are less likely than this are the end of it. */
const RECOVERED = 0.01;

export interface SlowTransfer {
  /** Place in `most` of the first low moment. */
  readonly since: number;
  /** In the unit of `most`, `now` of the low moments; ratio = now / usual. */
  readonly usual: number;
  readonly now: number;
  readonly ratio: number;
  /** Share of the known moments since then that are low. */
  readonly share: number;
}

/** null: not slow, or slow in all of the window, or too little is known. Nulls are moments without a measurement. */
export function slowTransfer(most: readonly (number | null)[]): SlowTransfer | null {
  const known = most.flatMap((value, at) => (value === null ? [] : [{ value, at }]));
  const sorted = known.map(({ value }) => value).sort((a, b) => a - b);
  const limit = SLOW * (sorted[Math.floor(sorted.length * 0.8)] ?? 0);
  let [gathered, best, begin] = [0, 0, known.length];
  for (let i = known.length - 1; i >= 0; i--) {
    gathered += (known[i]?.value ?? 0) < limit ? 1 : -1;
    if (gathered >= best) [best, begin] = [gathered, i];
  }
  const before = known.slice(0, begin).filter(({ value }) => value >= limit);
  const after = known.slice(begin);
  const low = after.filter(({ value }) => value < limit);
  const [first] = low;
  if (first === undefined || low.length < FEWEST || best < FEWEST || before.length < FEWEST) return null;
  const goodAtEnd = after.length - 1 - after.findLastIndex(({ value }) => value < limit);
  const during = after.length - goodAtEnd;
  // Laplace's rule of succession, for a share of good ones that may be nil so far.
  if (((during - low.length + 1) / (during + 2)) ** goodAtEnd < RECOVERED) return null;
  const usual = median(before.map(({ value }) => value));
  const now = median(low.map(({ value }) => value));
  return { since: first.at, usual, now, ratio: now / usual, share: low.length / after.length };
}
