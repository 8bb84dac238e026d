/** Use case: the ended attempts behind slices. */
import type { z } from 'zod';
import type { TimelineSlicesWire, timelineSlicesRoute } from '../../contract/timeline-tile.ts';
import { slicesByLatest, slicesByLength, slicesByStart } from '../../store/queries/timeline/timeline-slices.ts';
import { resolveJob } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { FOREVER, filterOf, hashOf, keyOf } from './slice-filter.ts';

export async function getTimelineSlices(
  runtime: Runtime,
  query: z.output<typeof timelineSlicesRoute.query>,
  signal?: AbortSignal,
): Promise<TimelineSlicesWire> {
  const job = await resolveJob(runtime, query);
  const rows = await runtime.engine.select(
    { start: slicesByStart, latest: slicesByLatest, longest: slicesByLength }[query.sort],
    {
      session: job.session,
      job: job.job_id,
      lane: query.lane === undefined ? 0n : hashOf(query.lane),
      from: query.from ?? 0n,
      to: query.to ?? FOREVER,
      startFrom: query.startFrom ?? -FOREVER,
      startTo: query.startTo ?? FOREVER,
      limit: query.limit,
      offset: query.offset,
      ...filterOf(query),
    },
    signal ? { signal } : {},
  );
  return {
    slices: rows.map((row) => ({
      taskId: row.task_id,
      attempt: row.attempt,
      function: row.function,
      state: row.failed === 1 ? ('FAILED' as const) : ('FINISHED' as const),
      error: row.error === '' ? null : row.error,
      lane: keyOf(row.lane),
      startNs: row.start_ns,
      endNs: row.end_ns,
    })),
    limited: rows.length === query.limit,
  };
}
