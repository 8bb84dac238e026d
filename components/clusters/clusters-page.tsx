'use client';
/** Home: every cluster X-Ray has seen, living ones first, with what each uses and wastes. */
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { formatShare, formatTimestamp } from '../../lib/chart/format/number-format.ts';
import type { ClusterSummaryWire } from '../../lib/contract/clusters.ts';
import {
  ClusterState,
  CpuBar,
  clusterHref,
  formatUnits,
  GpuBar,
  MemoryBar,
  seenText,
} from '../panels/cluster-text.tsx';
import { ConnectGuide } from '../panels/connect-guide.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useClusters } from '../queries/clusters.ts';
import { isLate } from '../queries/late-notices.ts';
import { DemoTour } from '../shell/demo-tour.tsx';
import { type Figure, FigureStrip } from '../ui/figure-strip.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

const SORTS = ['state', 'waste', 'gpus', 'name'] as const;
const SORT_TEXT: Record<(typeof SORTS)[number], string> = {
  state: 'state, then last seen',
  waste: 'idle GPUs',
  gpus: 'GPUs',
  name: 'name',
};
const control = 'rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1';

const total = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
};

function fleet(clusters: readonly ClusterSummaryWire[]): readonly Figure[] {
  const living = clusters.filter((cluster) => cluster.state !== 'ended');
  const alive = clusters.filter((cluster) => cluster.state === 'alive').length;
  const gpus = total(living.map((cluster) => cluster.gpu.total));
  const allocated = total(living.map((cluster) => cluster.gpu.used));
  const wasted = total(living.map((cluster) => cluster.waste.gpusWasted));
  const firing = total(clusters.map((cluster) => cluster.alertsFiring));
  const silent = living.length - alive;
  return [
    {
      label: 'Clusters alive',
      value: alive,
      note:
        [
          silent > 0 ? `${silent} silent` : '',
          clusters.length > living.length ? `${clusters.length - living.length} ended` : '',
        ]
          .filter((word) => word !== '')
          .join(', ') || 'all that are known',
    },
    {
      label: 'GPUs allocated',
      value: formatUnits(allocated),
      note: gpus === null ? 'no GPU is known' : `of ${formatUnits(gpus)}`,
    },
    {
      label: 'GPUs idle though allocated',
      value: formatUnits(wasted),
      note:
        wasted === null
          ? 'how busy they are is not measured'
          : allocated
            ? `${formatShare(wasted / allocated)} of those allocated`
            : 'none is allocated',
      ...(wasted !== null && wasted >= 1 ? { tone: 'warn' as const } : {}),
    },
    {
      label: 'Jobs running',
      value: clusters.reduce((sum, cluster) => sum + cluster.jobs.running, 0),
      note: `of ${clusters.reduce((sum, cluster) => sum + cluster.jobs.total, 0)} known`,
      href: '/jobs',
    },
    {
      label: 'Alerts firing',
      value: formatUnits(firing),
      note: firing === null ? 'Prometheus does not say' : 'in all clusters',
      href: '/alerts',
      ...(firing !== null && firing > 0 ? { tone: 'bad' as const } : {}),
    },
  ];
}

export function ClustersPage() {
  const { data, error, refetch, dataUpdatedAt } = useClusters();
  const [view, setView] = useQueryStates(
    { q: parseAsString.withDefault(''), sort: parseAsStringLiteral(SORTS).withDefault('state') },
    { history: 'replace' },
  );
  if (!data)
    return (
      <>
        <h1 className="font-semibold text-[18px]">Clusters</h1>
        <Panel title="Clusters" flush>
          {error ? (
            <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
          ) : (
            <Skeleton rows={8} />
          )}
        </Panel>
      </>
    );
  const shown = ordered(
    data.clusters.filter((cluster) => matches(cluster, view.q)),
    view.sort,
  );
  return (
    <>
      <h1 className="font-semibold text-[18px]">Clusters</h1>
      {/* That X-Ray itself does not answer is said by the shell, where nothing moves for it. */}
      {error && error.problem.status !== 0 ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      {data.clusters.length > 0 ? <FigureStrip label="All clusters" figures={fleet(data.clusters)} /> : null}
      <SourceNotices notices={data.notices} />
      <Panel
        title={`${shown.length}${shown.length < data.clusters.length ? ` of ${data.clusters.length}` : ''} cluster${data.clusters.length === 1 ? '' : 's'}`}
        flush
        actions={
          data.clusters.length > 1 ? (
            <div className="flex flex-wrap items-center gap-2">
              <input
                type="search"
                aria-label="Find a cluster"
                placeholder="Name or owner"
                value={view.q}
                onChange={(event) => void setView({ q: event.target.value || null })}
                className={`${control} w-40`}
              />
              <label className="text-[var(--muted)]">
                by{' '}
                <select
                  value={view.sort}
                  onChange={(event) => void setView({ sort: event.target.value as (typeof SORTS)[number] })}
                  className={`${control} text-[var(--text)]`}
                >
                  {SORTS.map((sort) => (
                    <option key={sort} value={sort}>
                      {SORT_TEXT[sort]}
                    </option>
                  ))}
                </select>
              </label>
            </div>
          ) : null
        }
      >
        {data.clusters.length === 0 && isLate(data) ? (
          <Skeleton rows={8} />
        ) : data.clusters.length === 0 ? (
          <ConnectGuide />
        ) : shown.length === 0 ? (
          <EmptyState title="No cluster has that name or owner" />
        ) : (
          <ul>
            {shown.map((cluster) => (
              <ClusterRow key={cluster.cluster} cluster={cluster} nowMs={dataUpdatedAt} />
            ))}
          </ul>
        )}
      </Panel>
      <DemoTour clusters={data.clusters} />
    </>
  );
}

const matches = (cluster: ClusterSummaryWire, text: string): boolean =>
  `${cluster.cluster} ${cluster.owner ?? ''} ${cluster.session ?? ''}`
    .toLowerCase()
    .includes(text.trim().toLowerCase());

function ordered(clusters: readonly ClusterSummaryWire[], sort: (typeof SORTS)[number]): readonly ClusterSummaryWire[] {
  if (sort === 'state') return clusters;
  if (sort === 'name') return [...clusters].sort((a, b) => a.cluster.localeCompare(b.cluster));
  const size = (cluster: ClusterSummaryWire): number =>
    (sort === 'waste' ? cluster.waste.gpusWasted : cluster.gpu.total) ?? -1;
  return [...clusters].sort((a, b) => size(b) - size(a));
}

/** A row on a wide screen, a card on a narrow one. */
function ClusterRow({ cluster, nowMs }: { cluster: ClusterSummaryWire; nowMs: number }) {
  const { nodes, jobs } = cluster;
  const narrowed = encodeURIComponent(cluster.cluster);
  return (
    <li
      className={`grid grid-cols-2 gap-x-6 gap-y-3 border-[var(--line)] border-b px-4 py-3 last:border-0 hover:bg-[var(--panel-2)] md:grid-cols-3 xl:grid-cols-[minmax(220px,1.5fr)_repeat(3,minmax(130px,1fr))_minmax(220px,1fr)] ${cluster.state === 'ended' ? 'text-[var(--muted)]' : ''}`}
    >
      <div className="col-span-2 min-w-0 md:col-span-3 xl:col-span-1">
        <div className="flex flex-wrap items-baseline gap-x-3">
          <Link href={clusterHref(cluster.cluster)} className="truncate font-medium text-[14px]">
            {cluster.cluster}
          </Link>
          <ClusterState state={cluster.state} />
          {cluster.demo ? (
            <span className="rounded border border-[var(--line)] px-1.5 text-[11px] text-[var(--muted)] leading-4">
              demo
            </span>
          ) : null}
        </div>
        <div className="truncate text-[12px] text-[var(--muted)]">
          {cluster.owner ?? 'no owner known'} · {nodes.alive} of {nodes.total} node{nodes.total === 1 ? '' : 's'} alive
          {cluster.rayVersion ? ` · Ray ${cluster.rayVersion}` : ''}
        </div>
        <div
          className="truncate text-[12px] text-[var(--muted)]"
          title={`${formatTimestamp(cluster.lastHeardNs)} UTC, from ${cluster.heardFrom.join(', ') || 'nobody'}`}
        >
          {seenText(cluster, nowMs)}
          {cluster.heardFrom.length > 0 ? ` · ${cluster.heardFrom.join(', ')}` : ''}
        </div>
      </div>
      <GpuBar summary={cluster} />
      <CpuBar summary={cluster} />
      <MemoryBar summary={cluster} />
      <div className="flex flex-wrap content-start gap-x-6 gap-y-1 xl:justify-end">
        <Link href={`/jobs?cluster=${narrowed}`} className="group min-w-20 hover:no-underline">
          <span className="block text-[var(--text)] group-hover:underline">
            {jobs.running} job{jobs.running === 1 ? '' : 's'} running
          </span>
          <span className="block text-[12px] text-[var(--muted)]">
            {jobs.withoutEnd > 0 ? `${jobs.withoutEnd} never told an end` : `of ${jobs.total}`}
          </span>
        </Link>
        <Link href={`/alerts?cluster=${narrowed}`} className="group min-w-20 hover:no-underline">
          <AlertText count={cluster.alertsFiring} />
        </Link>
      </div>
    </li>
  );
}

function AlertText({ count }: { count: number | null }) {
  if (count === null) return <span className="text-[var(--muted)]">alerts not known</span>;
  return count === 0 ? (
    <span className="text-[var(--muted)] group-hover:underline">no alert fires</span>
  ) : (
    <span className="text-[var(--bad)] group-hover:underline">
      <span aria-hidden="true">✕ </span>
      {count} alert{count === 1 ? '' : 's'} firing
    </span>
  );
}
