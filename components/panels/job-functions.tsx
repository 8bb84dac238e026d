'use client';
/** What a job did, by function: how far, how long, what went wrong. */
import { formatCount, formatDuration, UNKNOWN } from '../../lib/chart/number-format.ts';
import { type FunctionSummaryWire, tasksSummaryRoute } from '../../lib/contract/jobs.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { progressOf, TaskProgress } from './job-status.tsx';

const list = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .sort((a, b) => b[1] - a[1])
    .map(([key, value]) => `${formatCount(value)} ${key}`)
    .join(', ') || UNKNOWN;

const count = (key: 'tasks' | 'attempts' | 'ran' | 'retries', title: string): Column<FunctionSummaryWire> => ({
  key,
  title,
  align: 'right',
  sort: (row) => row[key],
  cell: (row) => formatCount(row[key]),
});
const duration = (key: 'p50' | 'p95' | 'max', title: string): Column<FunctionSummaryWire> => ({
  key,
  title,
  align: 'right',
  sort: (row) => Number(row.durationNs?.[key] ?? 0),
  cell: (row) => formatDuration(row.durationNs?.[key] ?? null),
});

const COLUMNS: readonly Column<FunctionSummaryWire>[] = [
  { key: 'name', title: 'Function', sort: (row) => row.name, cell: (row) => <span className="mono">{row.name}</span> },
  {
    key: 'progress',
    title: 'Progress',
    sort: (row) => progressOf(row.byState).failed,
    cell: (row) => <TaskProgress tasks={progressOf(row.byState)} />,
  },
  count('tasks', 'Tasks'),
  count('attempts', 'Attempts'),
  count('ran', 'Ran'),
  count('retries', 'Retries'),
  duration('p50', 'p50'),
  duration('p95', 'p95'),
  duration('max', 'Longest'),
  { key: 'errors', title: 'Errors', cell: (row) => list(row.errors) },
  { key: 'states', title: 'States', cell: (row) => <span className="text-[var(--muted)]">{list(row.byState)}</span> },
];

export function JobFunctions({ which }: { which: { jobId: string; session?: string } }) {
  const summary = useApi(tasksSummaryRoute, which);
  return (
    <Panel title="Tasks by function" flush>
      {summary.data ? (
        summary.data.functions.length > 0 ? (
          <DataTable
            label="Functions of this job"
            columns={COLUMNS}
            rows={summary.data.functions}
            rowKey={(entry) => entry.name}
          />
        ) : (
          <EmptyState title="This job has run no task that X-Ray heard of" />
        )
      ) : summary.error ? (
        <ErrorState
          title={summary.error.problem.title}
          detail={summary.error.message}
          onRetry={() => void summary.refetch()}
        />
      ) : (
        <Skeleton />
      )}
    </Panel>
  );
}
