'use client';
/** The newest jobs of one session of a cluster. */
import { formatDuration, formatMoment, UNKNOWN } from '../../lib/chart/number-format.ts';
import type { JobSummaryWire } from '../../lib/contract/jobs.ts';
import { useClusterJobs } from '../queries/clusters.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { JobStatus, jobHref, TaskProgress } from './job-status.tsx';

const COLUMNS: readonly Column<JobSummaryWire>[] = [
  {
    key: 'job',
    title: 'Job',
    sort: (job) => job.submissionId ?? job.jobId,
    cell: (job) => (
      <div className="max-w-80">
        <Link href={jobHref(job)} className="font-medium">
          {job.submissionId ?? job.jobId}
        </Link>
        <div className="truncate text-[12px] text-[var(--muted)]" title={job.entrypoint ?? ''}>
          {job.entrypoint ?? job.jobId}
        </div>
      </div>
    ),
  },
  { key: 'status', title: 'Status', sort: (job) => job.status, cell: (job) => <JobStatus status={job.status} /> },
  {
    key: 'tasks',
    title: 'Tasks',
    sort: (job) => job.tasks.attempts,
    cell: (job) => <TaskProgress tasks={job.tasks} />,
  },
  { key: 'start', title: 'Started (UTC)', sort: (job) => job.startNs ?? '', cell: (job) => formatMoment(job.startNs) },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (job) => Number(job.durationNs ?? 0),
    cell: (job) => formatDuration(job.durationNs),
  },
  { key: 'owner', title: 'Owner', sort: (job) => job.owner ?? '', cell: (job) => job.owner ?? UNKNOWN },
];

export function ClusterJobs({ cluster, session }: { cluster: string; session: string | null }) {
  const { data, error, refetch } = useClusterJobs(cluster, session);
  return (
    <Panel
      title={data ? `${data.jobs.length}${data.nextCursor ? ' newest' : ''} jobs` : 'Jobs'}
      flush
      actions={<Link href={`/jobs?cluster=${encodeURIComponent(cluster)}`}>All jobs</Link>}
    >
      {data ? (
        data.jobs.length > 0 ? (
          <DataTable label="Jobs" columns={COLUMNS} rows={data.jobs} rowKey={(job) => `${job.session}/${job.jobId}`} />
        ) : (
          <EmptyState title="No job of this cluster has been heard of">
            Jobs come from Ray&apos;s events and from its Jobs API.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
      ) : session === null ? (
        <EmptyState title="Nothing has been heard of this cluster yet" />
      ) : (
        <Skeleton rows={4} />
      )}
    </Panel>
  );
}
