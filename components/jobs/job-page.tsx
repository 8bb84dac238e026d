'use client';
/** One job: how far it is and what it holds, what failed and why, what it wrote, and what X-Ray does not know about it. */
import { jobAddress } from '../../lib/contract/requests/addresses.ts';
import { withoutAnsi } from '../../lib/model/without-ansi.ts';
import { JobStatus } from '../panels/job-status.tsx';
import { LogLines } from '../panels/log-lines.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { JobAbout } from './job-about.tsx';
import { JobCompleteness } from './job-completeness.tsx';
import { JobFailures } from './job-failures.tsx';
import { JobFunctions } from './job-functions.tsx';

export function JobPage({ jobId, session }: { jobId: string; session: string | null }) {
  const which = session ? { jobId, session } : { jobId };
  const job = useApi(jobAddress, which);
  if (job.error && !job.data)
    return <ErrorState title={job.error.problem.title} detail={job.error.message} onRetry={() => void job.refetch()} />;
  if (!job.data)
    return (
      <>
        <h1 className="break-all font-semibold text-[18px]">{jobId}</h1>
        <Skeleton rows={12} />
      </>
    );
  const { job: row, message } = job.data;
  const live = row.status === 'RUNNING' || row.status === 'PENDING';
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
      <SourceNotices notices={job.data.notices} />
      {message !== null && row.status !== 'SUCCEEDED' ? (
        <details
          className="rounded-md border border-[var(--line)] px-4 py-2"
          open={row.status === 'FAILED' && message.length < 600}
        >
          <summary className="cursor-pointer">
            {job.data.errorType ?? 'What Ray says'}: {message.split('\n')[0]}
          </summary>
          <pre className="mt-2 overflow-x-auto whitespace-pre-wrap">{withoutAnsi(message)}</pre>
        </details>
      ) : null}
      <JobCompleteness completeness={job.data.completeness} />
      <JobAbout data={job.data} />
      <JobFunctions which={which} />
      <JobFailures which={which} />
      <Panel title={`Log of the driver${live ? ', live' : ''}`} flush>
        <LogLines question={which} label="Log of the driver" live={live} height="26rem" />
      </Panel>
    </>
  );
}
