'use client';
/** Attempts that ran in the window of an alert: on its node and in its session, where its labels tell them. */
import { useMemo } from 'react';
import { formatDuration, formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { AlertDetailWire } from '../../lib/contract/alerts.ts';
import type { RanThenWire } from '../../lib/contract/jobs.ts';
import { ranThenAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

type Row = RanThenWire['rows'][number];

/** The timeline of the attempt's job at this window, with the attempt selected. */
function timelineHref(row: Row, fromNs: string, toNs: string): string {
  const query = new URLSearchParams({
    session: row.session,
    from: fromNs,
    to: toNs,
    sel: `${row.taskId}:${row.attempt}`,
  });
  return `/jobs/${encodeURIComponent(row.jobId)}/timeline?${query}`;
}

const columns = (fromNs: string, toNs: string): readonly Column<Row>[] => [
  {
    key: 'function',
    title: 'Function',
    sort: (row) => row.functionName,
    cell: (row) => <Link href={timelineHref(row, fromNs, toNs)}>{row.functionName}</Link>,
  },
  {
    key: 'state',
    title: 'State',
    sort: (row) => row.state,
    cell: (row) => (
      <StatusPill tone={row.state === 'FAILED' ? 'bad' : row.endNs === null ? 'busy' : 'ok'}>
        {row.errorType ?? row.state}
      </StatusPill>
    ),
  },
  {
    key: 'job',
    title: 'Job',
    sort: (row) => row.jobId,
    cell: (row) => (
      <Link className="mono" href={`/jobs/${row.jobId}?session=${encodeURIComponent(row.session)}`}>
        {row.jobId}
      </Link>
    ),
  },
  {
    key: 'node',
    title: 'Node',
    sort: (row) => row.nodeId ?? '',
    cell: (row) => <span className="mono">{row.nodeId?.slice(0, 8) ?? UNKNOWN}</span>,
  },
  {
    key: 'start',
    title: 'Started (UTC)',
    sort: (row) => row.startNs ?? '',
    cell: (row) => formatTimestamp(row.startNs),
  },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (row) => Number(row.durationNs ?? 0),
    cell: (row) => formatDuration(row.durationNs),
  },
];

export function AlertRanThere({ detail }: { detail: AlertDetailWire }) {
  const { entities, fromNs, toNs } = detail;
  const { data, error, refetch } = useApi(ranThenAddress, {
    from: fromNs,
    to: toNs,
    limit: 50,
    ...(entities.session ? { session: entities.session } : {}),
    ...(entities.workerId ? { worker: entities.workerId } : entities.nodeId ? { node: entities.nodeId } : {}),
    ...(entities.function ? { function: entities.function } : {}),
  });
  const shown = useMemo(() => columns(fromNs, toNs), [fromNs, toNs]);
  return (
    <Panel title={data ? `What ran then (${data.rows.length} of ${data.matched})` : 'What ran then'} flush>
      {data ? (
        data.rows.length > 0 ? (
          <DataTable
            label="Attempts in this window"
            columns={shown}
            rows={data.rows}
            rowKey={(row) => `${row.session} ${row.taskId} ${row.attempt}`}
          />
        ) : (
          <EmptyState title="No task is known to have run in this window" />
        )
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
      ) : (
        <Skeleton />
      )}
    </Panel>
  );
}
