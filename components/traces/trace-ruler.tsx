'use client';
/** Ticks of the visible time, from the start of the trace; a handle for it too. */
import { type RefObject, useRef } from 'react';
import { durationText, tickStep } from '../../lib/chart/time-series/time-ticks.ts';
import { type TraceAxis, useAxisDrag, useAxisWheel } from '../charts/trace-axis-input.ts';
import { DURATION_COLUMN, NAME_COLUMN } from './trace-row.tsx';

export function TraceRuler({ axis, plot }: { axis: TraceAxis; plot: RefObject<HTMLDivElement | null> }) {
  const surface = useRef<HTMLDivElement>(null);
  useAxisWheel(surface, plot, axis, false);
  const { box, handlers } = useAxisDrag(plot, axis);
  const { from, to } = axis.range;
  const step = tickStep(to - from, 6);
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to && ticks.length < 12; at += step) ticks.push(at);
  const share = (at: number): number => (100 * (at - from)) / (to - from);
  return (
    <div
      ref={surface}
      aria-hidden="true"
      title="Wheel zooms, drag pans, Shift + drag selects, double click shows all"
      className="flex h-6 select-none border-[var(--line)] border-b text-[11px] text-[var(--muted)]"
    >
      <div className={`${NAME_COLUMN} px-4 leading-6`}>Span</div>
      <div ref={plot} className="relative flex-1 cursor-ew-resize touch-none overflow-hidden" {...handlers}>
        {ticks.map((at) => (
          <span
            key={at}
            className="absolute inset-y-0 border-[var(--line)] border-l pl-1 leading-6"
            style={{ left: `${share(at)}%` }}
          >
            {durationText(at)}
          </span>
        ))}
        {box === null ? null : (
          <span
            className="absolute inset-y-0 border-[var(--accent)] border-x bg-[var(--accent)] opacity-25"
            style={{ left: `${share(box.from)}%`, width: `${share(box.to) - share(box.from)}%` }}
          />
        )}
      </div>
      <div className={DURATION_COLUMN} />
    </div>
  );
}
