'use client';
/** One trace: toolbar, tree or lanes, the chosen span beside them. The visible time and the choice stand in the address. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { panBy } from '../../lib/chart/timeline/timeline-window.ts';
import { stepRow } from '../../lib/chart/trace/waterfall.ts';
import { indexOfSpan, spanIdText } from '../../lib/model/trace-columns.ts';
import type { TraceAxis } from '../charts/trace-axis-input.ts';
import { Panel } from '../ui/panel.tsx';
import { SpanDetails } from './span-details.tsx';
import { useTraceAddress } from './trace-address.ts';
import { TraceLanes } from './trace-lanes.tsx';
import { type TraceModel, useTraceMatches } from './trace-model.ts';
import { TracePath } from './trace-path.tsx';
import { TraceToolbar } from './trace-toolbar.tsx';
import { TraceTree } from './trace-tree.tsx';

const count = (value: number): string => value.toLocaleString('en-US');
const LEGEND = 8;

export function TraceWaterfall({ model }: { model: TraceModel }) {
  const { columns, rows, path, colours } = model;
  const total = Math.max(1, columns.durationNs);
  const address = useTraceAddress(total);
  const { query, set, range, setRange } = address;
  const [held, setHeld] = useState<{ readonly rows: typeof rows; readonly collapsed: Uint8Array } | null>(null);
  const collapsed = useMemo(
    () => (held?.rows === rows ? held.collapsed : new Uint8Array(rows.span.length)),
    [held, rows],
  );
  const setCollapsed = useCallback((next: Uint8Array) => setHeld({ rows, collapsed: next }), [rows]);
  const matches = useTraceMatches(model, query.find);
  const chosen = useMemo(() => indexOfSpan(columns, query.span), [columns, query.span]);
  const onlyPath = query.critical === '1';
  const axis = useMemo(
    (): TraceAxis => ({ range, extent: { from: 0, to: total }, onRange: setRange }),
    [range, total, setRange],
  );
  const choose = useCallback(
    (span: number) => void set({ span: span < 0 ? '' : spanIdText(columns.id[span] ?? 0n) }),
    [columns, set],
  );

  const find = useCallback((name: string) => void set({ find: name }), [set]);

  // A step may lead out of the visible time: the window follows.
  const newest = useRef(axis);
  newest.current = axis;
  const goTo = (span: number): void => {
    if (span < 0) return;
    choose(span);
    const { range: seen, extent } = newest.current;
    const [start, end] = [columns.start[span] ?? 0, (columns.start[span] ?? 0) + (columns.duration[span] ?? 0)];
    if (end < seen.from || start > seen.to)
      setRange(
        panBy(seen, (start + Math.min(end, start + seen.to - seen.from)) / 2 - (seen.from + seen.to) / 2, extent),
        'pan',
      );
  };
  const step = (way: 1 | -1, passes: (span: number) => boolean): void => {
    const row = stepRow(rows, chosen === -1 ? -1 : (rows.rowOf[chosen] ?? -1), way, passes);
    goTo(row === -1 ? -1 : (rows.span[row] ?? -1));
  };
  const steps = {
    match: (way: 1 | -1) => step(way, (span) => matches.flags?.[span] === 1),
    error: (way: 1 | -1) => step(way, (span) => columns.failed[span] === 1),
    path: (way: 1 | -1) => step(way, (span) => (path.selfNs[span] ?? 0) > 0),
  };
  const onKey = (key: string, shift: boolean): boolean => {
    const way = shift ? -1 : 1;
    if (key.toLowerCase() === 'n') steps.error(way);
    else if (key.toLowerCase() === 'c') steps.path(way);
    else if (key === 'Escape') choose(-1);
    else return false;
    return true;
  };
  useEffect(() => {
    if (onlyPath && chosen !== -1 && path.on[chosen] !== 1) choose(-1);
  }, [onlyPath, chosen, path, choose]);

  const closeAll = (): void => {
    const next = new Uint8Array(rows.span.length);
    for (let row = 0; row < next.length; row++)
      if ((rows.depth[row] ?? 0) > 0 && (rows.last[row] ?? row) > row) next[row] = 1;
    setCollapsed(next);
  };
  const legend = colours.legend;
  return (
    <>
      {columns.omitted === 0 ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ {count(columns.omitted)} later spans of this trace are not shown: X-Ray draws the first{' '}
          {count(columns.id.length)}.
        </p>
      )}
      <TraceToolbar
        model={model}
        address={address}
        matches={matches}
        steps={steps}
        onOpenAll={() => setCollapsed(new Uint8Array(rows.span.length))}
        onCloseAll={closeAll}
      />
      {matches.error === null ? null : (
        <p role="alert" className="text-[var(--bad)]">
          ✕ Not searched: {matches.error}
        </p>
      )}
      <div className={chosen === -1 ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_26rem]'}>
        <Panel
          title={`${count(columns.id.length)} spans, ${durationText(total)}`}
          actions={
            <ul aria-label="Colours" className="flex flex-wrap gap-x-4 text-[12px]">
              {legend.slice(0, LEGEND).map(({ label, colour }) => (
                <li key={label} className="inline-flex max-w-52 items-center gap-1.5">
                  <span
                    aria-hidden="true"
                    className="inline-block size-2.5 shrink-0 rounded-[2px]"
                    style={{ background: colour }}
                  />
                  <span className="truncate">{label || 'unnamed'}</span>
                </li>
              ))}
              {legend.length > LEGEND ? (
                <li className="text-[var(--muted)]">and {count(legend.length - LEGEND)} more</li>
              ) : null}
              {query.as === 'lanes' ? null : (
                <li className="inline-flex items-center gap-1.5">
                  <span aria-hidden="true" className="inline-block h-[3px] w-4 bg-[var(--text)]" />
                  critical path
                </li>
              )}
            </ul>
          }
          flush
        >
          <TracePath model={model} onFind={find} />
          {query.as === 'lanes' ? (
            <TraceLanes
              model={model}
              axis={axis}
              chosen={chosen}
              lit={matches.flags ?? (onlyPath ? path.on : null)}
              onChoose={choose}
            />
          ) : (
            <TraceTree
              model={model}
              axis={axis}
              chosen={chosen}
              collapsed={collapsed}
              matches={matches.flags}
              onlyPath={onlyPath}
              onChoose={choose}
              onCollapse={setCollapsed}
              onKey={onKey}
            />
          )}
        </Panel>
        {chosen === -1 ? null : (
          <SpanDetails
            traceId={model.traceId}
            spanId={query.span}
            traceStartNs={columns.startNs}
            known={model.fullOf(chosen)}
            criticalNs={path.selfNs[chosen] ?? 0}
            onClose={() => choose(-1)}
          />
        )}
      </div>
    </>
  );
}
