'use client';
/** Traces, newest first: search by service, span name, attributes, duration, errors and time. The search is the address. */
import { ChevronRight, Search } from 'lucide-react';
import { parseAsBoolean, parseAsString, useQueryStates } from 'nuqs';
import { useEffect, useState } from 'react';
import { nameColour } from '../../lib/chart/colour/timeline-colours.ts';
import { formatTimestamp } from '../../lib/chart/format/number-format.ts';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { tracesAddress } from '../../lib/contract/requests/addresses.ts';
import type { TraceSummaryWire } from '../../lib/contract/traces.ts';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useApi } from '../queries/api-client.ts';
import { useTimeWindow } from '../shell/time-window.tsx';
import { TimeWindowControl } from '../shell/time-window-control.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

const control =
  'h-8 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 placeholder:text-[var(--muted)] hover:border-[var(--muted)]';
const text = parseAsString.withDefault('');
const SEARCH = {
  service: text,
  name: text,
  attributes: text,
  min: text,
  errors: parseAsBoolean.withDefault(false),
  cursor: text,
};
const PAGE = 50;

function columns(longestNs: number): readonly Column<TraceSummaryWire>[] {
  return [
    {
      key: 'name',
      title: 'Trace',
      sort: (trace) => trace.rootName,
      cell: (trace) => (
        <Link href={`/traces/${trace.traceId}`} className="block max-w-96 truncate">
          {trace.rootName === '' ? trace.traceId : trace.rootName}
        </Link>
      ),
    },
    {
      key: 'service',
      title: 'Services',
      cell: (trace) => (
        <span className="flex max-w-80 gap-3 overflow-hidden">
          {trace.services.map((service) => (
            <span key={service} className="inline-flex items-center gap-1.5">
              <span
                aria-hidden="true"
                className="inline-block size-2 rounded-full"
                style={{ background: nameColour(service) }}
              />
              {service}
            </span>
          ))}
        </span>
      ),
    },
    {
      key: 'start',
      title: 'Start (UTC)',
      sort: (trace) => Number(BigInt(trace.startNs) / 1000n),
      cell: (trace) => formatTimestamp(trace.startNs),
    },
    {
      key: 'duration',
      title: 'Duration',
      align: 'right',
      sort: (trace) => Number(trace.durationNs),
      cell: (trace) => (
        <span className="ml-auto flex w-40 items-center justify-end gap-2">
          <span aria-hidden="true" className="h-1.5 flex-1 overflow-hidden rounded-full bg-[var(--panel-2)]">
            <span
              className="block h-full bg-[var(--accent)]"
              style={{ width: `${Math.max(1.5, (100 * Number(trace.durationNs)) / longestNs)}%` }}
            />
          </span>
          <span className="w-16">{durationText(Number(trace.durationNs))}</span>
        </span>
      ),
    },
    {
      key: 'spans',
      title: 'Spans',
      align: 'right',
      sort: (trace) => trace.spans,
      cell: (trace) => trace.spans.toLocaleString('en-US'),
    },
    {
      key: 'errors',
      title: 'Errors',
      align: 'right',
      sort: (trace) => trace.errors,
      cell: (trace) =>
        trace.errors === 0 ? (
          <span className="text-[var(--muted)]">0</span>
        ) : (
          <StatusPill tone="bad">{trace.errors.toLocaleString('en-US')}</StatusPill>
        ),
    },
    {
      key: 'complete',
      title: 'Root',
      sort: (trace) => (trace.complete ? 1 : 0),
      cell: (trace) =>
        trace.complete ? (
          <span className="text-[var(--muted)]">arrived</span>
        ) : (
          <StatusPill tone="warn">not arrived</StatusPill>
        ),
    },
  ];
}

/** A value that follows what is typed when the hand rests. */
function useRested<Value>(value: Value): Value {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), 250);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

export function TracesPage() {
  const [query, setQuery] = useQueryStates(SEARCH, { history: 'replace' });
  const window = useTimeWindow();
  const requested = useRested(query);
  const set = (next: Partial<Record<'service' | 'name' | 'attributes' | 'min', string>> & { errors?: boolean }) =>
    void setQuery({ ...next, cursor: '' });
  const hasBadAttributes =
    requested.attributes !== '' && requested.attributes.split('&&').some((part) => !/^[^=]+=/.test(part.trim()));
  const answer = useApi(tracesAddress, {
    ...(requested.service === '' ? {} : { service: requested.service }),
    ...(requested.name === '' ? {} : { name: requested.name }),
    ...(requested.attributes === '' || hasBadAttributes ? {} : { attributes: requested.attributes }),
    ...(Number(requested.min) > 0 ? { minDurationMs: Number(requested.min) } : {}),
    ...(requested.errors ? { errors: 'true' as const } : {}),
    ...(window.live ? {} : { from: String(Math.round(window.fromMs)), to: String(Math.round(window.toMs)) }),
    ...(requested.cursor === '' ? {} : { cursor: requested.cursor }),
    limit: PAGE,
  });
  const { data } = answer;
  const isFiltered =
    query.service !== '' ||
    query.name !== '' ||
    query.attributes !== '' ||
    query.min !== '' ||
    query.errors ||
    !window.live;
  const longest = Math.max(1, ...(data?.traces ?? []).map((trace) => Number(trace.durationNs)));
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h1 className="font-semibold text-lg">Traces</h1>
        <TimeWindowControl />
      </div>
      <SourceNotices notices={data?.notices ?? []} />
      <search className="flex flex-wrap items-center gap-2">
        <select
          aria-label="Service"
          className={`${control} max-w-48`}
          value={query.service}
          onChange={(event) => set({ service: event.target.value })}
        >
          <option value="">All services</option>
          {[...new Set([...(data?.services ?? []), ...(query.service === '' ? [] : [query.service])])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <label className={`${control} flex items-center gap-1.5 focus-within:border-[var(--accent)]`}>
          <Search aria-hidden="true" size={14} className="text-[var(--muted)]" />
          <input
            aria-label="Span name"
            placeholder="Span name"
            className="w-44 bg-transparent outline-none placeholder:text-[var(--muted)]"
            value={query.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        </label>
        <input
          aria-label="Attributes"
          aria-invalid={hasBadAttributes}
          placeholder="key=value && key=value"
          className={`${control} mono w-64 aria-invalid:border-[var(--warn)]`}
          value={query.attributes}
          onChange={(event) => set({ attributes: event.target.value })}
        />
        <label className="flex items-center gap-1.5 text-[var(--muted)]">
          at least
          <input
            aria-label="Least duration in ms"
            inputMode="decimal"
            className={`${control} w-20 text-right text-[var(--text)]`}
            value={query.min}
            onChange={(event) => set({ min: event.target.value })}
          />
          ms
        </label>
        <label className="flex items-center gap-1.5">
          <input type="checkbox" checked={query.errors} onChange={(event) => set({ errors: event.target.checked })} />
          Errors only
        </label>
        {isFiltered ? (
          <button
            type="button"
            className={control}
            onClick={() => {
              set({ service: '', name: '', attributes: '', min: '', errors: false });
              if (!window.live) window.setLive();
            }}
          >
            Clear
          </button>
        ) : null}
        {hasBadAttributes ? (
          <span role="status" className="text-[12px] text-[var(--warn)]">
            ▲ not used yet: write key=value
          </span>
        ) : null}
      </search>
      <Panel
        title={data === undefined ? 'Traces' : `${data.matched.toLocaleString('en-US')} traces`}
        actions={
          <span className="flex gap-2">
            {query.cursor === '' ? null : (
              <button
                type="button"
                className={control}
                onClick={() => void setQuery({ cursor: '' }, { history: 'push' })}
              >
                Newest
              </button>
            )}
            <button
              type="button"
              className={`${control} inline-flex items-center gap-1 disabled:opacity-45`}
              disabled={!data?.nextCursor}
              onClick={() => void setQuery({ cursor: data?.nextCursor ?? '' }, { history: 'push' })}
            >
              Older <ChevronRight aria-hidden="true" size={14} />
            </button>
          </span>
        }
        flush
      >
        {data === undefined ? (
          answer.error ? (
            <ErrorState
              title={answer.error.problem.title}
              detail={answer.error.message}
              onRetry={() => void answer.refetch()}
            />
          ) : (
            <Skeleton rows={10} />
          )
        ) : data.traces.length === 0 ? (
          isFiltered || query.cursor !== '' ? (
            <EmptyState title="No trace matches">Widen the time window, or clear the search.</EmptyState>
          ) : (
            <EmptyState title="No span has arrived">
              X-Ray receives OTLP over HTTP at /v1/traces (protobuf and JSON). <Link href="/sources">Sources</Link> says
              how to point an exporter at it.
            </EmptyState>
          )
        ) : (
          <DataTable label="Traces" columns={columns(longest)} rows={data.traces} rowKey={(trace) => trace.traceId} />
        )}
      </Panel>
      {answer.error && data !== undefined ? (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed: {answer.error.message}
        </p>
      ) : null}
    </div>
  );
}
