'use client';
/**
 * Heat map on a canvas: one tab stop, never one DOM node per cell. The picture is painted when data, size or theme
 * change; hover, cursor and selection are thin boxes above it.
 */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import {
  binAt,
  binWindow,
  cellAt,
  type HeatCell,
  type HeatMapModel,
  heatRowHeight,
  heatX,
} from '../../lib/chart/heat-map/heat-map.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import { drawHeatMap, HEAT_AXIS, HEAT_LABELS } from './heat-map-draw.ts';
import { CursorLine, setSharedCursor } from './shared-cursor.tsx';

const VIEW = 420;
const DRAG_PX = 5;

export interface HeatSelection {
  readonly rowId: string;
  /** Unix ms, half-open; null: the row alone. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface HeatMapProps {
  readonly label: string;
  readonly model: HeatMapModel;
  readonly selection: HeatSelection | null;
  readonly onSelect: (selection: HeatSelection) => void;
  /** Called with the window dragged over, Unix ms. */
  readonly onWindow: (fromMs: number, toMs: number) => void;
  /** A cell in one line, for the live text. */
  readonly describe: (cell: HeatCell) => string;
  readonly tooltip: (cell: HeatCell) => ReactNode;
}

const MOVES: Readonly<Record<string, readonly [row: number, bin: number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};
const clamp = (value: number, most: number): number => Math.max(0, Math.min(most, value));

export function HeatMap(props: HeatMapProps) {
  const { model, selection, onSelect, onWindow } = props;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  const [hover, setHover] = useState<HeatCell | null>(null);
  const [active, setActive] = useState<HeatCell | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const labels = width < 560 ? 96 : HEAT_LABELS;
  const plot = Math.max(1, width - labels);
  const rowHeight = heatRowHeight(model.rows.length, VIEW);
  const height = model.rows.length * rowHeight + HEAT_AXIS;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const size = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    size.observe(element);
    return () => size.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || width === 0) return;
    const draw = () => drawHeatMap(element, model, { width, height, rowHeight, labels });
    draw();
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => theme.disconnect();
  }, [model, width, height, rowHeight, labels]);

  const pointOf = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0) - labels, y: event.clientY - (box?.top ?? 0) - HEAT_AXIS };
  };
  const timeAt = (x: number): number => model.startMs + (clamp(x, plot) / plot) * model.stepMs * model.count;
  const choose = (cell: HeatCell | null) => {
    const row = cell && model.rows[cell.row];
    if (!cell || !row) return;
    const [fromMs, toMs] = binWindow(model, cell.bin);
    onSelect({ rowId: row.id, fromMs, toMs });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = ownValue(MOVES, event.key);
    if (event.key === 'Enter') choose(active);
    else if (event.key === 'Escape') setActive(null);
    else if (move) {
      const from = active ?? { row: 0, bin: model.count - 1 };
      const next = active
        ? { row: clamp(from.row + move[0], model.rows.length - 1), bin: clamp(from.bin + move[1], model.count - 1) }
        : from;
      setActive(next);
      const top = HEAT_AXIS + next.row * rowHeight;
      const seen = scroller.current;
      if (seen)
        seen.scrollTop = Math.min(top - HEAT_AXIS, Math.max(seen.scrollTop, top + rowHeight - seen.clientHeight));
      setSharedCursor(binWindow(model, next.bin)[0] + model.stepMs / 2);
    } else return;
    event.preventDefault();
  };

  const shown = hover ?? active;
  const selectedRow = selection ? model.rows.findIndex((row) => row.id === selection.rowId) : -1;
  const box = (row: number, fromMs: number, toMs: number) => {
    const left = clamp(heatX(model, fromMs, plot), plot);
    return {
      left: labels + left,
      width: Math.max(3, clamp(heatX(model, toMs, plot), plot) - left),
      top: HEAT_AXIS + row * rowHeight,
      height: rowHeight,
    };
  };
  const cellBox = (cell: HeatCell) => box(cell.row, ...binWindow(model, cell.bin));

  return (
    <div ref={holder} className="relative min-w-0">
      <section
        ref={scroller}
        className="max-h-[480px] overflow-x-hidden overflow-y-auto"
        aria-label={`${props.label}, rows`}
      >
        <div className="relative" style={{ height }}>
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: an application takes the keyboard */}
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            aria-label={`${props.label}. Arrow keys move between cells, Enter selects one; drag over a span to zoom.`}
            className="block cursor-crosshair touch-pan-y"
            style={{ width, height }}
            onKeyDown={onKeyDown}
            onBlur={() => setActive(null)}
            onPointerDown={(event) => {
              if (event.button !== 0) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              setDrag({ from: pointOf(event).x, to: pointOf(event).x });
            }}
            onPointerMove={(event) => {
              const point = pointOf(event);
              setHover(cellAt(model, point, { width: plot, rowHeight }));
              setSharedCursor(point.x >= 0 ? timeAt(point.x) : null);
              if (drag) setDrag({ ...drag, to: point.x });
            }}
            onPointerUp={(event) => {
              const held = drag;
              setDrag(null);
              if (!held) return;
              if (Math.abs(held.to - held.from) > DRAG_PX) {
                const [from, to] = [timeAt(Math.min(held.from, held.to)), timeAt(Math.max(held.from, held.to))];
                if (to - from >= model.stepMs) onWindow(from, to);
              } else if (pointOf(event).x < 0) {
                const row = model.rows[Math.floor(pointOf(event).y / rowHeight)];
                if (row) onSelect({ rowId: row.id, fromMs: null, toMs: null });
              } else choose(cellAt(model, pointOf(event), { width: plot, rowHeight }));
            }}
            onPointerCancel={() => setDrag(null)}
            onPointerLeave={() => {
              setHover(null);
              setSharedCursor(null);
            }}
          />
          <CursorLine fromMs={model.startMs} toMs={model.startMs + model.stepMs * model.count} left={labels} />
          {selectedRow >= 0 ? (
            <Outline box={box(selectedRow, model.startMs, model.startMs + model.stepMs * model.count)} faint />
          ) : null}
          {selectedRow >= 0 &&
          selection?.fromMs != null &&
          selection.toMs !== null &&
          binAt(model, selection.fromMs) >= 0 ? (
            <Outline box={box(selectedRow, selection.fromMs, selection.toMs)} />
          ) : null}
          {active ? <Outline box={cellBox(active)} /> : null}
          {drag && Math.abs(drag.to - drag.from) > DRAG_PX ? (
            <div
              aria-hidden="true"
              className="pointer-events-none absolute inset-y-0 bg-[var(--accent)] opacity-20"
              style={{
                left: labels + clamp(Math.min(drag.from, drag.to), plot),
                width: Math.abs(clamp(drag.to, plot) - clamp(drag.from, plot)),
              }}
            />
          ) : null}
        </div>
      </section>
      {hover && !drag ? (
        <div
          aria-hidden="true"
          className="pointer-events-none absolute z-10 w-max max-w-72 rounded border border-[var(--line)] bg-[var(--panel-2)] px-3 py-2 text-[12px] shadow-lg"
          style={tooltipLocation(cellBox(hover), width, scroller.current?.scrollTop ?? 0)}
        >
          {props.tooltip(hover)}
        </div>
      ) : null}
      <p aria-live="polite" className="min-h-7 truncate border-[var(--line)] border-t px-4 py-1 text-[var(--muted)]">
        {shown ? props.describe(shown) : 'Point at a cell, or use the arrow keys; Enter shows what ran there then.'}
      </p>
    </div>
  );
}

interface Box {
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
}

function Outline({ box, faint = false }: { box: Box; faint?: boolean }) {
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute border-2"
      style={{ ...box, borderColor: faint ? 'color-mix(in srgb, var(--accent) 55%, transparent)' : 'var(--accent)' }}
    />
  );
}

/** Beside the cell, on the side with more room; below its row, as scrolled. */
function tooltipLocation(box: Box, width: number, scrolled: number): Record<string, number> {
  const top = box.top - scrolled + box.height + 6;
  return box.left > width / 2 ? { top, right: width - box.left + 8 } : { top, left: box.left + box.width + 8 };
}
