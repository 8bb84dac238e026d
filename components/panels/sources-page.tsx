'use client';
import { useEffect, useState } from 'react';
import { UNKNOWN } from '../../lib/chart/number-format.ts';
import { healthRoute, type SourceHealthWire } from '../../lib/contract/health.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
/** Health of every source, and how to connect one. */
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Record<SourceHealthWire['state'], Tone> = {
  up: 'ok',
  degraded: 'warn',
  down: 'bad',
  waiting: 'quiet',
  found: 'busy',
  off: 'quiet',
};
const moment = (iso: string | null): string => (iso ? iso.slice(0, 19).replace('T', ' ') : UNKNOWN);

const COLUMNS: readonly Column<SourceHealthWire>[] = [
  { key: 'id', title: 'Source', sort: (row) => row.id, cell: (row) => <span className="mono">{row.id}</span> },
  {
    key: 'state',
    title: 'State',
    sort: (row) => row.state,
    cell: (row) => <StatusPill tone={TONES[row.state]}>{row.state}</StatusPill>,
  },
  { key: 'since', title: 'Since (UTC)', sort: (row) => row.since, cell: (row) => moment(row.since) },
  {
    key: 'last',
    title: 'Last heard (UTC)',
    sort: (row) => row.lastSuccess ?? '',
    cell: (row) => moment(row.lastSuccess),
  },
  {
    key: 'why',
    title: 'Why, and what to do',
    cell: (row) => (
      <span className="whitespace-normal">{[row.reason, row.whatToDo].filter(Boolean).join(': ') || UNKNOWN}</span>
    ),
  },
];

/** Settings that make Ray 2.49 and later send its events; the names are Ray's (ray-event-export guide). */
const rayGuide = (origin: string): string => `export RAY_enable_ray_event=true
export RAY_enable_core_worker_ray_event_to_aggregator=true
export RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR=${origin}/v1/events?cluster=my-cluster
export RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES=ALL
ray start --head   # the drivers need the first two as well`;

const otelGuide = (origin: string): string => `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces
export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf`;

function Guide({ title, text }: { title: string; text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Panel
      title={title}
      actions={
        <button
          type="button"
          className="rounded border border-[var(--line)] px-2 py-0.5 hover:bg-[var(--panel-2)]"
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0} className="overflow-x-auto rounded bg-[var(--panel-2)] p-3">
        {text}
      </pre>
    </Panel>
  );
}

export function SourcesPage() {
  const health = useApi(healthRoute, {}, { refreshMs: 5_000 });
  const [origin, setOrigin] = useState('http://127.0.0.1:3000');
  useEffect(() => setOrigin(window.location.origin), []);
  return (
    <>
      <div className="flex items-baseline justify-between gap-4">
        <h1 className="font-semibold text-[18px]">Sources</h1>
        <Link href="/shares">Share links</Link>
      </div>
      <Panel title="Health" flush>
        {health.data ? (
          <DataTable label="Sources" columns={COLUMNS} rows={health.data.sources} rowKey={(row) => row.id} />
        ) : health.error ? (
          <ErrorState
            title={health.error.problem.title}
            detail={health.error.message}
            onRetry={() => void health.refetch()}
          />
        ) : (
          <Skeleton />
        )}
      </Panel>
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
        <Guide title="Connect Ray: every task, node and job as events" text={rayGuide(origin)} />
        <Guide title="Connect OpenTelemetry: traces over OTLP/HTTP" text={otelGuide(origin)} />
      </div>
    </>
  );
}
