'use client';
import { useState } from 'react';
import { durationText } from '../../lib/chart/time-ticks.ts';
import { type TraceSummaryWire, tracesRoute } from '../../lib/contract/traces.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
/** Traces: search by service, span name, attributes, duration and errors. */
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

const control = 'rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1';

const COLUMNS: readonly Column<TraceSummaryWire>[] = [
  {
    key: 'name',
    title: 'Trace',
    sort: (trace) => trace.rootName,
    cell: (trace) => (
      <Link href={`/traces/${trace.traceId}`}>{trace.rootName === '' ? trace.traceId : trace.rootName}</Link>
    ),
  },
  { key: 'service', title: 'Services', cell: (trace) => trace.services.join(', ') },
  {
    key: 'start',
    title: 'Start (UTC)',
    sort: (trace) => Number(BigInt(trace.startNs) / 1000n),
    cell: (trace) => new Date(Number(BigInt(trace.startNs) / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' '),
  },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (trace) => Number(trace.durationNs),
    cell: (trace) => durationText(Number(trace.durationNs)),
  },
  { key: 'spans', title: 'Spans', align: 'right', sort: (trace) => trace.spans, cell: (trace) => trace.spans },
  {
    key: 'errors',
    title: 'Errors',
    sort: (trace) => trace.errors,
    cell: (trace) => (trace.errors === 0 ? '0' : <StatusPill tone="bad">{`${trace.errors} errors`}</StatusPill>),
  },
  {
    key: 'complete',
    title: 'Root',
    cell: (trace) => (trace.complete ? 'arrived' : <StatusPill tone="warn">not arrived</StatusPill>),
  },
];

export function TracesPage() {
  const [service, setService] = useState('');
  const [name, setName] = useState('');
  const [attributes, setAttributes] = useState('');
  const [least, setLeast] = useState('');
  const [errors, setErrors] = useState(false);
  const answer = useApi(tracesRoute, {
    ...(service === '' ? {} : { service }),
    ...(name === '' ? {} : { name }),
    ...(attributes.includes('=') ? { attributes } : {}),
    ...(Number(least) > 0 ? { minDurationMs: Number(least) } : {}),
    ...(errors ? { errors: 'true' } : {}),
  });
  const data = answer.data;
  return (
    <div className="space-y-4">
      <h1 className="font-semibold text-lg">Traces</h1>
      <search className="flex flex-wrap items-center gap-2">
        <select
          aria-label="Service"
          className={control}
          value={service}
          onChange={(event) => setService(event.target.value)}
        >
          <option value="">All services</option>
          {(data?.services ?? []).map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <input
          aria-label="Span name"
          placeholder="Span name"
          className={control}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <input
          aria-label="Attributes"
          placeholder="key=value && key=value"
          className={control}
          value={attributes}
          onChange={(event) => setAttributes(event.target.value)}
        />
        <input
          aria-label="Least duration in ms"
          placeholder="min ms"
          inputMode="decimal"
          className={`${control} w-24`}
          value={least}
          onChange={(event) => setLeast(event.target.value)}
        />
        <label className="flex items-center gap-1">
          <input type="checkbox" checked={errors} onChange={(event) => setErrors(event.target.checked)} />
          With errors
        </label>
      </search>
      <Panel title={data === undefined ? 'Traces' : `${data.matched.toLocaleString('en-US')} traces`} flush>
        {data === undefined ? (
          answer.error ? (
            <ErrorState title="No traces" detail={answer.error.message} onRetry={() => void answer.refetch()} />
          ) : (
            <Skeleton />
          )
        ) : data.traces.length === 0 ? (
          <EmptyState title="No trace matches">X-Ray receives OTLP over HTTP at /v1/traces.</EmptyState>
        ) : (
          <DataTable label="Traces" columns={COLUMNS} rows={data.traces} rowKey={(trace) => trace.traceId} />
        )}
      </Panel>
    </div>
  );
}
