/** Use case: what ran in a window of a job's timeline, by function. */
import type { z } from 'zod';
import type { TimelineSumsWire, timelineSumsRoute } from '../../contract/timeline-tile.ts';
import { timelineSums } from '../../store/queries/timeline/timeline-slices.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { jobNames } from './known-lanes.ts';
import { FOREVER, filterOf } from './slice-filter.ts';

/** Ten million attempts take about two seconds. */
const SUMS_MS = 20_000;

export async function getTimelineSums(
  runtime: Runtime,
  query: z.output<typeof timelineSumsRoute.query>,
  signal?: AbortSignal,
): Promise<TimelineSumsWire> {
  const { which } = await jobNames(runtime, query);
  const rows = await runtime.engine.select(
    timelineSums,
    { ...which, from: query.from ?? 0n, to: query.to ?? FOREVER, limit: query.limit, ...filterOf(query) },
    { timeoutMs: SUMS_MS, ...(signal ? { signal } : {}) },
  );
  return {
    functions: rows.map((row) => ({
      function: row.name,
      count: row.count,
      failures: row.failures,
      totalNs: row.total_ns,
      p50Ns: row.p50_ns,
      p95Ns: row.p95_ns,
      maxNs: row.max_ns,
    })),
    count: rows.reduce((sum, row) => sum + row.count, 0),
    failures: rows.reduce((sum, row) => sum + row.failures, 0),
    limited: rows.length === query.limit,
  };
}
