/**
 * What hands do on the time axis of a trace, as on the timeline: wheel and pinch of a touchpad zoom at the cursor, drag and
 * shift-wheel pan, shift-drag selects, double click shows all. Over the rows the wheel scrolls, and zooms only with Ctrl or Cmd.
 */
import { type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { panBy, zoomAt } from '../../lib/chart/timeline/timeline-window.ts';

export interface TraceAxis {
  readonly range: TimeRange;
  readonly extent: TimeRange;
  readonly onRange: (range: TimeRange | null, gesture: 'zoom' | 'pan') => void;
}

/** Zooms and pans by key; false where the key means nothing here. */
export function axisKey(key: string, { range, extent, onRange }: TraceAxis): boolean {
  const span = range.to - range.from;
  const middle = (range.from + range.to) / 2;
  if (key === '+' || key === '=' || key === 'w') onRange(zoomAt(range, middle, 0.7, extent), 'zoom');
  else if (key === '-' || key === 's') onRange(zoomAt(range, middle, 1 / 0.7, extent), 'zoom');
  else if (key === 'a') onRange(panBy(range, -span * 0.2, extent), 'pan');
  else if (key === 'd') onRange(panBy(range, span * 0.2, extent), 'pan');
  else if (key === 'f' || key === '0') onRange(null, 'zoom');
  else return false;
  return true;
}

/** `plot`: the element that is as wide as the time axis. `surface`: where the wheel zooms; `needsKey` for surfaces that scroll. */
export function useAxisWheel(
  surface: RefObject<HTMLElement | null>,
  plot: RefObject<HTMLElement | null>,
  axis: TraceAxis,
  needsKey: boolean,
): void {
  const newest = useRef(axis);
  newest.current = axis;
  useEffect(() => {
    const element = surface.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      const { range, extent, onRange } = newest.current;
      const box = plot.current?.getBoundingClientRect();
      const isZoom = event.ctrlKey || event.metaKey;
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (box === undefined || box.width < 2 || (needsKey && !isZoom && !isSideways)) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      if (isSideways && !isZoom) {
        const moved = (event.deltaX || event.deltaY) * lines;
        onRange(panBy(range, (moved / box.width) * (range.to - range.from), extent), 'pan');
      } else {
        const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        const anchor = range.from + share * (range.to - range.from);
        // A touchpad's pinch comes as small steps with Ctrl.
        onRange(zoomAt(range, anchor, (event.ctrlKey ? 1.008 : 1.0022) ** (event.deltaY * lines), extent), 'zoom');
      }
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [surface, plot, needsKey]);
}

/** Handlers of the ruler, and the box being drawn on it. */
export function useAxisDrag(plot: RefObject<HTMLElement | null>, axis: TraceAxis) {
  const held = useRef<{ readonly x: number; readonly range: TimeRange; readonly selects: boolean } | null>(null);
  const [box, setBox] = useState<TimeRange | null>(null);
  const share = (x: number): number => {
    const bounds = plot.current?.getBoundingClientRect();
    return bounds === undefined ? 0 : Math.min(1, Math.max(0, (x - bounds.left) / Math.max(1, bounds.width)));
  };
  const timeAt = (x: number, range: TimeRange): number => range.from + share(x) * (range.to - range.from);
  const boxTo = (x: number): TimeRange | null => {
    const drag = held.current;
    if (drag === null) return null;
    const [one, two] = [timeAt(drag.x, drag.range), timeAt(x, drag.range)];
    return { from: Math.min(one, two), to: Math.max(one, two) };
  };
  return {
    box,
    handlers: {
      onPointerDown: (event: PointerEvent) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { x: event.clientX, range: axis.range, selects: event.shiftKey };
      },
      onPointerMove: (event: PointerEvent) => {
        const drag = held.current;
        if (drag === null) return;
        if (drag.selects) setBox(boxTo(event.clientX));
        else {
          const moved = (share(drag.x) - share(event.clientX)) * (drag.range.to - drag.range.from);
          if (moved !== 0) axis.onRange(panBy(drag.range, moved, axis.extent), 'pan');
        }
      },
      onPointerUp: (event: PointerEvent) => {
        const selected = held.current?.selects ? boxTo(event.clientX) : null;
        held.current = null;
        setBox(null);
        if (selected !== null && selected.to - selected.from > (axis.range.to - axis.range.from) / 200)
          axis.onRange(selected, 'zoom');
      },
      onPointerCancel: () => {
        held.current = null;
        setBox(null);
      },
      onDoubleClick: () => axis.onRange(null, 'zoom'),
    },
  };
}
