'use client';
import { CLUSTER_JOB_COLUMNS } from '../panels/job-columns.tsx';
/** The newest jobs of one session of a cluster. */
import { useClusterJobs } from '../queries/clusters.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

export function ClusterJobs({ cluster, session }: { cluster: string; session: string | null }) {
  const { data, error, refetch } = useClusterJobs(cluster, session);
  return (
    <Panel
      title={
        data
          ? `${data.jobs.length}${data.nextCursor ? ' newest' : ''} ${data.jobs.length === 1 ? 'job' : 'jobs'}`
          : 'Jobs'
      }
      flush
      actions={<Link href={`/jobs?cluster=${encodeURIComponent(cluster)}`}>All jobs</Link>}
    >
      {data ? (
        data.jobs.length > 0 ? (
          <DataTable
            label="Jobs"
            columns={CLUSTER_JOB_COLUMNS}
            rows={data.jobs}
            rowKey={(job) => `${job.session}/${job.jobId}`}
          />
        ) : (
          <EmptyState title="No jobs of this cluster">
            Jobs come from Ray&apos;s events and from its Jobs API.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
      ) : session === null ? (
        <EmptyState title="No data from this cluster yet" />
      ) : (
        <Skeleton rows={4} />
      )}
    </Panel>
  );
}
