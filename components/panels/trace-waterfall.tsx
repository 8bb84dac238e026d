'use client';
/**
 * The spans of one trace as a tree beside their bars. Rows are virtual, so that 100,000 spans scroll. Arrows walk the
 * tree, N goes to the next error; the visible time and the chosen span stand in the address.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, Maximize2, Search } from 'lucide-react';
import { parseAsString, useQueryStates } from 'nuqs';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { durationText } from '../../lib/chart/time-ticks.ts';
import { nameColour } from '../../lib/chart/timeline-colours.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { hidingSpans, stepRow, visibleRows, waterfallRows } from '../../lib/chart/waterfall.ts';
import type { SpanWireValue, TraceWire } from '../../lib/contract/traces.ts';
import { TraceMinimap } from '../charts/trace-minimap.tsx';
import { Panel } from '../ui/panel.tsx';
import { SpanDetails } from './span-details.tsx';
import { ROW_HEIGHT, TraceRow, TraceRuler } from './trace-row.tsx';

const control =
  'inline-flex h-8 items-center gap-1.5 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 hover:border-[var(--muted)] disabled:opacity-45';

/** Offsets in ns, `from-to`. */
function readView(text: string, total: number): TimeRange {
  const [, from, to] = /^(\d{1,16})-(\d{1,16})$/.exec(text) ?? [];
  const range = { from: Number(from ?? 0), to: Number(to ?? total) };
  return range.to > range.from ? range : { from: 0, to: total };
}

function holds(span: SpanWireValue, wanted: string): boolean {
  if (span.name.toLowerCase().includes(wanted) || span.spanId === wanted) return true;
  const [key, value] = wanted.split('=');
  return Object.entries(span.attributes).some(([name, held]) =>
    value === undefined
      ? held.toLowerCase().includes(wanted)
      : name.toLowerCase() === key && held.toLowerCase() === value,
  );
}

export function TraceWaterfall({ trace }: { trace: TraceWire }) {
  const [query, setQuery] = useQueryStates(
    { span: parseAsString.withDefault(''), view: parseAsString.withDefault(''), find: parseAsString.withDefault('') },
    { history: 'replace', throttleMs: 150 },
  );
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set());
  const scroller = useRef<HTMLDivElement>(null);
  const all = useMemo(() => waterfallRows(trace.spans, trace.startNs), [trace]);
  const rows = useMemo(() => visibleRows(all, collapsed), [all, collapsed]);
  const services = useMemo(() => trace.spans.map(({ serviceName }) => serviceName), [trace]);
  const failed = useMemo(() => trace.spans.map(({ statusCode }) => statusCode === 'Error'), [trace]);
  const total = Math.max(1, Number(trace.durationNs));
  const range = readView(query.view, total);
  const errors = failed.filter(Boolean).length;
  const wanted = query.find.trim().toLowerCase();
  const matches = useMemo(
    () => (wanted === '' ? null : new Set(trace.spans.flatMap((span, i) => (holds(span, wanted) ? [i] : [])))),
    [trace, wanted],
  );
  const chosen = useMemo(() => trace.spans.findIndex(({ spanId }) => spanId === query.span), [trace, query.span]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 14,
  });
  const toShow = useRef<number>(chosen);
  useEffect(() => {
    if (toShow.current === -1) return;
    const at = rows.findIndex((row) => row.span === toShow.current);
    if (at !== -1) virtual.scrollToIndex(at, { align: 'auto' });
    toShow.current = -1;
  });

  const choose = (span: number) => void setQuery({ span: trace.spans[span]?.spanId ?? '' });
  /** Chooses a span, opens what hides it and brings it into view. */
  const goTo = (span: number) => {
    if (span === -1) return;
    const hiding = hidingSpans(all, collapsed, span);
    if (hiding.length > 0) setCollapsed(new Set([...collapsed].filter((each) => !hiding.includes(each))));
    toShow.current = span;
    choose(span);
  };
  const step = (way: 1 | -1, passes: (span: number) => boolean) => {
    const from = all.findIndex((row) => row.span === chosen);
    goTo(all[stepRow(all, from === -1 && way === -1 ? 0 : from, way, passes)]?.span ?? -1);
  };
  const toggle = (span: number, open?: boolean) => {
    const next = new Set(collapsed);
    if (open === true || (open === undefined && next.has(span))) next.delete(span);
    else next.add(span);
    setCollapsed(next);
  };
  const zoom = (next: TimeRange, isStep: boolean) =>
    void setQuery(
      {
        view: next.from <= 0 && next.to >= total ? '' : `${Math.round(Math.max(0, next.from))}-${Math.round(next.to)}`,
      },
      { history: isStep && query.view === '' ? 'push' : 'replace' },
    );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = rows.findIndex((row) => row.span === chosen);
    const row = rows[at];
    const to = (index: number) => goTo(rows[Math.min(rows.length - 1, Math.max(0, index))]?.span ?? -1);
    if (event.key === 'ArrowDown') to(at + 1);
    else if (event.key === 'ArrowUp') to(at - 1);
    else if (event.key === 'PageDown') to(at + 15);
    else if (event.key === 'PageUp') to(at - 15);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(rows.length - 1);
    else if (event.key === 'ArrowRight' && row !== undefined && row.descendants > 0) {
      if (collapsed.has(row.span)) toggle(row.span, true);
      else to(at + 1);
    } else if (event.key === 'ArrowLeft' && row !== undefined) {
      if (row.descendants > 0 && !collapsed.has(row.span)) toggle(row.span, false);
      else to(rows.findLastIndex((each, i) => i < at && each.depth < row.depth));
    } else if (event.key === 'n') step(1, (span) => failed[span] === true);
    else if (event.key === 'Escape') void setQuery({ span: '' });
    else return;
    event.preventDefault();
  };
  const picked = trace.spans[chosen];
  return (
    <>
      {trace.omitted === 0 ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ {trace.omitted.toLocaleString('en-US')} later spans of this trace are not shown: X-Ray draws the first{' '}
          {trace.spans.length.toLocaleString('en-US')}.
        </p>
      )}
      <div role="toolbar" aria-label="Trace" className="flex flex-wrap items-center gap-2">
        <label className={`${control} focus-within:border-[var(--accent)]`}>
          <Search aria-hidden="true" size={14} className="text-[var(--muted)]" />
          <input
            aria-label="Find in this trace"
            placeholder="Name, value or key=value"
            className="w-44 bg-transparent outline-none placeholder:text-[var(--muted)]"
            value={query.find}
            onChange={(event) => void setQuery({ find: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && matches !== null) step(event.shiftKey ? -1 : 1, (span) => matches.has(span));
            }}
          />
          <output className="min-w-14 whitespace-nowrap text-right text-[12px] text-[var(--muted)]">
            {matches === null ? '' : `${matches.size.toLocaleString('en-US')} found`}
          </output>
        </label>
        <button
          type="button"
          aria-label="Match before"
          className={control}
          disabled={!matches?.size}
          onClick={() => step(-1, (span) => matches?.has(span) ?? false)}
        >
          <ChevronUp aria-hidden="true" size={14} />
        </button>
        <button
          type="button"
          aria-label="Next match"
          className={control}
          disabled={!matches?.size}
          onClick={() => step(1, (span) => matches?.has(span) ?? false)}
        >
          <ChevronDown aria-hidden="true" size={14} />
        </button>
        <button
          type="button"
          className={control}
          disabled={errors === 0}
          onClick={() => step(1, (span) => failed[span] === true)}
        >
          <span aria-hidden="true" className="text-[var(--bad)]">
            ✕
          </span>
          Next error <span className="text-[var(--muted)]">{errors.toLocaleString('en-US')}</span>
        </button>
        <span className="ml-auto inline-flex gap-2">
          <button type="button" className={control} onClick={() => setCollapsed(new Set())}>
            <ChevronsUpDown aria-hidden="true" size={14} /> Open all
          </button>
          <button
            type="button"
            className={control}
            onClick={() =>
              setCollapsed(new Set(all.filter((row) => row.descendants > 0 && row.depth > 0).map((row) => row.span)))
            }
          >
            <ChevronsDownUp aria-hidden="true" size={14} /> Close all
          </button>
          <button
            type="button"
            className={control}
            disabled={query.view === ''}
            onClick={() => void setQuery({ view: '' }, { history: 'push' })}
          >
            <Maximize2 aria-hidden="true" size={13} /> Fit
          </button>
        </span>
      </div>
      <div className={picked === undefined ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_26rem]'}>
        <Panel
          title={`${trace.spans.length.toLocaleString('en-US')} spans, ${durationText(total)}`}
          actions={
            <ul aria-label="Services" className="flex flex-wrap gap-x-4 text-[12px]">
              {trace.services.map((service) => (
                <li key={service} className="inline-flex items-center gap-1.5">
                  <span
                    aria-hidden="true"
                    className="inline-block size-2.5 rounded-[2px]"
                    style={{ background: nameColour(service) }}
                  />
                  {service}
                </li>
              ))}
            </ul>
          }
          flush
        >
          <TraceMinimap
            rows={all}
            services={services}
            failed={failed}
            durationNs={total}
            range={range}
            onRange={zoom}
          />
          <TraceRuler range={range} />
          <div
            ref={scroller}
            role="tree"
            tabIndex={0}
            aria-label="Spans. Arrows walk the tree, N goes to the next error."
            aria-activedescendant={picked === undefined ? undefined : `span-${picked.spanId}`}
            className="max-h-[62vh] overflow-y-auto overflow-x-hidden focus-visible:outline-offset-[-2px]"
            onKeyDown={onKeyDown}
          >
            <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
              {virtual.getVirtualItems().map((item) => {
                const row = rows[item.index];
                const span = row === undefined ? undefined : trace.spans[row.span];
                if (row === undefined || span === undefined) return null;
                return (
                  <TraceRow
                    key={row.span}
                    row={row}
                    span={span}
                    top={item.start}
                    range={range}
                    isChosen={row.span === chosen}
                    isDim={matches !== null && !matches.has(row.span)}
                    isCollapsed={collapsed.has(row.span)}
                    onChoose={() => choose(row.span)}
                    onToggle={() => toggle(row.span)}
                  />
                );
              })}
            </div>
          </div>
        </Panel>
        {picked === undefined ? null : (
          <SpanDetails trace={trace} span={picked} onClose={() => void setQuery({ span: '' })} />
        )}
      </div>
    </>
  );
}
