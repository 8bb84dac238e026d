import { clockText } from '../../lib/chart/time-series/time-ticks.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';

/** The window in clock times, as exact as it is wide; `more` stands behind it. */
export function TimelineSpan({ originNs, range, more = '' }: { originNs: string; range: TimeRange; more?: string }) {
  const clock = (at: number) => clockText(BigInt(originNs) + BigInt(Math.round(at)), (range.to - range.from) / 500);
  return (
    <span className="text-[12px] text-[var(--muted)]">
      {clock(range.from)} to {clock(range.to)} UTC{more}
    </span>
  );
}
