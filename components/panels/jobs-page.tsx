'use client';
/** Jobs of every cluster X-Ray has seen, newest first. */
import { formatDuration, formatMoment, UNKNOWN } from '../../lib/chart/number-format.ts';
import { type JobSummaryWire, jobsRoute } from '../../lib/contract/jobs.ts';
import { useApi } from '../queries/api-client.ts';
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
          {job.entrypoint ?? job.session}
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
  {
    key: 'failed',
    title: 'Failed',
    align: 'right',
    sort: (job) => job.tasks.failed,
    cell: (job) => job.tasks.failed.toLocaleString('en-US'),
  },
  {
    key: 'retries',
    title: 'Retries',
    align: 'right',
    sort: (job) => job.tasks.retries,
    cell: (job) => job.tasks.retries.toLocaleString('en-US'),
  },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (job) => Number(job.durationNs ?? 0),
    cell: (job) => formatDuration(job.durationNs),
  },
  { key: 'start', title: 'Started (UTC)', sort: (job) => job.startNs ?? '', cell: (job) => formatMoment(job.startNs) },
  { key: 'owner', title: 'Owner', sort: (job) => job.owner ?? '', cell: (job) => job.owner ?? UNKNOWN },
  {
    key: 'cluster',
    title: 'Cluster',
    sort: (job) => job.cluster,
    cell: (job) => <span className="mono">{job.cluster}</span>,
  },
];

export function JobsPage({ cluster }: { cluster: string | null }) {
  const jobs = useApi(jobsRoute, cluster ? { cluster } : {});
  return (
    <>
      <h1 className="font-semibold text-[18px]">Jobs{cluster ? ` of ${cluster}` : ''}</h1>
      <Panel title={jobs.data ? `${jobs.data.jobs.length} jobs` : 'Jobs'} flush>
        {jobs.data ? (
          jobs.data.jobs.length > 0 ? (
            <DataTable
              label="Jobs"
              columns={COLUMNS}
              rows={jobs.data.jobs}
              rowKey={(job) => `${job.session}/${job.jobId}`}
            />
          ) : (
            <EmptyState title="No job has been heard of yet">
              Point Ray&apos;s event export at this X-Ray, or import a recording.{' '}
              <Link href="/sources">How to connect</Link>
            </EmptyState>
          )
        ) : jobs.error ? (
          <ErrorState
            title={jobs.error.problem.title}
            detail={jobs.error.message}
            onRetry={() => void jobs.refetch()}
          />
        ) : (
          <Skeleton />
        )}
      </Panel>
    </>
  );
}
