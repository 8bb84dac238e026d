'use client';
/** Lanes of task attempts on a canvas: zoom, pan, pick, keyboard. Drawn by the CPU, so it needs no GPU. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { offsetToMs } from '../../lib/chart/timeline/timeline-instant.ts';
import { AXIS_HEIGHT, FOOT, rowAt, rowsBetween, tallestLanes } from '../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange, WideRun } from '../../lib/chart/timeline/timeline-raster.ts';
import { panBy, sliceAt } from '../../lib/chart/timeline/timeline-window.ts';
import { FirstPicture, forgetFirstPicture } from './first-picture.tsx';
import { CursorLine, setSharedCursor } from './shared-cursor.tsx';
import { type TimelineJump, useTimelineInput } from './timeline-input.ts';
import { drawOverlay } from './timeline-paint.ts';
import { SlicePainter } from './timeline-painter.ts';
import type { Frame, Marks, TimelineScene } from './timeline-scene.ts';
import { useCanvasTheme } from './timeline-theme.ts';

export interface TimelineCanvasProps {
  readonly scene: TimelineScene;
  readonly range: TimeRange;
  /** Width in CSS px of the whole, and of the labels at its left. */
  readonly width: number;
  readonly labels: number;
  /** Slice the keyboard is on, -1: none. */
  readonly focus: number;
  /** What the focus means, where its number changes with the slices that are loaded: brought into view once each. */
  readonly focusKey?: object | null;
  readonly onRange: (range: TimeRange | null, gesture: 'zoom' | 'pan') => void;
  readonly onFocus: (slice: number) => void;
  readonly onSelect: (slice: number) => void;
  /** A node was folded or unfolded; only where the scene folds. */
  readonly onFold?: (nodeId: string) => void;
  readonly onJump: (to: TimelineJump) => void;
  /** The tracks in view changed: first, and one past the last. */
  readonly onTracks?: (first: number, last: number) => void;
  /** The slice in words, and the lines to show beside the pointer. */
  readonly words: (slice: number) => string;
  readonly lines: (slice: number) => readonly string[];
}

const HELP =
  'Task timeline. Arrow keys move between tasks, Enter opens one, plus and minus zoom, A and D pan, F fits, N goes to the next failure, L to the longest, I to the longest idle gap, M twice measures, Escape leaves.';

export function TimelineCanvas(props: TimelineCanvasProps) {
  const { scene, range, width, labels, focus, onRange, onFocus, onSelect, onFold } = props;
  const { tracks, layout } = scene;
  const scroller = useRef<HTMLDivElement>(null);
  const slices = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const theme = useCanvasTheme();
  const [scrollTop, setScrollTop] = useState(0);
  const [pointer, setPointer] = useState<{ readonly x: number; readonly y: number } | null>(null);
  const [tallest, setTallest] = useState(520);
  const [isFilled, setIsFilled] = useState(false);
  const content = layout.height + AXIS_HEIGHT + FOOT;
  const height = Math.min(content, tallest);
  const plot = Math.max(1, width - labels);

  useEffect(() => {
    if (isFilled) forgetFirstPicture();
  }, [isFilled]);
  useEffect(() => {
    const measure = () => setTallest(tallestLanes(window.innerHeight));
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);

  const under = (x: number, y: number): number => {
    const row = layout.rows[rowAt(layout, y - AXIS_HEIGHT + scrollTop)];
    if (y < AXIS_HEIGHT || x < labels || row === undefined || row.track === -1) return -1;
    const time = range.from + ((x - labels) / plot) * (range.to - range.from);
    return sliceAt(tracks, row.track, time, ((range.to - range.from) / plot) * 2);
  };
  const { box, measure, handlers } = useTimelineInput(overlay, {
    tracks,
    range,
    labels,
    plot,
    focus,
    onRange,
    onFocus,
    onPick: onSelect,
    onFold: (y) => {
      const row = layout.rows[rowAt(layout, y - AXIS_HEIGHT + scrollTop)];
      const group = row?.track === -1 ? tracks.groups[row.group] : undefined;
      if (group !== undefined && y >= AXIS_HEIGHT) onFold?.(group.nodeId);
      else onSelect(-1);
    },
    onPoint: (at) => {
      setPointer(at);
      const inside = at !== null && at.x >= labels;
      const time = inside ? range.from + ((at.x - labels) / plot) * (range.to - range.from) : 0;
      setSharedCursor(inside ? offsetToMs(time, scene.originNs) : null);
    },
    onLeave: () => {
      if (scene.selected !== -1) onSelect(-1);
      else overlay.current?.blur();
    },
    onJump: props.onJump,
    sliceAt: under,
    scrollBy: (pixels) => scroller.current?.scrollBy({ top: pixels, behavior: 'instant' }),
  });

  // What the keyboard or a jump goes to is brought into view.
  const shown = focus === -1 ? scene.selected : focus;
  const shownKey = (focus === -1 ? null : props.focusKey) ?? shown;
  const lastShown = useRef<object | number>(-1);
  useEffect(() => {
    if (shown === -1 || shownKey === lastShown.current) return;
    lastShown.current = shownKey;
    const row = layout.rows[layout.rowOfTrack[tracks.trackOf[shown] ?? 0] ?? 0];
    const element = scroller.current;
    if (row !== undefined && element !== null) {
      const room = height - AXIS_HEIGHT - row.height;
      if (row.top < element.scrollTop) element.scrollTop = Math.max(0, row.top - 22);
      else if (row.top > element.scrollTop + room) element.scrollTop = row.top - room + 22;
    }
    const [from, to] = [tracks.start[shown] ?? 0, tracks.end[shown] ?? 0];
    if (to < range.from || from > range.to)
      onRange(
        panBy(
          range,
          (from + Math.min(to, from + (range.to - range.from))) / 2 - (range.from + range.to) / 2,
          tracks.extent,
        ),
        'pan',
      );
  }, [shown, shownKey, layout, tracks, height, range, onRange]);

  const { onTracks } = props;
  useEffect(() => {
    if (onTracks === undefined) return;
    const inView = rowsBetween(layout, scrollTop, scrollTop + height - AXIS_HEIGHT).filter(({ track }) => track !== -1);
    onTracks(inView[0]?.track ?? 0, (inView.at(-1)?.track ?? -1) + 1);
  }, [onTracks, layout, scrollTop, height]);

  const frame: Frame | null = useMemo(
    () =>
      width < 2
        ? null
        : {
            range,
            scrollTop,
            width,
            height,
            labels,
            scale: Math.min(2, globalThis.devicePixelRatio ?? 1),
          },
    [range, scrollTop, width, height, labels],
  );
  // Looked up in what is drawn now: slices change under a pointer that rests.
  const hover = pointer === null ? -1 : under(pointer.x, pointer.y);
  const marks: Marks = useMemo(() => ({ hover, focus, box, measure }), [hover, focus, box, measure]);
  const painter = useRef<SlicePainter | null>(null);
  const painted = useRef<(() => void) | null>(null);
  const marksNow = useRef(marks);
  useEffect(() => {
    painter.current = new SlicePainter();
    return () => {
      painter.current?.close();
      painter.current = null;
    };
  }, []);
  useEffect(() => {
    const request = requestAnimationFrame(() => {
      const canvas = slices.current;
      if (canvas === null || theme === null || frame === null) return;
      const onPainted = (runs: readonly WideRun[], workMs: number) => {
        // Text follows the frame that is on the canvas, not the one that is asked for meanwhile.
        const draw = () => {
          if (overlay.current !== null) drawOverlay(overlay.current, scene, frame, marksNow.current, theme, runs);
        };
        const began = performance.now();
        draw();
        painted.current = draw;
        performance.measure('timeline-draw', { start: began, duration: workMs + performance.now() - began });
        if (tracks.start.length > 0) {
          performance.mark('timeline-filled');
          setIsFilled(true);
        }
      };
      painter.current?.paint({ canvas, scene, frame, theme, onPainted });
    });
    return () => cancelAnimationFrame(request);
  }, [scene, frame, theme, tracks]);
  useEffect(() => {
    marksNow.current = marks;
    const request = requestAnimationFrame(() => painted.current?.());
    return () => cancelAnimationFrame(request);
  }, [marks]);

  const measured =
    measure === null || measure.from === measure.to
      ? ''
      : `${durationText(Math.abs(measure.to - measure.from))} between both points`;
  const spoken = [measured, focus === -1 ? '' : props.words(focus)].filter(Boolean).join('. ');
  const lines = pointer === null || hover === -1 ? [] : props.lines(hover);
  return (
    <div className="relative">
      <div
        ref={scroller}
        className="overflow-y-auto overflow-x-hidden overscroll-contain"
        style={{ height }}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div style={{ height: content }}>
          <div className="sticky top-0" style={{ height, width }}>
            <canvas ref={slices} className="absolute inset-0" style={{ width, height }} />
            {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: an application takes the keyboard */}
            <canvas
              ref={overlay}
              tabIndex={0}
              role="application"
              aria-label={HELP}
              aria-roledescription="timeline"
              className="absolute inset-0 cursor-crosshair touch-pan-y focus-visible:outline-offset-[-2px]"
              style={{ width, height }}
              {...handlers}
              onPointerLeave={() => {
                handlers.onPointerLeave();
                setSharedCursor(null);
              }}
            />
            {isFilled ? null : <FirstPicture />}
            <CursorLine
              fromMs={offsetToMs(range.from, scene.originNs)}
              toMs={offsetToMs(range.to, scene.originNs)}
              left={labels}
            />
          </div>
        </div>
      </div>
      {pointer === null || lines.length === 0 ? null : (
        <div
          aria-hidden="true"
          className="pointer-events-none absolute z-10 max-w-80 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2.5 py-1.5 text-[12px] leading-[17px] shadow-[0_6px_24px_rgb(0_0_0/0.45)]"
          style={{
            left: Math.max(4, Math.min(pointer.x + 14, width - 330)),
            ...(pointer.y > height - 110 ? { bottom: height - pointer.y + 12 } : { top: pointer.y + 16 }),
          }}
        >
          {lines.map((line, i) => (
            <div key={line} className={i === 0 ? 'truncate font-medium' : 'truncate text-[var(--muted)]'}>
              {line}
            </div>
          ))}
        </div>
      )}
      <p aria-live="polite" data-testid="timeline-spoken" className="sr-only">
        {spoken}
      </p>
    </div>
  );
}
