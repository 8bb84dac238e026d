'use client';
/** What a cluster used over the page's time window: given away, really busy, and there. */
import { useMemo } from 'react';
import { formatBytes, formatCount } from '../../lib/chart/format/number-format.ts';
import { prepareTimeChart, type TimeChartModel } from '../../lib/chart/time-series/time-chart.ts';
import type { ClusterUsageWire } from '../../lib/contract/clusters.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useClusterUsage } from '../queries/clusters.ts';
import { useTimeWindow } from '../shell/time-window.tsx';
import { TimeWindowControl } from '../shell/time-window-control.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

interface ChartPlan {
  readonly key: string;
  readonly title: string;
  readonly missing: string;
  readonly format: (value: number) => string;
  readonly whole?: boolean;
  /** Lines by the name they have in the answer. `total` is the ceiling of the axis. */
  readonly lines: readonly { readonly key: UsageLine; readonly name: string }[];
}
type UsageLine =
  | 'cpuAllocated'
  | 'cpuBusy'
  | 'cpuTotal'
  | 'gpuAllocated'
  | 'gpuBusy'
  | 'gpuTotal'
  | 'memoryUsedBytes'
  | 'memoryTotalBytes'
  | 'tasksRunning';

const units = (value: number): string => String(Math.round(value * 10) / 10);
const CHARTS: readonly ChartPlan[] = [
  {
    key: 'gpu',
    title: 'GPUs',
    missing: 'Ray tells of no GPU in this window.',
    format: units,
    lines: [
      { key: 'gpuBusy', name: 'busy' },
      { key: 'gpuAllocated', name: 'allocated' },
      { key: 'gpuTotal', name: 'total' },
    ],
  },
  {
    key: 'cpu',
    title: 'CPUs',
    missing: "Ray's metrics are not scraped in this window.",
    format: units,
    lines: [
      { key: 'cpuBusy', name: 'busy' },
      { key: 'cpuAllocated', name: 'allocated' },
      { key: 'cpuTotal', name: 'total' },
    ],
  },
  {
    key: 'memory',
    title: 'Memory of the hosts',
    missing: "Ray's metrics are not scraped in this window.",
    format: formatBytes,
    lines: [
      { key: 'memoryUsedBytes', name: 'used' },
      { key: 'memoryTotalBytes', name: 'total' },
    ],
  },
  {
    key: 'tasks',
    title: 'Tasks running',
    missing: 'No task ran in this window, or Ray did not say.',
    format: (value) => formatCount(Math.round(value)),
    whole: true,
    lines: [{ key: 'tasksRunning', name: 'running' }],
  },
];

/** Null where none of its lines has a sample. */
function prepareUsage(usage: ClusterUsageWire, plan: ChartPlan): TimeChartModel | null {
  const series = plan.lines.flatMap(({ key, name }) =>
    usage[key].some((value) => value !== null) ? [{ labels: { name }, values: usage[key] }] : [],
  );
  if (series.length === 0) return null;
  return prepareTimeChart(
    { startMs: usage.startMs, stepMs: usage.stepMs, count: usage.count, series },
    {
      name: (labels) => labels.name ?? '',
      format: plan.format,
      min: 0,
      binary: plan.format === formatBytes,
      whole: plan.whole ?? false,
    },
  );
}

/** Longest window that is offered of a cluster that has ended. */
const MOST_OF_LIFE_MS = 6 * 3_600_000;

/** `life`: from when to when a cluster lived that has ended, Unix ms; null: it lives. */
export function ClusterUsage({
  cluster,
  session,
  life,
}: {
  cluster: string;
  session: string | null;
  life: { readonly fromMs: number; readonly toMs: number } | null;
}) {
  const { fromMs, toMs, setWindow } = useTimeWindow();
  const { data, error, refetch } = useClusterUsage(cluster, session, fromMs, toMs);
  const models = useMemo(
    () => (data ? CHARTS.map((plan) => ({ plan, model: prepareUsage(data, plan) })) : null),
    [data],
  );
  return (
    <Panel title="Use over time" actions={<TimeWindowControl />}>
      {models && data ? (
        <>
          <SourceNotices notices={data.notices} />
          {data.notices.some((notice) => notice.kind === 'down') ? null : life &&
            life.toMs < fromMs &&
            models.every(({ model }) => model === null) ? (
            <EmptyState title="The cluster had ended by then">
              <button
                type="button"
                className="rounded border border-[var(--line)] px-3 py-1 text-[var(--text)] hover:bg-[var(--panel-2)]"
                onClick={() => setWindow(Math.max(life.fromMs, life.toMs - MOST_OF_LIFE_MS), life.toMs)}
              >
                Show its last hours
              </button>
            </EmptyState>
          ) : (
            <div className="grid gap-6 lg:grid-cols-2">
              {models.map(({ plan, model }) => (
                <div key={plan.key} className="min-w-0">
                  <h3 className="mb-1 text-[12px] text-[var(--muted)]">{plan.title}</h3>
                  {model ? (
                    <TimeChart
                      label={`${plan.title} of ${cluster} over time`}
                      model={model}
                      height={180}
                      onWindow={(from, to) => setWindow(from, to)}
                    />
                  ) : (
                    <EmptyState title="Nothing measured">{plan.missing}</EmptyState>
                  )}
                </div>
              ))}
            </div>
          )}
        </>
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
      ) : session === null ? (
        <EmptyState title="No data from this cluster yet" />
      ) : (
        <Skeleton rows={16} />
      )}
    </Panel>
  );
}
