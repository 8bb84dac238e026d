'use client';
import { formatDuration, formatMoment, UNKNOWN } from '../../lib/chart/number-format.ts';
import {
  type AttemptWireValue,
  type CompletenessWireValue,
  type FunctionSummaryWire,
  jobRoute,
  tasksRoute,
  tasksSummaryRoute,
} from '../../lib/contract/jobs.ts';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
/** One job: what it did per function, what failed and why, and what X-Ray does not know about it. */
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import { JobStatus, TaskProgress } from './job-status.tsx';

const count = (value: number): string => value.toLocaleString('en-US');
const list = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .sort((a, b) => b[1] - a[1])
    .map(([key, value]) => `${count(value)} ${key}`)
    .join(', ') || UNKNOWN;

const FUNCTIONS: readonly Column<FunctionSummaryWire>[] = [
  { key: 'name', title: 'Function', sort: (row) => row.name, cell: (row) => <span className="mono">{row.name}</span> },
  { key: 'tasks', title: 'Tasks', align: 'right', sort: (row) => row.tasks, cell: (row) => count(row.tasks) },
  {
    key: 'attempts',
    title: 'Attempts',
    align: 'right',
    sort: (row) => row.attempts,
    cell: (row) => count(row.attempts),
  },
  { key: 'ran', title: 'Ran', align: 'right', sort: (row) => row.ran, cell: (row) => count(row.ran) },
  { key: 'retries', title: 'Retries', align: 'right', sort: (row) => row.retries, cell: (row) => count(row.retries) },
  { key: 'states', title: 'States', cell: (row) => list(row.byState) },
  { key: 'errors', title: 'Errors', cell: (row) => list(row.errors) },
  {
    key: 'p50',
    title: 'p50',
    align: 'right',
    sort: (row) => Number(row.durationNs?.p50 ?? 0),
    cell: (row) => formatDuration(row.durationNs?.p50 ?? null),
  },
  {
    key: 'p95',
    title: 'p95',
    align: 'right',
    sort: (row) => Number(row.durationNs?.p95 ?? 0),
    cell: (row) => formatDuration(row.durationNs?.p95 ?? null),
  },
  {
    key: 'max',
    title: 'Longest',
    align: 'right',
    sort: (row) => Number(row.durationNs?.max ?? 0),
    cell: (row) => formatDuration(row.durationNs?.max ?? null),
  },
];

const FAILURES: readonly Column<AttemptWireValue>[] = [
  {
    key: 'name',
    title: 'Function',
    sort: (row) => row.functionName,
    cell: (row) => <span className="mono">{row.functionName}</span>,
  },
  {
    key: 'error',
    title: 'Error',
    sort: (row) => row.errorType ?? '',
    cell: (row) => <StatusPill tone="bad">{row.errorType ?? 'FAILED'}</StatusPill>,
  },
  {
    key: 'message',
    title: 'Message',
    cell: (row) =>
      row.errorMessage ? (
        <details className="max-w-[560px] whitespace-normal">
          <summary className="cursor-pointer truncate">{lastLine(row.errorMessage)}</summary>
          <pre className="mt-2 overflow-x-auto whitespace-pre-wrap rounded bg-[var(--panel-2)] p-2">
            {row.errorMessage}
          </pre>
        </details>
      ) : (
        UNKNOWN
      ),
  },
  { key: 'attempt', title: 'Attempt', align: 'right', sort: (row) => row.attempt, cell: (row) => row.attempt },
  { key: 'end', title: 'Ended (UTC)', sort: (row) => row.endNs ?? '', cell: (row) => formatMoment(row.endNs) },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (row) => Number(row.durationNs ?? 0),
    cell: (row) => formatDuration(row.durationNs),
  },
  { key: 'node', title: 'Node', cell: (row) => <span className="mono">{row.nodeId?.slice(0, 8) ?? UNKNOWN}</span> },
  { key: 'task', title: 'Task', cell: (row) => <span className="mono">{row.taskId.slice(0, 16)}</span> },
];

/** Python tracebacks say what happened in their last line; terminal colours are left out. */
function lastLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is being removed
  const plain = message.replace(/\u001b\[[0-9;]*m/g, '').trim();
  return plain.slice(plain.lastIndexOf('\n') + 1);
}

function Completeness({ completeness }: { completeness: CompletenessWireValue }) {
  const gaps = completeness.truncated || completeness.reason !== null || (completeness.dropped ?? 0) > 0;
  return (
    <p className="rounded-md border border-[var(--line)] px-4 py-2">
      <StatusPill tone={gaps ? 'warn' : 'ok'}>
        {gaps ? 'Not everything is known' : 'Nothing is known to be missing'}
      </StatusPill>
      <span className="ml-3 text-[var(--muted)]">
        {count(completeness.stored)} attempts stored from {completeness.source}
        {completeness.reported !== null ? `, ${count(completeness.reported)} reported` : ''}
        {completeness.dropped ? `, ${count(completeness.dropped)} dropped by Ray` : ''}
        {completeness.truncated ? ', truncated by the source' : ''}
        {completeness.reason ? `. ${completeness.reason}.` : '.'}
      </span>
    </p>
  );
}

export function JobPage({ jobId, session }: { jobId: string; session: string | null }) {
  const which = session ? { jobId, session } : { jobId };
  const job = useApi(jobRoute, which);
  const summary = useApi(tasksSummaryRoute, which);
  const failures = useApi(tasksRoute, { ...which, state: 'FAILED', limit: 100 });
  if (job.error && !job.data)
    return <ErrorState title={job.error.problem.title} detail={job.error.message} onRetry={() => void job.refetch()} />;
  if (!job.data) return <Skeleton rows={12} />;
  const { job: row } = job.data;
  const facts: readonly (readonly [string, string])[] = [
    ['Cluster', row.cluster],
    ['Session', row.session],
    ['Job id', row.jobId],
    ['Owner', row.owner ?? UNKNOWN],
    ['Started (UTC)', formatMoment(row.startNs)],
    ['Ended (UTC)', formatMoment(row.endNs)],
    ['Duration', formatDuration(row.durationNs)],
    ['Entrypoint', row.entrypoint ?? UNKNOWN],
  ];
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h1 className="break-all font-semibold text-[18px]">{row.submissionId ?? row.jobId}</h1>
        <JobStatus status={row.status} />
        <Link
          href={`/jobs/${encodeURIComponent(row.jobId)}/timeline?session=${encodeURIComponent(row.session)}`}
          className="ml-auto"
        >
          Timeline
        </Link>
        <Link href="/jobs">All jobs</Link>
      </div>
      <Completeness completeness={job.data.completeness} />
      <Panel title="About">
        <div className="grid gap-6 md:grid-cols-[1fr_auto]">
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            {facts.map(([key, value]) => (
              <div key={key} className="contents">
                <dt className="text-[var(--muted)]">{key}</dt>
                <dd className="min-w-0 break-words">{value}</dd>
              </div>
            ))}
          </dl>
          <TaskProgress tasks={row.tasks} />
        </div>
      </Panel>
      <Panel title="Tasks by function" flush>
        {summary.data ? (
          summary.data.functions.length > 0 ? (
            <DataTable
              label="Tasks by function"
              columns={FUNCTIONS}
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
      <Panel
        title={
          failures.data
            ? `Failed attempts: ${count(failures.data.matched)}${failures.data.nextCursor ? ', the first 100' : ''}`
            : 'Failed attempts'
        }
        flush
      >
        {failures.data ? (
          failures.data.tasks.length > 0 ? (
            <DataTable
              label="Failed attempts"
              columns={FAILURES}
              rows={failures.data.tasks}
              rowKey={(attempt) => `${attempt.taskId}.${attempt.attempt}`}
            />
          ) : (
            <EmptyState title="No attempt of this job has failed" />
          )
        ) : failures.error ? (
          <ErrorState
            title={failures.error.problem.title}
            detail={failures.error.message}
            onRetry={() => void failures.refetch()}
          />
        ) : (
          <Skeleton />
        )}
      </Panel>
    </>
  );
}
