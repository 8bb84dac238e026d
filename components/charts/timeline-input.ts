/**
 * What hands do on a timeline, as windows and picks. Wheel and pinch zoom at the cursor; drag, shift-wheel and sideways
 * wheels pan; shift-drag draws a box that becomes the window, alt-drag (or M twice) measures between two points; a click picks.
 * Over the labels the wheel scrolls the lanes.
 */
import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { TimelineTracks } from '../../lib/chart/timeline/timeline-lanes.ts';
import { firstVisible, type TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { neighbour, panBy, type Step, zoomAt } from '../../lib/chart/timeline/timeline-window.ts';
import { ownValue } from '../../lib/model/own-value.ts';

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const CLICK_PIXELS = 4;

export type TimelineJump = 'failure' | 'longest' | 'gap';

export interface TimelineHands {
  readonly tracks: TimelineTracks;
  readonly range: TimeRange;
  /** CSS pixels: the plot begins `labels` from the left and is `plot` wide. */
  readonly labels: number;
  readonly plot: number;
  readonly focus: number;
  readonly onRange: (range: TimeRange | null, gesture: 'zoom' | 'pan') => void;
  /** The keyboard went to a slice. */
  readonly onFocus: (slice: number) => void;
  readonly onPick: (slice: number) => void;
  readonly onFold: (y: number) => void;
  readonly onPoint: (at: { readonly x: number; readonly y: number } | null) => void;
  readonly onLeave: () => void;
  readonly onJump: (to: TimelineJump) => void;
  /** Slice under a place, CSS pixels from the canvas' corner; -1: none. */
  readonly sliceAt: (x: number, y: number) => number;
  readonly scrollBy: (pixels: number) => void;
}

interface Held {
  readonly x: number;
  readonly y: number;
  readonly range: TimeRange;
  readonly does: 'pan' | 'box' | 'measure';
  lastY: number;
  moved: boolean;
}

export function useTimelineInput(canvas: RefObject<HTMLCanvasElement | null>, hands: TimelineHands) {
  const newest = useRef(hands);
  newest.current = hands;
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const held = useRef<Held | null>(null);
  const pinch = useRef<{ span: number; range: TimeRange; anchor: number } | null>(null);
  const [box, setBox] = useState<TimeRange | null>(null);
  /** Two points in time; one where only the first is set. */
  const [measure, setMeasure] = useState<TimeRange | null>(null);

  const timeAt = (x: number, range = newest.current.range): number =>
    range.from + ((x - newest.current.labels) / newest.current.plot) * (range.to - range.from);
  const location = (event: { clientX: number; clientY: number }) => {
    const corner = canvas.current?.getBoundingClientRect();
    return { x: event.clientX - (corner?.left ?? 0), y: event.clientY - (corner?.top ?? 0) };
  };

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      const { range, tracks, labels, plot, onRange } = newest.current;
      if (event.offsetX < labels && !event.shiftKey && !event.ctrlKey) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        onRange(panBy(range, ((sideways * lines) / plot) * (range.to - range.from), tracks.extent), 'pan');
      } else {
        const anchor = range.from + ((event.offsetX - labels) / plot) * (range.to - range.from);
        onRange(zoomAt(range, anchor, 1.0022 ** (event.deltaY * lines), tracks.extent), 'zoom');
      }
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [canvas]);

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const at = location(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, at);
    const [one, two] = [...pointers.current.values()];
    if (one !== undefined && two !== undefined) {
      held.current = null;
      const middle = timeAt((one.x + two.x) / 2);
      pinch.current = { span: Math.max(10, Math.abs(one.x - two.x)), range: newest.current.range, anchor: middle };
      return;
    }
    const isInside = at.x >= newest.current.labels;
    const does = isInside && event.shiftKey ? 'box' : isInside && event.altKey ? 'measure' : 'pan';
    held.current = { x: at.x, y: at.y, range: newest.current.range, does, lastY: at.y, moved: false };
  };

  const onPointerMove = (event: PointerEvent) => {
    const at = location(event);
    const { tracks, plot, onRange, onPoint, scrollBy } = newest.current;
    if (pointers.current.has(event.pointerId)) pointers.current.set(event.pointerId, at);
    const [one, two] = [...pointers.current.values()];
    if (pinch.current !== null && one !== undefined && two !== undefined) {
      const span = Math.max(10, Math.abs(one.x - two.x));
      const zoomed = zoomAt(pinch.current.range, pinch.current.anchor, pinch.current.span / span, tracks.extent);
      const drift = pinch.current.anchor - timeAt((one.x + two.x) / 2, zoomed);
      onRange(panBy(zoomed, drift, tracks.extent), 'zoom');
      return;
    }
    const drag = held.current;
    if (drag === null) return onPoint(at);
    if (Math.hypot(at.x - drag.x, at.y - drag.y) > CLICK_PIXELS) drag.moved = true;
    if (!drag.moved) return;
    if (drag.does === 'box') return setBox({ from: timeAt(drag.x), to: timeAt(at.x) });
    if (drag.does === 'measure') return setMeasure({ from: timeAt(drag.x), to: timeAt(at.x) });
    onPoint(null);
    onRange(panBy(drag.range, ((drag.x - at.x) / plot) * (drag.range.to - drag.range.from), tracks.extent), 'pan');
    if (event.pointerType === 'mouse') scrollBy(drag.lastY - at.y);
    drag.lastY = at.y;
  };

  const release = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    pinch.current = null;
    const drag = held.current;
    held.current = null;
    setBox(null);
    return drag;
  };

  const onPointerUp = (event: PointerEvent) => {
    const at = location(event);
    const pinched = pinch.current !== null;
    const drag = release(event);
    if (drag === null || pinched) return;
    const { onPick, onFold, onRange, sliceAt, labels } = newest.current;
    if (drag.does === 'measure' && drag.moved) return;
    if (drag.does === 'box' && drag.moved) {
      const [from, to] = [timeAt(Math.min(drag.x, at.x)), timeAt(Math.max(drag.x, at.x))];
      if (to > from) onRange({ from, to }, 'zoom');
    } else if (!drag.moved) {
      const slice = sliceAt(at.x, at.y);
      if (slice !== -1 && at.x >= labels) onPick(slice);
      else onFold(at.y);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { tracks, range, focus, onRange, onFocus, onPick, onLeave, onJump } = newest.current;
    const step = ownValue(STEPS, event.key);
    const key = event.key.toLowerCase();
    const middle = focus === -1 ? (range.from + range.to) / 2 : (tracks.start[focus] ?? 0);
    const anchor = middle >= range.from && middle <= range.to ? middle : (range.from + range.to) / 2;
    const span = range.to - range.from;
    if (step !== undefined && event.shiftKey) {
      if (step === 'left' || step === 'right')
        onRange(panBy(range, step === 'left' ? -span * 0.2 : span * 0.2, tracks.extent), 'pan');
    } else if (step !== undefined && tracks.start.length > 0) {
      const first = Math.min(tracks.start.length - 1, firstVisible(tracks, 0, range.from));
      onFocus(focus === -1 ? first : neighbour(tracks, focus, step));
    } else if (key === '+' || key === '=' || key === 'w') onRange(zoomAt(range, anchor, 0.7, tracks.extent), 'zoom');
    else if (key === '-' || key === 's') onRange(zoomAt(range, anchor, 1 / 0.7, tracks.extent), 'zoom');
    else if (key === 'a') onRange(panBy(range, -span * 0.2, tracks.extent), 'pan');
    else if (key === 'd') onRange(panBy(range, span * 0.2, tracks.extent), 'pan');
    else if (key === '0' || key === 'f' || key === 'home') onRange(null, 'zoom');
    else if (key === 'end') onRange(panBy(range, tracks.extent.to - range.to, tracks.extent), 'pan');
    else if (key === 'n') onJump('failure');
    else if (key === 'l') onJump('longest');
    else if (key === 'i') onJump('gap');
    else if (key === 'm') {
      // The first point is the start of the attempt the keyboard is on, the second the end of the one it went to.
      const [start, end] = focus === -1 ? [middle, middle] : [tracks.start[focus] ?? 0, tracks.end[focus] ?? 0];
      const isOpen = measure !== null && measure.from === measure.to;
      setMeasure(isOpen ? { from: measure.from, to: end } : { from: start, to: start });
    } else if (key === 'escape' && measure !== null) setMeasure(null);
    else if (key === 'enter' && focus !== -1) onPick(focus);
    else if (key === 'escape') onLeave();
    else return;
    event.preventDefault();
  };

  return {
    box,
    measure,
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerCancel: (event: PointerEvent) => void release(event),
      onPointerLeave: () => newest.current.onPoint(null),
      onDoubleClick: () => newest.current.onRange(null, 'zoom'),
      onKeyDown,
    },
  };
}
