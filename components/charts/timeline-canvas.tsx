'use client';
/** Tracks of task attempts on a canvas: zoom, pan, keyboard. Drawn by the CPU, so it needs no GPU. */
import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { durationText, timeTicks } from '../../lib/chart/time-ticks.ts';
import { packColour } from '../../lib/chart/timeline-colours.ts';
import type { TimelineTracks } from '../../lib/chart/timeline-lanes.ts';
import { firstVisible, paintTracks, type TimeRange } from '../../lib/chart/timeline-raster.ts';
import { fitRange, neighbour, panBy, type Step, sliceAt, zoomAt } from '../../lib/chart/timeline-window.ts';

const ROW = 18;
const AXIS = 24;
const LABELS = 150;
const VIEW = 460;
const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

export interface TimelineCanvasProps {
  readonly tracks: TimelineTracks;
  readonly colours: Uint32Array;
  readonly functions: readonly string[];
  readonly states: readonly string[];
  readonly originNs: string;
  readonly range: TimeRange;
  /** -1: nothing selected. */
  readonly selected: number;
  readonly onRange: (range: TimeRange) => void;
  readonly onSelect: (slice: number) => void;
}

/** "tokenize, worker 2556 on sim-node-0, 1.42 s, 3.4x the median, FINISHED". */
function describe(props: TimelineCanvasProps, slice: number): string {
  const { tracks } = props;
  const track = tracks.trackOf[slice] ?? 0;
  const group = tracks.groups.find(({ first, last }) => track >= first && track < last);
  const of = tracks.functionIndex[slice] ?? 0;
  const duration = (tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0);
  const ratio = duration / (tracks.medianNs[of] ?? Number.NaN);
  const against = Number.isFinite(ratio) ? `, ${ratio.toFixed(1)}x the median` : '';
  const state = props.states[tracks.stateIndex[slice] ?? 0] ?? 'UNKNOWN';
  const where = `${tracks.tracks[track]?.label ?? ''} on ${group?.label ?? ''}`;
  return `${props.functions[of] ?? ''}, ${where}, ${durationText(duration)}${against}, ${state}`;
}

/** Colours of the theme that the canvas draws with. */
function themeOf(element: Element) {
  const style = getComputedStyle(element);
  const read = (name: string, preset: string) => style.getPropertyValue(name).trim() || preset;
  return {
    panel: read('--panel', '#0b131d'),
    line: read('--line', '#1d2b3a'),
    text: read('--text', '#dbe7f3'),
    muted: read('--muted', '#8fa3b8'),
    accent: read('--accent', '#5cc8ff'),
    bad: read('--bad', '#ff7a7a'),
  };
}

function drawTimeline(
  canvas: HTMLCanvasElement,
  props: TimelineCanvasProps,
  width: number,
  height: number,
  scrollTop: number,
  hover: number,
): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return;
  const { tracks, range } = props;
  const theme = themeOf(canvas);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.fillStyle = theme.panel;
  context.fillRect(0, 0, width, height);
  const plot = width - LABELS;
  const body = height - AXIS;
  const x = (time: number) => LABELS + ((time - range.from) / (range.to - range.from)) * plot;
  const first = Math.floor(scrollTop / ROW);
  const last = Math.min(tracks.tracks.length, Math.ceil((scrollTop + body) / ROW));
  const places = Array.from({ length: Math.max(0, last - first) }, (_, index) => ({
    track: first + index,
    top: (first + index) * ROW - scrollTop + 1,
    height: ROW - 3,
  }));
  const image = context.createImageData(plot, body);
  const pixels = new Uint32Array(image.data.buffer);
  const background = packColour(theme.panel);
  pixels.fill(background);
  const failure = packColour(theme.bad);
  paintTracks(
    tracks,
    places,
    range,
    { colours: props.colours, failure, background, runningEdge: background },
    pixels,
    plot,
  );
  context.putImageData(image, LABELS, AXIS);
  context.font = '11px Inter Variable, sans-serif';
  context.textBaseline = 'middle';
  context.fillStyle = theme.muted;
  context.strokeStyle = theme.line;
  for (const tick of timeTicks(BigInt(props.originNs), range.from, range.to, Math.max(2, Math.floor(plot / 110)))) {
    context.fillText(tick.label, x(tick.at) + 3, AXIS / 2);
    context.fillRect(Math.round(x(tick.at)), 4, 1, AXIS - 4);
  }
  for (const { track, top } of places) {
    const group = tracks.groups.find((each) => each.first === track);
    const own = tracks.tracks[track];
    context.fillStyle = theme.muted;
    if (own?.depth === 0) context.fillText(own.label, 8, AXIS + top + ROW / 2, LABELS - 14);
    if (group !== undefined) {
      context.fillStyle = theme.line;
      context.fillRect(0, AXIS + top - 1, width, 1);
      context.fillStyle = theme.text;
      if (own !== undefined) context.fillText(group.label, LABELS + 4, AXIS + top - 7 < AXIS ? -99 : AXIS + top - 7);
    }
  }
  const outline = (slice: number, colour: string, thick: number) => {
    if (slice < 0 || slice >= tracks.start.length) return;
    const top = AXIS + (tracks.trackOf[slice] ?? 0) * ROW - scrollTop;
    if (top < AXIS - ROW || top > height) return;
    const left = Math.max(LABELS, x(tracks.start[slice] ?? 0) - 1);
    const right = Math.min(width, Math.max(left + 3, x(tracks.end[slice] ?? 0) + 1));
    if (right <= LABELS || left >= width) return;
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.strokeRect(left, top + 0.5, right - left, ROW - 2);
  };
  context.save();
  context.beginPath();
  context.rect(LABELS, AXIS, plot, body);
  context.clip();
  context.fillStyle = '#06121d';
  for (const { track, top } of places) {
    let i = firstVisible(tracks, track, range.from);
    const stop = tracks.trackBegin[track + 1] ?? 0;
    // A label needs 44 px, so no more than plot / 44 of them are drawn; short slices end the walk early.
    for (let seen = 0; i < stop && seen < 200 && (tracks.start[i] ?? 0) < range.to; i++, seen++) {
      const left = Math.max(LABELS, x(tracks.start[i] ?? 0));
      const room = Math.min(width, x(tracks.end[i] ?? 0)) - left;
      const name = props.functions[tracks.functionIndex[i] ?? 0] ?? '';
      if (room > 44) context.fillText(name.slice(0, Math.floor((room - 8) / 6)), left + 4, AXIS + top + ROW / 2 - 1);
    }
  }
  outline(hover, theme.muted, 1);
  outline(props.selected, theme.accent, 2);
  context.restore();
}

/** One tab stop: arrows move between tasks, Enter opens, + - W S zoom, A D pan, 0 or F fits. */
export function TimelineCanvas(props: TimelineCanvasProps) {
  const { tracks, range, selected, onRange, onSelect } = props;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ x: number; range: TimeRange; moved: boolean } | null>(null);
  const [width, setWidth] = useState(900);
  const [scrollTop, setScrollTop] = useState(0);
  const [hover, setHover] = useState(-1);
  const [cursor, setCursor] = useState(-1);
  const height = Math.min(VIEW, tracks.tracks.length * ROW + AXIS + 8);
  const highest = Math.max(0, tracks.tracks.length * ROW + AXIS + 8 - height);
  const active = selected !== -1 ? selected : cursor;
  const spoken = useMemo(() => (active === -1 ? '' : describe(props, active)), [props, active]);

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(LABELS + 60, Math.floor(element.clientWidth))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (canvas.current === null) return;
      performance.mark('timeline-frame');
      drawTimeline(canvas.current, props, width, height, scrollTop, hover === -1 ? cursor : hover);
      performance.measure('timeline-draw', 'timeline-frame');
    });
    return () => cancelAnimationFrame(frame);
  });

  const timeAt = useCallback(
    (clientX: number) => {
      const left = canvas.current?.getBoundingClientRect().left ?? 0;
      return range.from + ((clientX - left - LABELS) / (width - LABELS)) * (range.to - range.from);
    },
    [range, width],
  );

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      const span = range.to - range.from;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) {
        onRange(zoomAt(range, timeAt(event.clientX), 1.0015 ** event.deltaY, tracks.extent));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        onRange(panBy(range, ((event.deltaX || event.deltaY) / width) * span, tracks.extent));
      } else if (highest > 0 && event.offsetX < LABELS) {
        setScrollTop((top) => Math.min(highest, Math.max(0, top + event.deltaY)));
      } else onRange(zoomAt(range, timeAt(event.clientX), 1.0015 ** event.deltaY, tracks.extent));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [range, width, highest, onRange, timeAt, tracks]);

  const under = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    const track = Math.floor((event.clientY - (box?.top ?? 0) - AXIS + scrollTop) / ROW);
    if (track < 0 || track >= tracks.tracks.length || event.clientX - (box?.left ?? 0) < LABELS) return -1;
    return sliceAt(tracks, track, timeAt(event.clientX), ((range.to - range.from) / width) * 2);
  };
  const reveal = (slice: number) => {
    setCursor(slice);
    onSelect(-1);
    const top = (tracks.trackOf[slice] ?? 0) * ROW;
    setScrollTop((now) => Math.min(highest, Math.min(top, Math.max(now, top - height + AXIS + ROW))));
    const middle = ((tracks.start[slice] ?? 0) + (tracks.end[slice] ?? 0)) / 2;
    if (middle < range.from || middle > range.to) {
      onRange(panBy(range, middle - (range.from + range.to) / 2, tracks.extent));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    const key = event.key.toLowerCase();
    const middle = (range.from + range.to) / 2;
    const span = range.to - range.from;
    if (step !== undefined && tracks.start.length > 0) {
      reveal(active === -1 ? firstVisible(tracks, 0, range.from) : neighbour(tracks, active, step));
    } else if (key === '+' || key === '=' || key === 'w') onRange(zoomAt(range, middle, 0.7, tracks.extent));
    else if (key === '-' || key === 's') onRange(zoomAt(range, middle, 1 / 0.7, tracks.extent));
    else if (key === 'a') onRange(panBy(range, -span * 0.2, tracks.extent));
    else if (key === 'd') onRange(panBy(range, span * 0.2, tracks.extent));
    else if (key === '0' || key === 'f') onRange(fitRange(tracks.extent));
    else if (key === 'enter' && cursor !== -1) onSelect(cursor);
    else if (key === 'escape') onSelect(-1);
    else return;
    event.preventDefault();
  };

  return (
    <div ref={holder} className="min-w-0 overflow-hidden">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: an application takes the keyboard */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label="Task timeline. Arrow keys move between tasks, Enter opens one, plus and minus zoom, A and D pan, 0 fits."
        className="block cursor-crosshair touch-pan-y"
        style={{ width, height }}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, range, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const held = drag.current;
          if (held === null) return setHover(under(event));
          const by = event.clientX - held.x;
          if (Math.abs(by) > 3) held.moved = true;
          const ns = (-by / (width - LABELS)) * (held.range.to - held.range.from);
          if (held.moved) onRange(panBy(held.range, ns, tracks.extent));
        }}
        onPointerUp={(event) => {
          const held = drag.current;
          drag.current = null;
          if (held !== null && !held.moved) onSelect(under(event));
        }}
        onPointerLeave={() => setHover(-1)}
      />
      <p aria-live="polite" className="min-h-7 truncate border-[var(--line)] border-t px-4 py-1 text-[var(--muted)]">
        {hover === -1 ? spoken : describe(props, hover)}
      </p>
    </div>
  );
}
