/** A half-open window of time [from, to). */
import type { Nanoseconds } from './units.ts';

export interface Window {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

/** Throws RangeError where `to` is before `from`. */
export function timeWindow(from: Nanoseconds, to: Nanoseconds): Window {
  if (to < from) throw new RangeError(`window ends (${to}) before it begins (${from})`);
  return { from, to };
}
