'use client';
/** All spans of a trace as one picture, the visible time as a brush: drag it, or drag a new one. */
import { type PointerEvent, useEffect, useRef } from 'react';
import { packColour } from '../../lib/chart/colour/timeline-colours.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { panBy } from '../../lib/chart/timeline/timeline-window.ts';
import type { TraceRaster } from '../../lib/chart/trace/trace-raster.ts';
import { useCanvasTheme } from './timeline-theme.ts';

export const MINIMAP_HEIGHT = 56;

export function TraceMinimap({
  raster,
  colourOf,
  durationNs,
  range,
  onRange,
}: {
  /** All rows, in drawing order. */
  raster: TraceRaster;
  /** Colour of a span, `#rrggbb`. */
  colourOf: (span: number) => string;
  durationNs: number;
  range: TimeRange;
  onRange: (range: TimeRange, gesture: 'zoom' | 'pan') => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<{ at: number; range: TimeRange; moves: boolean } | null>(null);
  const theme = useCanvasTheme();
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (element === null || context == null || theme === null) return;
    const { width, height, winner, failed } = raster;
    element.width = width;
    element.height = height;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const [background, bad] = [packColour(theme.panel), packColour(theme.bad)];
    for (let i = 0; i < pixels.length; i++) {
      const span = winner[i] ?? -1;
      pixels[i] = (failed[i] ?? -1) !== -1 ? bad : span === -1 ? background : packColour(colourOf(span));
    }
    context.putImageData(image, 0, 0);
  }, [raster, colourOf, theme]);

  const timeAt = (event: PointerEvent): number => {
    const box = canvas.current?.getBoundingClientRect();
    return ((event.clientX - (box?.left ?? 0)) / Math.max(1, box?.width ?? 1)) * durationNs;
  };
  const share = (time: number) => 100 * Math.min(1, Math.max(0, time / durationNs));
  const [left, right] = [share(range.from), share(range.to)];
  return (
    <div
      className="relative cursor-ew-resize touch-none border-[var(--line)] border-b"
      style={{ height: MINIMAP_HEIGHT }}
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
        if (drag.moves) onRange(panBy(drag.range, at - drag.at, { from: 0, to: durationNs }), 'pan');
        else if (Math.abs(at - drag.at) > durationNs / 200)
          onRange(
            { from: Math.max(0, Math.min(at, drag.at)), to: Math.min(durationNs, Math.max(at, drag.at)) },
            'zoom',
          );
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
        className="block h-full w-full [image-rendering:pixelated]"
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
