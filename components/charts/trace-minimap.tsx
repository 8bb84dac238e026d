'use client';
/** All spans of a trace as one picture, the visible time as a brush: drag it, or drag a new one. */
import { type PointerEvent, useEffect, useRef } from 'react';
import { nameColour } from '../../lib/chart/timeline-colours.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { panBy } from '../../lib/chart/timeline-window.ts';
import type { WaterfallRow } from '../../lib/chart/waterfall.ts';
import { useCanvasTheme } from './timeline-theme.ts';

const HEIGHT = 56;

export function TraceMinimap({
  rows,
  services,
  failed,
  durationNs,
  range,
  onRange,
}: {
  /** All rows, in drawing order. */
  rows: readonly WaterfallRow[];
  /** Service and failure of each span. */
  services: readonly string[];
  failed: readonly boolean[];
  durationNs: number;
  range: TimeRange;
  /** `isStep`: a new window, which Back undoes. */
  onRange: (range: TimeRange, isStep: boolean) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<{ at: number; range: TimeRange; moves: boolean } | null>(null);
  const theme = useCanvasTheme();
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context == null || theme === null) return;
    const draw = () => {
      const width = Math.max(1, element.clientWidth);
      element.width = width;
      element.height = HEIGHT;
      const thick = Math.max(1, Math.min(4, HEIGHT / Math.max(1, rows.length)));
      const bar = (row: WaterfallRow, at: number, colour: string) => {
        context.fillStyle = colour;
        const left = (row.offsetNs / durationNs) * width;
        const wide = Math.max(1, (row.durationNs / durationNs) * width);
        context.fillRect(left, (at / rows.length) * (HEIGHT - 4) + 2, wide, thick);
      };
      context.globalAlpha = 0.85;
      for (const [at, row] of rows.entries()) bar(row, at, nameColour(services[row.span] ?? ''));
      context.globalAlpha = 1;
      for (const [at, row] of rows.entries()) if (failed[row.span]) bar(row, at, theme.bad);
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [rows, services, failed, durationNs, theme]);

  const timeAt = (event: PointerEvent): number => {
    const box = canvas.current?.getBoundingClientRect();
    return ((event.clientX - (box?.left ?? 0)) / Math.max(1, box?.width ?? 1)) * durationNs;
  };
  const share = (time: number) => 100 * Math.min(1, Math.max(0, time / durationNs));
  const [left, right] = [share(range.from), share(range.to)];
  return (
    <div
      className="relative cursor-ew-resize touch-none border-[var(--line)] border-b"
      style={{ height: HEIGHT }}
      data-testid="trace-minimap"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = timeAt(event);
        held.current = { at, range, moves: at >= range.from && at <= range.to && right - left < 98 };
      }}
      onPointerMove={(event) => {
        const drag = held.current;
        if (drag === null) return;
        const at = timeAt(event);
        if (drag.moves) onRange(panBy(drag.range, at - drag.at, { from: 0, to: durationNs }), false);
        else if (Math.abs(at - drag.at) > durationNs / 200)
          onRange({ from: Math.max(0, Math.min(at, drag.at)), to: Math.min(durationNs, Math.max(at, drag.at)) }, true);
      }}
      onPointerUp={() => {
        held.current = null;
      }}
      onPointerCancel={() => {
        held.current = null;
      }}
    >
      <canvas
        ref={canvas}
        role="img"
        aria-label="All spans of the trace; those with errors stand out"
        className="block h-full w-full"
      />
      <div
        aria-hidden="true"
        className="absolute inset-y-0 left-0 bg-[var(--bg)] opacity-60"
        style={{ width: `${left}%` }}
      />
      <div
        aria-hidden="true"
        className="absolute inset-y-0 right-0 bg-[var(--bg)] opacity-60"
        style={{ width: `${100 - right}%` }}
      />
      <div
        aria-hidden="true"
        className="absolute inset-y-0 border-[var(--accent)] border-x-2"
        style={{ left: `${left}%`, width: `max(3px, ${right - left}%)` }}
      />
    </div>
  );
}
