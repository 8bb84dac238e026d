/** Moments and how long ago they were, as text. */

/** RFC 3339 as `2026-11-24 14:02`, UTC; the caller says that it is UTC. */
export const timestampText = (iso: string): string => new Date(iso).toISOString().slice(0, 16).replace('T', ' ');

const STEPS = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
] as const;

/** Milliseconds as `just now`, `5 min ago`, `3 h ago`, `42 days ago`; a moment to come is `just now` too (clocks differ). */
export function agoText(ms: number): string {
  for (const { unit, ms: length } of STEPS) {
    const count = Math.floor(ms / length);
    if (count >= 1) return `${count} ${unit}${unit === 'day' && count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}
