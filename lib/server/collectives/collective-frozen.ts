/** Whether Inspector's gauges stand still, told by node_exporter's view of its files or by values that never change. */
import { smallest } from '../../model/extremes.ts';
import { decodeTextfile, TEXTFILE_QUERY } from '../../sources/nccl/inspector-metrics.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type CollectiveScope, instantOf } from './collective-locations.ts';

/** Four of Inspector's shortest dump intervals. */
const FROZEN_AFTER_MS = 120_000;
/** Without files only the values tell; twice the 5 min for which Prometheus repeats the last sample of a target that is gone. */
const UNCHANGED_AFTER_MS = 600_000;

export interface Frozen {
  readonly sinceMs: number;
  /** `file`: node_exporter says when it was written. `values`: nothing changed since, which is weaker. */
  readonly told: 'file' | 'values';
}

/** A function of a communicator's scrape targets and of when its values last changed; null while it moves. */
export async function frozenSince(
  runtime: Runtime,
  scope: CollectiveScope,
  signal: AbortSignal,
): Promise<(instances: ReadonlySet<string>, unchangedSinceMs: number | null) => Frozen | null> {
  const now = instantOf(scope.window);
  const written = new Map<string, number>();
  try {
    const { data } = await runtime.prometheus.instant(
      { name: 'collective-textfiles', promql: TEXTFILE_QUERY, time: now },
      signal,
    );
    for (const { labels, value } of data) {
      const file = decodeTextfile(labels, value);
      if (file) written.set(file.instance, Math.max(written.get(file.instance) ?? 0, file.writtenMs));
    }
  } catch (error) {
    if (signal.aborted) throw error;
  }
  return (instances, unchangedSinceMs) => {
    const times = [...instances].flatMap((instance) => written.get(instance) ?? []);
    if (times.length > 0) {
      const oldest = smallest(times);
      return now - oldest > FROZEN_AFTER_MS ? { sinceMs: oldest, told: 'file' } : null;
    }
    return unchangedSinceMs !== null && now - unchangedSinceMs > UNCHANGED_AFTER_MS
      ? { sinceMs: unchangedSinceMs, told: 'values' }
      : null;
  };
}
