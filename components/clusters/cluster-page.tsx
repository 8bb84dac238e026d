'use client';
/** One cluster: what it uses and wastes, over time and node by node, and what lives on it. */
import { parseAsString, useQueryState } from 'nuqs';
import { formatTimestamp } from '../../lib/chart/format/number-format.ts';
import type { ClusterSummaryWire, ClusterWire } from '../../lib/contract/clusters.ts';
import { nanoseconds, nanosecondsToMilliseconds } from '../../lib/model/units.ts';
import { ClusterState, CpuBar, GpuBar, MemoryBar, seenText } from '../panels/cluster-text.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useCluster } from '../queries/clusters.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { ClusterActors } from './cluster-actors.tsx';
import { ClusterJobs } from './cluster-jobs.tsx';
import { ClusterNodes } from './cluster-nodes.tsx';
import { ClusterPlacementGroups } from './cluster-placement-groups.tsx';
import { ClusterUsage } from './cluster-usage.tsx';

const milliseconds = (ns: string): number => nanosecondsToMilliseconds(nanoseconds(BigInt(ns)));

/** From when to when an ended cluster lived, Unix ms; null where it lives or nobody knows. */
const lifeOf = ({ state, firstSeenNs, lastHeardNs }: ClusterSummaryWire) =>
  state === 'ended' && firstSeenNs !== null && lastHeardNs !== null
    ? { fromMs: milliseconds(firstSeenNs), toMs: milliseconds(lastHeardNs) }
    : null;

export function ClusterPage({ cluster }: { cluster: string }) {
  const [session, setSession] = useQueryState('session', parseAsString.withOptions({ history: 'push' }));
  const [actorState, setActorState] = useQueryState('actors', parseAsString.withOptions({ history: 'replace' }));
  const { data, error, refetch, dataUpdatedAt } = useCluster(cluster, session, actorState);
  if (!data)
    return (
      <>
        <Title cluster={cluster} />
        {error ? (
          <Panel title="Cluster" flush>
            <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
          </Panel>
        ) : (
          <>
            <Panel title="Use now" flush>
              <Skeleton rows={2} />
            </Panel>
            <Panel title="Use over time" flush>
              <Skeleton rows={16} />
            </Panel>
            <Panel title="Nodes" flush>
              <Skeleton rows={6} />
            </Panel>
          </>
        )}
      </>
    );
  const { summary } = data;
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <Title cluster={cluster} summary={summary} />
          <Facts data={data} nowMs={dataUpdatedAt} />
        </div>
        {summary.sessions.length > 1 ? (
          <label className="text-[var(--muted)]">
            Session{' '}
            <select
              value={data.session ?? ''}
              onChange={(event) => void setSession(event.target.value === summary.session ? null : event.target.value)}
              className="max-w-72 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1 text-[var(--text)]"
            >
              {summary.sessions.map((one, i) => (
                <option key={one} value={one}>
                  {one}
                  {i === 0 ? ' (newest)' : ''}
                </option>
              ))}
            </select>
          </label>
        ) : null}
      </div>
      {/* That X-Ray itself does not answer is said by the shell, where nothing moves for it. */}
      {error && error.problem.status !== 0 ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      <SourceNotices notices={data.notices} />
      {summary.state === 'ended' ? (
        <p role="note" className="rounded-md border border-[var(--line)] bg-[var(--panel-2)] px-4 py-2">
          This cluster has ended. What it told is kept: its jobs, tasks, logs that were fetched and traces can still be
          looked at.
          {summary.jobs.withoutEnd > 0
            ? ` ${summary.jobs.withoutEnd} job${summary.jobs.withoutEnd === 1 ? '' : 's'} never told an end.`
            : ''}
        </p>
      ) : null}
      <Panel title="Use now">
        <div className="grid gap-x-10 gap-y-4 md:grid-cols-3">
          <GpuBar summary={summary} />
          <CpuBar summary={summary} />
          <MemoryBar summary={summary} />
        </div>
      </Panel>
      <ClusterUsage cluster={cluster} session={data.session} life={lifeOf(summary)} />
      <ClusterNodes nodes={data.nodes} />
      <ClusterJobs cluster={cluster} session={data.session} />
      <ClusterActors actors={data.actors} state={actorState} onState={(state) => void setActorState(state)} />
      <ClusterPlacementGroups
        groups={data.placementGroups}
        asked={summary.heardFrom.includes('state-api') && summary.state !== 'ended'}
      />
    </>
  );
}

function Title({ cluster, summary }: { cluster: string; summary?: ClusterSummaryWire }) {
  return (
    <>
      <Link href="/" className="text-[12px] underline">
        Clusters
      </Link>
      <h1 className="flex flex-wrap items-baseline gap-x-3 font-semibold text-[18px]">
        <span className="break-all">{cluster}</span>
        {summary ? (
          <span className="font-normal text-[13px]">
            <ClusterState state={summary.state} />
          </span>
        ) : null}
      </h1>
    </>
  );
}

function Facts({ data: { summary }, nowMs }: { data: ClusterWire; nowMs: number }) {
  const narrowed = encodeURIComponent(summary.cluster);
  const { alertsFiring } = summary;
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-[var(--muted)]">
      <span title={`${formatTimestamp(summary.lastHeardNs)} UTC`}>
        {seenText(summary, nowMs)}
        {summary.heardFrom.length > 0 ? ` from ${summary.heardFrom.join(', ')}` : ''}
      </span>
      <span>first seen {formatTimestamp(summary.firstSeenNs)} UTC</span>
      <span>{summary.owner ?? 'no owner known'}</span>
      {summary.rayVersion ? <span>Ray {summary.rayVersion}</span> : null}
      {summary.demo ? <span>simulated</span> : null}
      <Link href={`/jobs?cluster=${narrowed}`}>
        {summary.jobs.running} of {summary.jobs.total} jobs running
      </Link>
      <Link href={`/alerts?cluster=${narrowed}`} className={alertsFiring ? 'text-[var(--bad)]' : ''}>
        {alertsFiring === null ? 'alerts not known' : `${alertsFiring} alert${alertsFiring === 1 ? '' : 's'} firing`}
      </Link>
    </p>
  );
}
