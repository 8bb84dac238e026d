'use client';
/** All lanes of a job as one strip, with the visible window as a brush: drag it, or drag a new one. */
import { type PointerEvent, useEffect, useMemo, useRef } from 'react';
import { mixColours, packColour } from '../../lib/chart/colour/timeline-colours.ts';
import { paintDensity, type TrackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { fitRange, panBy } from '../../lib/chart/timeline/timeline-window.ts';
import { useCanvasTheme } from './timeline-theme.ts';

const HEIGHT = 40;

export function TimelineMinimap({
  extent,
  lanes,
  densityOf,
  range,
  width,
  labels,
  onRange,
}: {
  extent: TimeRange;
  lanes: number;
  /** Density of all lanes over a range, one value per pixel; the same function for the same data. */
  densityOf: (range: TimeRange, width: number) => TrackDensity;
  range: TimeRange;
  width: number;
  labels: number;
  onRange: (range: TimeRange | null, gesture: 'zoom' | 'pan') => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<{ at: number; range: TimeRange; moves: boolean } | null>(null);
  const theme = useCanvasTheme();
  const plot = Math.max(2, width - labels);
  const all = useMemo(() => fitRange(extent), [extent]);
  const density = useMemo(() => densityOf(all, Math.floor(plot)), [densityOf, all, plot]);
  useEffect(() => {
    const context = canvas.current?.getContext('2d', { alpha: false });
    if (canvas.current === null || context == null || theme === null) return;
    canvas.current.width = Math.floor(plot);
    canvas.current.height = HEIGHT;
    const image = new ImageData(Math.floor(plot), HEIGHT);
    const pixels = new Uint32Array(image.data.buffer);
    const background = packColour(theme.panel);
    pixels.fill(background);
    const colour = mixColours(packColour(theme.accent), background, 0.3);
    const paint = { colour, failure: packColour(theme.bad) };
    paintDensity(density, { top: 4, height: HEIGHT - 6 }, paint, pixels, Math.floor(plot));
    context.putImageData(image, 0, 0);
  }, [density, plot, theme]);

  const timeAt = (event: PointerEvent): number => {
    const left = canvas.current?.getBoundingClientRect().left ?? 0;
    return all.from + ((event.clientX - left) / plot) * (all.to - all.from);
  };
  const share = (time: number) => Math.min(1, Math.max(0, (time - all.from) / (all.to - all.from)));
  const [left, right] = [share(range.from) * plot, share(range.to) * plot];
  return (
    <div className="flex border-[var(--line)] border-b" style={{ height: HEIGHT }}>
      <div className="flex shrink-0 items-center px-2 pl-5 text-[11px] text-[var(--muted)]" style={{ width: labels }}>
        <span className="truncate">{lanes.toLocaleString('en-US')} lanes</span>
      </div>
      <div
        className="relative min-w-0 flex-1 cursor-ew-resize touch-none"
        data-testid="timeline-minimap"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = timeAt(event);
          const inside = at >= range.from && at <= range.to && right - left < plot * 0.98;
          held.current = { at, range, moves: inside };
        }}
        onPointerMove={(event) => {
          const drag = held.current;
          if (drag === null) return;
          const at = timeAt(event);
          if (drag.moves) onRange(panBy(drag.range, at - drag.at, extent), 'pan');
          else if (Math.abs(at - drag.at) > ((all.to - all.from) / plot) * 3)
            onRange({ from: Math.min(at, drag.at), to: Math.max(at, drag.at) }, 'zoom');
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
          aria-label="Share of lanes that are busy over the whole job, failures at the foot"
          className="block h-full w-full"
        />
        <div
          aria-hidden="true"
          className="absolute inset-y-0 left-0 bg-[var(--bg)] opacity-60"
          style={{ width: left }}
        />
        <div
          aria-hidden="true"
          className="absolute inset-y-0 right-0 bg-[var(--bg)] opacity-60"
          style={{ width: Math.max(0, plot - right) }}
        />
        <div
          aria-hidden="true"
          className="absolute inset-y-0 border-[var(--accent)] border-x-2"
          style={{ left, width: Math.max(3, right - left) }}
        />
      </div>
    </div>
  );
}
