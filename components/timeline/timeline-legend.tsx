'use client';
/** What colours, hatching and lines on the lanes mean, and which keys and gestures move them. */
import type { LegendEntry } from '../../lib/chart/colour/timeline-colours.ts';

const MOST = 14;

export function TimelineLegend({ entries, hasPhases }: { entries: readonly LegendEntry[]; hasPhases: boolean }) {
  return (
    <div className="space-y-1 border-[var(--line)] border-t px-5 py-2 text-[12px]">
      <ul aria-label="Legend" className="flex flex-wrap gap-x-4 gap-y-0.5">
        {entries.slice(0, MOST).map(({ colour, label }) => (
          <li key={label} className="inline-flex min-w-0 items-center gap-1.5">
            <span
              aria-hidden="true"
              className="inline-block size-2.5 shrink-0 rounded-[2px]"
              style={{ background: colour }}
            />
            <span className="min-w-0 break-all">{label || 'unnamed'}</span>
          </li>
        ))}
        {entries.length > MOST ? <li className="text-[var(--muted)]">and {entries.length - MOST} more</li> : null}
        <li className="inline-flex items-center gap-1.5">
          <span
            aria-hidden="true"
            className="inline-block h-2.5 w-4 border-[var(--bad)] border-b-2"
            style={{ background: 'repeating-linear-gradient(135deg, var(--bad) 0 2px, transparent 2px 5px)' }}
          />
          failed
        </li>
        <li className="inline-flex items-center gap-1.5">
          <span
            aria-hidden="true"
            className="inline-block h-2.5 w-4"
            style={{ background: 'repeating-linear-gradient(90deg, var(--muted) 0 3px, transparent 3px 4px)' }}
          />
          still running
        </li>
        {hasPhases ? (
          <li className="inline-flex items-center gap-1.5">
            <span aria-hidden="true" className="inline-flex h-[3px] w-6">
              <span className="w-1/4 bg-[#f0e442]" />
              <span className="w-1/2 bg-[var(--muted)]" />
              <span className="w-1/4 bg-[#e9c7ff]" />
            </span>
            deserialize, execute, store
          </li>
        ) : null}
        <li className="inline-flex items-center gap-1.5">
          <span
            aria-hidden="true"
            className="inline-block size-2.5"
            style={{ background: 'repeating-conic-gradient(var(--muted) 0 25%, transparent 0 50%) 0 0 / 6px 6px' }}
          />
          not known yet
        </li>
      </ul>
      <p className="hidden text-[var(--muted)] md:block">
        Wheel zooms, drag pans, Shift + drag selects a window, Alt + drag measures, double click fits. Keys: arrows,
        Enter, + − A D F N L I M.
      </p>
    </div>
  );
}
