/**
 * Ray's own count of kills, for clusters that send no events: ray_memory_manager_worker_eviction_total{Type,Name}
 * (a counter until October 2025, since then a gauge that only rises: src/ray/raylet/metrics.h), so differences are
 * computed here instead of with rate(). Type is `MemoryManager.TaskEviction.Total`, `...ActorEviction...`,
 * `...IdleWorkerEviction...` or `...DriverEviction...`; older versions say `Task`, `Actor`, `Driver`.
 */
import { mergedValues } from '../../model/identity/sighting.ts';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { nodeEvidence } from './target-labels.ts';

export const OOM_COUNTER = {
  name: 'oom-counter',
  promql:
    'max by (Name, Type, NodeAddress, ip, SessionName, instance, cluster) (ray_memory_manager_worker_eviction_total)',
} as const;

export interface CountedKill {
  readonly kind: 'task' | 'actor' | 'idle_worker' | 'driver';
  readonly name: string;
  readonly session: string;
  readonly cluster: string | null;
  readonly nodeIp: string | null;
  /** End of the bin in which the count rose. */
  readonly time: Milliseconds;
}

const MOST = 1000;

/**
 * One entry per kill counted at or after `from`, oldest first, at most 1000. Points before `from` only say where the
 * count stood. A series that begins inside the grid began at zero: Ray makes it with the first kill. A fall is a restart.
 */
export function countedKills(grid: SeriesGrid, from: Milliseconds): CountedKill[] {
  const kills: CountedKill[] = [];
  for (const { labels, values } of counters(grid)) {
    let before: number | null = values[0] ?? null;
    for (let i = 1; i < values.length; i++) {
      const value = values[i] ?? null;
      if (value === null) continue;
      const rose = value - (before === null || value < before ? 0 : before);
      before = value;
      const time = milliseconds(grid.start + i * grid.step);
      if (time < from) continue;
      for (let n = 0; n < Math.round(rose) && kills.length < MOST; n++) kills.push(counted(labels, time));
    }
  }
  return kills.sort((a, b) => a.time - b.time);
}

/** A counter that got a label more (a cluster's name) goes on: it is of one raylet, kind and name. */
function counters({
  series,
}: SeriesGrid): { readonly labels: LabelSet; readonly values: readonly (number | null)[] }[] {
  const byRaylet = Map.groupBy(series, ({ labels }) => {
    const { session, instance, ip } = nodeEvidence(labels);
    return JSON.stringify([labels.Name, labels.Type, session, ip, instance]);
  });
  return [...byRaylet.values()].map((parts) => ({
    labels: parts.find(({ labels }) => labels.cluster)?.labels ?? parts[0]?.labels ?? {},
    values: mergedValues(parts.map(({ values }) => values)),
  }));
}

function counted(labels: LabelSet, time: Milliseconds): CountedKill {
  const type = labels.Type ?? '';
  return {
    kind: /Idle/.test(type) ? 'idle_worker' : /Actor/.test(type) ? 'actor' : /Driver/.test(type) ? 'driver' : 'task',
    name: labels.Name ?? '',
    session: labels.SessionName ?? '',
    cluster: labels.cluster ?? null,
    nodeIp: labels.NodeAddress ?? labels.ip ?? labels.instance?.replace(/:\d+$/, '') ?? null,
    time,
  };
}
