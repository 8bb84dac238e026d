/** When a source's clock is wrong, and how far in words. */

/** A clock that is further off than this, in seconds, changes what is shown. */
export const CLOCK_OFF_S = 5;

/** In the unit that tells it best: "12 s", "5 min", "3 h", "365 days". */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
