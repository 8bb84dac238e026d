'use client';
/** Jobs of every cluster X-Ray has seen, newest first. */
import { jobsAddress } from '../../lib/contract/requests/addresses.ts';
import { JOB_COLUMNS } from '../panels/job-columns.tsx';
import { useApi } from '../queries/api-client.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

export function JobsPage({ cluster }: { cluster: string | null }) {
  const jobs = useApi(jobsAddress, cluster ? { cluster } : {});
  return (
    <>
      <h1 className="font-semibold text-[18px]">Jobs{cluster ? ` of ${cluster}` : ''}</h1>
      <Panel
        title={
          jobs.data
            ? `${jobs.data.jobs.length}${jobs.data.nextCursor === null ? '' : ' newest'} ${jobs.data.jobs.length === 1 ? 'job' : 'jobs'}`
            : 'Jobs'
        }
        flush
      >
        {jobs.data ? (
          jobs.data.jobs.length > 0 ? (
            <>
              <DataTable
                label="Jobs"
                columns={JOB_COLUMNS}
                rows={jobs.data.jobs}
                rowKey={(job) => `${job.session}/${job.jobId}`}
              />
              {jobs.data.nextCursor === null ? null : (
                <p role="status" className="px-4 py-2 text-[12px] text-[var(--warn)]">
                  ▲ Older jobs are not listed. Each opens by its id, at /jobs/&lt;id&gt;; GET /api/jobs lists all, page
                  by page.
                </p>
              )}
            </>
          ) : (
            <EmptyState title="No jobs yet">
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
