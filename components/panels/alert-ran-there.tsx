'use client';
/** Attempts that ran in the window of an alert: on its node and in its session, where its labels tell them. */
import { formatDuration, formatMoment } from '../../lib/chart/number-format.ts';
import type { AlertDetailWire } from '../../lib/contract/alerts.ts';
import { type RanThenWire, ranThenRoute } from '../../lib/contract/jobs.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

type Row = RanThenWire['rows'][number];
const COLUMNS: readonly Column<Row>[] = [
  { key: 'function', title: 'Function', sort: (row) => row.functionName, cell: (row) => row.functionName },
  { key: 'state', title: 'State', sort: (row) => row.state, cell: (row) => row.state },
  { key: 'job', title: 'Job', sort: (row) => row.jobId, cell: (row) => <span className="mono">{row.jobId}</span> },
  {
    key: 'start',
    title: 'Started (UTC)',
    sort: (row) => row.startNs ?? '',
    cell: (row) => formatMoment(row.startNs),
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
  const { data, error, refetch } = useApi(ranThenRoute, {
    from: fromNs,
    to: toNs,
    limit: 50,
    ...(entities.session ? { session: entities.session } : {}),
    ...(entities.nodeId ? { node: entities.nodeId } : {}),
  });
  return (
    <Panel title={data ? `What ran then (${data.rows.length} of ${data.matched})` : 'What ran then'} flush>
      {data ? (
        data.rows.length > 0 ? (
          <DataTable
            label="Attempts in this window"
            columns={COLUMNS}
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
