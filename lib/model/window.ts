/** A half-open window of time [from, to). */
import { type Nanoseconds, nanoseconds } from './units.ts';

export interface Window {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

/** Throws RangeError where `to` is before `from`. */
export function timeWindow(from: Nanoseconds, to: Nanoseconds): Window {
  if (to < from) throw new RangeError(`window ends (${to}) before it begins (${from})`);
  return { from, to };
}

export const windowLength = (window: Window): Nanoseconds => nanoseconds(window.to - window.from);
export const contains = (window: Window, time: Nanoseconds): boolean => time >= window.from && time < window.to;
/** An interval without an end is still open and overlaps everything after its start. */
export const overlaps = (window: Window, from: Nanoseconds, to: Nanoseconds | null): boolean =>
  from < window.to && (to === null || to > window.from || (to === from && from >= window.from));
