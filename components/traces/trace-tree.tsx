'use client';
/**
 * The spans of a trace as a tree beside their bars. Only the rows in view are in the document, all of one height, so half a
 * million of them scroll. Arrows walk the tree, the keys of the timeline move the time.
 */
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { runsOf } from '../../lib/analysis/critical-sums.ts';
import { traceRaster } from '../../lib/chart/trace/trace-raster.ts';
import { hidingRows, indexOfRow, visibleRows } from '../../lib/chart/trace/waterfall.ts';
import { ORPHAN, spanIdText } from '../../lib/model/trace-columns.ts';
import { axisKey, type TraceAxis, useAxisWheel } from '../charts/trace-axis-input.ts';
import { MINIMAP_HEIGHT, TraceMinimap } from '../charts/trace-minimap.tsx';
import type { TraceModel } from './trace-model.ts';
import { ROW_HEIGHT, TraceRow } from './trace-row.tsx';
import { TraceRuler } from './trace-ruler.tsx';

/** Rows drawn above and below what is in view. */
const BEYOND = 6;
const MINIMAP_WIDTH = 1024;
/** Parts of the critical path drawn in one row. */
const RUNS = 120;

export interface TraceTreeProps {
  readonly model: TraceModel;
  readonly axis: TraceAxis;
  readonly chosen: number;
  /** By row: 1 where what is below it is hidden. */
  readonly collapsed: Uint8Array;
  readonly matches: Uint8Array | null;
  readonly onlyPath: boolean;
  readonly onChoose: (span: number) => void;
  readonly onCollapse: (collapsed: Uint8Array) => void;
  readonly onKey: (key: string, shift: boolean) => boolean;
}

export function TraceTree({
  model,
  axis,
  chosen,
  collapsed,
  matches,
  onlyPath,
  onChoose,
  onCollapse,
  onKey,
}: TraceTreeProps) {
  const { columns, rows, path, parts, colours } = model;
  const scroller = useRef<HTMLDivElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, count: 40 });
  useAxisWheel(scroller, plot, axis, true);
  const visible = useMemo(
    () => visibleRows(rows, collapsed, onlyPath ? path.on : null),
    [rows, collapsed, onlyPath, path],
  );
  const raster = useMemo(() => traceRaster(columns, rows, MINIMAP_WIDTH, MINIMAP_HEIGHT), [columns, rows]);

  const measure = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - BEYOND);
    const count = Math.ceil(element.clientHeight / ROW_HEIGHT) + 2 * BEYOND;
    setView((before) => (before.first === first && before.count === count ? before : { first, count }));
  }, []);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [measure]);
  useEffect(() => {
    performance.mark('trace-filled');
  }, []);

  // What is chosen is opened and brought into view.
  const shown = useRef(-1);
  useLayoutEffect(() => {
    if (chosen === shown.current || chosen === -1) {
      shown.current = chosen;
      return;
    }
    const row = rows.rowOf[chosen] ?? -1;
    const hiding = hidingRows(rows, collapsed, row);
    if (hiding.length > 0) {
      const open = collapsed.slice();
      for (const each of hiding) open[each] = 0;
      onCollapse(open);
      return;
    }
    shown.current = chosen;
    const element = scroller.current;
    const at = indexOfRow(visible, row);
    if (element === null || visible[at] !== row) return;
    const top = at * ROW_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = top + ROW_HEIGHT - element.clientHeight;
  }, [chosen, rows, collapsed, visible, onCollapse]);

  const collapse = (row: number, isCollapsed: boolean): void => {
    const next = collapsed.slice();
    next[row] = isCollapsed ? 1 : 0;
    onCollapse(next);
  };
  const newest = useRef({ rows, collapsed, collapse, onChoose });
  newest.current = { rows, collapsed, collapse, onChoose };
  const choose = useCallback((span: number) => newest.current.onChoose(span), []);
  const toggle = useCallback((span: number) => {
    const row = newest.current.rows.rowOf[span] ?? -1;
    newest.current.collapse(row, newest.current.collapsed[row] !== 1);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = chosen === -1 ? -1 : (rows.rowOf[chosen] ?? -1);
    const at = row === -1 ? -1 : indexOfRow(visible, row);
    const to = (index: number): void => {
      const next = visible[Math.min(visible.length - 1, Math.max(0, index))];
      if (next !== undefined) onChoose(rows.span[next] ?? -1);
    };
    const hasChildren = row !== -1 && (rows.last[row] ?? row) > row;
    if (event.key === 'ArrowDown') to(at + 1);
    else if (event.key === 'ArrowUp') to(at - 1);
    else if (event.key === 'PageDown') to(at + 15);
    else if (event.key === 'PageUp') to(at - 15);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(visible.length - 1);
    else if (event.key === 'ArrowRight' && hasChildren) {
      if (collapsed[row] === 1) collapse(row, false);
      else to(at + 1);
    } else if (event.key === 'ArrowLeft' && row !== -1) {
      if (hasChildren && collapsed[row] !== 1) collapse(row, true);
      else if ((rows.up[row] ?? -1) >= 0) onChoose(rows.span[rows.up[row] ?? 0] ?? -1);
    } else if (!onKey(event.key, event.shiftKey) && !axisKey(event.key.toLowerCase(), axis)) return;
    event.preventDefault();
  };

  const { from, to } = axis.range;
  const percent = (ns: number): number => (100 * ns) / (to - from);
  const litOf = (span: number): string =>
    path.on[span] !== 1
      ? ''
      : runsOf(path, parts, span, from, to, RUNS)
          .map((run) => `${percent(run.from - from).toFixed(3)} ${percent(run.to - run.from).toFixed(3)}`)
          .join(',');
  const inView = visible.subarray(view.first, Math.min(visible.length, view.first + view.count));
  const chosenId = chosen === -1 ? undefined : `span-${spanIdText(columns.id[chosen] ?? 0n)}`;
  return (
    <>
      <TraceMinimap
        raster={raster}
        colourOf={colours.of}
        durationNs={axis.extent.to}
        range={axis.range}
        onRange={axis.onRange}
      />
      <TraceRuler axis={axis} plot={plot} />
      <div
        ref={scroller}
        role="tree"
        tabIndex={0}
        aria-label="Spans. Arrows walk the tree, N goes to the next error, C along the critical path, plus and minus zoom, A and D pan, F fits."
        aria-activedescendant={chosenId}
        className="max-h-[62vh] overflow-y-auto overflow-x-hidden focus-visible:outline-offset-[-2px]"
        onKeyDown={onKeyDown}
        onScroll={measure}
      >
        <div role="presentation" className="relative" style={{ height: visible.length * ROW_HEIGHT }}>
          {Array.from(inView, (row, i) => {
            const span = rows.span[row] ?? 0;
            return (
              <TraceRow
                key={span}
                id={`span-${spanIdText(columns.id[span] ?? 0n)}`}
                span={span}
                top={(view.first + i) * ROW_HEIGHT}
                depth={rows.depth[row] ?? 0}
                descendants={(rows.last[row] ?? row) - row}
                name={columns.names[columns.name[span] ?? 0] ?? ''}
                durationNs={columns.duration[span] ?? 0}
                colour={colours.of(span)}
                isFailed={columns.failed[span] === 1}
                isOrphan={columns.parent[span] === ORPHAN}
                isTask={columns.isTask[span] === 1}
                hasNoEnd={columns.noEnd[span] === 1}
                isChosen={span === chosen}
                isDim={matches !== null && matches[span] !== 1}
                isOnPath={path.on[span] === 1}
                isCollapsed={collapsed[row] === 1}
                left={percent((columns.start[span] ?? 0) - from)}
                length={percent(columns.duration[span] ?? 0)}
                lit={litOf(span)}
                onChoose={choose}
                onToggle={toggle}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}
