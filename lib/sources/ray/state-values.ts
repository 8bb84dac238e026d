/** Values of the State API: times in ms (floats), 0 or 2^64-1 for unset; empty text and ids of ones for absent. */
import { milliseconds, millisecondsToNanoseconds, type Nanoseconds } from '../../model/units.ts';

/** Later than any time of a running system: 2^64-1 stands for unset in worker_launch_time_ms. */
const UNSET_MS = 1e15;

/** Unix ms, perhaps with a fraction, to ns; undefined where unset. */
export function timestampOfMs(ms: number | null | undefined): Nanoseconds | undefined {
  if (ms === null || ms === undefined || !(ms > 0) || ms >= UNSET_MS) return undefined;
  return millisecondsToNanoseconds(milliseconds(ms));
}

/** Messages and stack traces that are longer are cut: their two ends say most. */
const MOST_CHARACTERS = 32_768;

export function textOf(value: string | null | undefined): string | undefined {
  if (!value || value.length <= MOST_CHARACTERS) return value || undefined;
  const half = MOST_CHARACTERS / 2;
  return `${value.slice(0, half)}\n… ${value.length - MOST_CHARACTERS} characters are cut …\n${value.slice(-half)}`;
}

/** Hex ids; the nil id is all ones. */
export const idOf = (value: string | null | undefined): string | undefined =>
  value && !/^f+$/.test(value) ? value : undefined;

export const numberOf = (value: number | null | undefined): number | undefined => value ?? undefined;

/** Process ids; 0 is none. */
export const pidOf = (value: number | null | undefined): number | undefined => value || undefined;

export const amountsOf = (
  value: Readonly<Record<string, number>> | null | undefined,
): Readonly<Record<string, number>> | undefined => (value && Object.keys(value).length > 0 ? value : undefined);
