'use client';
/** Columns of jobs: all of them, and those that a table on the page of one cluster needs. */
import { formatDuration, formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { JobSummaryWire } from '../../lib/contract/jobs.ts';
import type { Column } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { JobStatus, jobHref, TaskProgress } from './job-status.tsx';

export const JOB_COLUMNS: readonly Column<JobSummaryWire>[] = [
  {
    key: 'job',
    title: 'Job',
    sort: (job) => job.submissionId ?? job.jobId,
    cell: (job) => (
      <div className="max-w-64">
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
  {
    key: 'start',
    title: 'Started (UTC)',
    sort: (job) => job.startNs ?? '',
    cell: (job) => formatTimestamp(job.startNs),
  },
  { key: 'owner', title: 'Owner', sort: (job) => job.owner ?? '', cell: (job) => job.owner ?? UNKNOWN },
  {
    key: 'cluster',
    title: 'Cluster',
    sort: (job) => job.cluster,
    cell: (job) => (
      <span className="mono block max-w-44 truncate" title={job.cluster}>
        {job.cluster}
      </span>
    ),
  },
];

const NOT_OF_ONE_CLUSTER: ReadonlySet<string> = new Set(['failed', 'retries', 'cluster']);
/** Without the cluster's name, and without counts for which such a table has no room: the job's page has them. */
export const CLUSTER_JOB_COLUMNS = JOB_COLUMNS.filter(({ key }) => !NOT_OF_ONE_CLUSTER.has(key));
