'use client';
/** The attempt that submitted the selected one, where it is on the lanes: the driver is on none. */
import type { TimelineTracks } from '../../lib/chart/timeline-lanes.ts';
import { taskRoute } from '../../lib/contract/jobs.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { useApi } from '../queries/api-client.ts';

/** `row`: place of the selected attempt in the columns, -1: none. Answers a slice, -1 where there is none. */
export function useParentSlice(
  narrow: { readonly jobId: string; readonly session?: string },
  data: TimelineWire,
  tracks: TimelineTracks,
  row: number,
): number {
  const taskId = data.columns.taskId[row] ?? '';
  // The same question as the details panel asks.
  const task = useApi(taskRoute, { ...narrow, taskId }, { enabled: taskId !== '' });
  const parent = task.data?.taskId === taskId ? task.data.attempts.at(-1)?.parentTaskId : undefined;
  return parent == null ? -1 : (tracks.sliceOf[data.columns.taskId.lastIndexOf(parent)] ?? -1);
}
