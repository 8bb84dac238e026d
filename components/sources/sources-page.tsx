'use client';
/** Health of every source, and how to connect one. */
import { useEffect, useState } from 'react';
import { UNKNOWN } from '../../lib/chart/format/number-format.ts';
import { otelGuide, prometheusGuide, rayDashboardGuide, rayGuide } from '../../lib/contract/connect-guide.ts';
import type { SourceHealthWire } from '../../lib/contract/health.ts';
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
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
const timestamp = (iso: string | null): string => (iso ? iso.slice(0, 19).replace('T', ' ') : UNKNOWN);

const COLUMNS: readonly Column<SourceHealthWire>[] = [
  { key: 'id', title: 'Source', sort: (row) => row.id, cell: (row) => <span className="mono">{row.id}</span> },
  {
    key: 'state',
    title: 'State',
    sort: (row) => row.state,
    cell: (row) => <StatusPill tone={TONES[row.state]}>{row.state}</StatusPill>,
  },
  { key: 'since', title: 'Since (UTC)', sort: (row) => row.since, cell: (row) => timestamp(row.since) },
  {
    key: 'last',
    title: 'Last received (UTC)',
    sort: (row) => row.lastSuccess ?? '',
    cell: (row) => timestamp(row.lastSuccess),
  },
  {
    key: 'why',
    title: 'Why, and what to do',
    cell: (row) => (
      <span className="block min-w-72 whitespace-normal">
        {[row.reason, row.whatToDo].filter(Boolean).join(': ') || UNKNOWN}
      </span>
    ),
  },
  {
    key: 'facts',
    title: 'Facts',
    cell: (row) => (
      <span className="text-[var(--muted)]">
        {[
          ...(row.url ? [row.url] : []),
          ...Object.entries(row.details).map(
            ([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en-US') : value}`,
          ),
        ].join(', ') || UNKNOWN}
      </span>
    ),
  },
];

/** Text to copy. `note` says where it is set and what it brings. */
function Guide({ title, note, text }: { title: string; note: string; text: string }) {
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
      <p className="mb-2 text-[var(--muted)]">{note}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0} className="overflow-x-auto rounded bg-[var(--panel-2)] p-3">
        {text}
      </pre>
    </Panel>
  );
}

export function SourcesPage() {
  const health = useApi(healthAddress, {}, { refreshMs: 5_000 });
  const [origin, setOrigin] = useState('http://127.0.0.1:3000');
  useEffect(() => {
    setOrigin(window.location.origin);
  }, []);
  return (
    <>
      <div className="flex items-baseline justify-between gap-4">
        <h1 className="font-semibold text-[18px]">Sources</h1>
        <div className="flex gap-4">
          <Link href="/sources/api">HTTP API</Link>
          <Link href="/shares">Share links</Link>
        </div>
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
        <Guide
          title="Ray: tasks, nodes and jobs as events"
          note="Set where Ray starts, and for the drivers too. Nothing is capped, and it stays when the cluster has gone."
          text={rayGuide(origin)}
        />
        <Guide
          title="Ray: dashboard, for logs and clusters without events"
          note="Set where X-Ray starts. RAY_AUTH_TOKEN is sent where Ray asks for a token; several clusters go into xray.yaml."
          text={rayDashboardGuide()}
        />
        <Guide
          title="OpenTelemetry: traces over OTLP/HTTP"
          note="Set for the program that exports; protobuf and JSON, gzip or not."
          text={otelGuide(origin)}
        />
        <Guide
          title="Prometheus: metrics and alerts"
          note="Set where X-Ray starts. Without it X-Ray runs a Prometheus of its own and scrapes the Ray of this machine."
          text={prometheusGuide()}
        />
      </div>
    </>
  );
}
