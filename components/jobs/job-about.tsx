'use client';
/** Who runs a job, since when, with what, and what it holds now. */
import { formatBytes, formatDuration, formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { JobWire } from '../../lib/contract/jobs.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import { TaskProgress } from '../panels/job-status.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';

/** Ray counts memory in bytes, everything else in units. */
const amount = (name: string, held: number): string =>
  /memory$/.test(name) ? formatBytes(held) : held.toLocaleString('en-US', { maximumFractionDigits: 2 });

const NAMED: Readonly<Record<string, string>> = { memory: 'Memory', object_store_memory: 'Object store' };

function Held({ resources }: { resources: Readonly<Record<string, number>> }) {
  const rows = Object.entries(resources).filter(([name, held]) => held > 0 && !name.startsWith('node:'));
  if (rows.length === 0) return <p className="text-[var(--muted)]">No running task or living actor holds anything.</p>;
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2">
      {rows.map(([name, held]) => (
        <div key={name}>
          <dd className="font-semibold text-[18px] leading-6">{amount(name, held)}</dd>
          <dt className="text-[12px] text-[var(--muted)]">{ownValue(NAMED, name) ?? name}</dt>
        </div>
      ))}
    </dl>
  );
}

export function JobAbout({ data }: { data: JobWire }) {
  const { job } = data;
  const driver = [
    data.driver.pid === null ? null : `pid ${data.driver.pid}`,
    data.driver.nodeId === null ? null : `node ${data.driver.nodeId.slice(0, 8)}`,
    data.driver.exitCode === null ? null : `exit code ${data.driver.exitCode}`,
  ].filter((part) => part !== null);
  const facts: readonly (readonly [string, string])[] = [
    ['Session', job.session],
    ['Job id', job.jobId],
    ['Owner', job.owner ?? UNKNOWN],
    ['Started (UTC)', formatTimestamp(job.startNs)],
    ['Ended (UTC)', formatTimestamp(job.endNs)],
    ['Duration', formatDuration(job.durationNs)],
    ['Driver', driver.join(', ') || UNKNOWN],
  ];
  const metadata = Object.entries(data.metadata).filter(([key]) => key !== 'job_submission_id');
  return (
    <Panel title="About">
      <div className="grid gap-x-8 gap-y-6 lg:grid-cols-[minmax(0,1fr)_minmax(0,20rem)]">
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-1">
          <dt className="text-[var(--muted)]">Cluster</dt>
          <dd>
            <Link href={`/clusters/${encodeURIComponent(job.cluster)}`}>{job.cluster}</Link>
          </dd>
          {facts.map(([key, value]) => (
            <div key={key} className="contents">
              <dt className="text-[var(--muted)]">{key}</dt>
              <dd className="break-words">{value}</dd>
            </div>
          ))}
          <dt className="text-[var(--muted)]">Entrypoint</dt>
          <dd className="mono break-words">{job.entrypoint ?? UNKNOWN}</dd>
          {metadata.map(([key, value]) => (
            <div key={key} className="contents">
              <dt className="mono text-[var(--muted)]">{key}</dt>
              <dd className="mono break-words">{value}</dd>
            </div>
          ))}
        </dl>
        <div className="space-y-5">
          <div>
            <h3 className="mb-1 text-[var(--muted)]">Attempts</h3>
            <TaskProgress tasks={job.tasks} />
          </div>
          <div>
            <h3 className="mb-1 text-[var(--muted)]">In use now</h3>
            <Held resources={job.resources} />
          </div>
        </div>
      </div>
    </Panel>
  );
}
