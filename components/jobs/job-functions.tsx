'use client';
/** What a job did, by function: how far, how long, what went wrong. */
import { formatCount, formatDuration, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import { slowNodeText } from '../../lib/chart/format/slow-node-sentence.ts';
import type { FunctionSummaryWire } from '../../lib/contract/jobs.ts';
import { slowNodesAddress, tasksSummaryAddress } from '../../lib/contract/requests/addresses.ts';
import { progressOf, TaskProgress } from '../panels/job-status.tsx';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { NotListed } from '../ui/not-listed.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

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
  {
    key: 'name',
    title: 'Function',
    sort: (row) => row.name,
    cell: ({ name, declaredNames }) => (
      <div>
        <span className="mono">{name}</span>
        {declaredNames ? (
          <details className="text-[12px] text-[var(--muted)]">
            <summary className="cursor-pointer">{formatCount(declaredNames.count)} names</summary>
            <ul className="mono">
              {declaredNames.most.map((one) => (
                <li key={one.name}>
                  {one.name}: {formatCount(one.attempts)}
                </li>
              ))}
              {declaredNames.count > declaredNames.most.length ? (
                <li>and {formatCount(declaredNames.count - declaredNames.most.length)} more</li>
              ) : null}
            </ul>
          </details>
        ) : null}
      </div>
    ),
  },
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

/** Whether a function takes longer on one node than on the others. Always a line, so that nothing moves when it is known. */
function SlowNodes({ which }: { which: { jobId: string; session?: string } }) {
  const { data, error } = useApi(slowNodesAddress, which);
  const line = 'border-[var(--line)] border-b px-4 py-2 text-[12.5px]';
  if (data === undefined || data.slowNodes.length === 0)
    return (
      <p className={`${line} text-[var(--muted)]`}>
        {data === undefined
          ? error
            ? `Whether a node is slow is not known: ${error.message}`
            : 'Comparing the nodes…'
          : data.judged === 0
            ? 'No function ran on two nodes in its last hour: there is nothing to compare.'
            : `No function takes longer on one node than on the others (${formatCount(data.judged)} compared).`}
      </p>
    );
  return data.slowNodes.map((slow) => {
    const session = which.session ? `&session=${encodeURIComponent(which.session)}` : '';
    const href = `/jobs/${encodeURIComponent(which.jobId)}/timeline?fn=${encodeURIComponent(slow.function)}&node=${slow.nodeKey}${session}`;
    return (
      <p key={slow.function} className={line}>
        <StatusPill tone="bad">slow node</StatusPill> <span className="mono">{slow.function}</span>{' '}
        {slowNodeText(slow, Date.now())} <Link href={href}>On the timeline</Link>
      </p>
    );
  });
}

export function JobFunctions({ which }: { which: { jobId: string; session?: string } }) {
  const summary = useApi(tasksSummaryAddress, which);
  return (
    <Panel title="Tasks by function" flush>
      <SlowNodes which={which} />
      {summary.data ? (
        summary.data.functions.length > 0 ? (
          <>
            <DataTable
              label="Functions of this job"
              columns={COLUMNS}
              rows={summary.data.functions}
              rowKey={(entry) => entry.name}
            />
            <NotListed
              count={summary.data.omitted}
              one="function with fewer attempts"
              many="functions with fewer attempts"
            />
          </>
        ) : (
          <EmptyState title="No tasks of this job have been reported" />
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
