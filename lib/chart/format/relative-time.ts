/** How long ago a moment was, in one unit. */
import { UNKNOWN } from './number-format.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** Unix ns (decimal text) against Unix ms: `now` under 20 s, `42 s ago`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function agoText(ns: string | null, nowMs: number): string {
  if (ns === null) return UNKNOWN;
  const seconds = Math.floor(nowMs / 1000 - Number(BigInt(ns) / 1_000_000_000n));
  if (seconds < 20) return 'now';
  for (const [unit, length] of UNITS) if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  return `${seconds} s ago`;
}
