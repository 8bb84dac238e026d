'use client';
/** The selected attempt, and what it is seen with: the other attempts of its task, the attempt that submitted it, its function's durations. */
import { useMemo } from 'react';
import type { TimelineTracks } from '../../../lib/chart/timeline/timeline-lanes.ts';
import { attemptChain } from '../../../lib/chart/timeline/timeline-search.ts';
import { functionSpread } from '../../../lib/chart/timeline/timeline-window.ts';
import { taskAddress } from '../../../lib/contract/requests/addresses.ts';
import type { TimelineWire } from '../../../lib/contract/timeline.ts';
import { useApi } from '../../queries/api-client.ts';

/** The driver is on no lane. `row`: place of the selected attempt in the columns, -1: none. Answers a slice, -1 where there is none. */
function useParentSlice(
  jobRef: { readonly jobId: string; readonly session?: string },
  data: TimelineWire,
  tracks: TimelineTracks,
  row: number,
): number {
  const taskId = data.columns.taskId[row] ?? '';
  // The same question as the details panel asks.
  const task = useApi(taskAddress, { ...jobRef, taskId }, { enabled: taskId !== '' });
  const parent = task.data?.taskId === taskId ? task.data.attempts.at(-1)?.parentTaskId : undefined;
  return parent == null ? -1 : (tracks.sliceOf[data.columns.taskId.lastIndexOf(parent)] ?? -1);
}

/** `sel`: `taskId:attempt`. `row` is its place in the columns, `slice` in the tracks; -1 where it is on neither. */
export function useSelectedAttempt(
  jobRef: { readonly jobId: string; readonly session?: string },
  data: TimelineWire,
  prepared: TimelineTracks,
  tracks: TimelineTracks,
  sel: string,
) {
  const row = useMemo(() => {
    const [taskId, attempt] = sel.split(':');
    return data.columns.taskId.findIndex((id, at) => id === taskId && String(data.columns.attempt[at]) === attempt);
  }, [data.columns, sel]);
  const slice = row === -1 ? -1 : (tracks.sliceOf[row] ?? -1);
  const chain = useMemo(() => (slice === -1 ? [] : attemptChain(prepared, data, slice)), [prepared, data, slice]);
  const parent = useParentSlice(jobRef, data, tracks, row);
  const links = useMemo(() => (parent === -1 || slice === -1 ? [] : [{ from: parent, to: slice }]), [parent, slice]);
  const spread = useMemo(
    () => (slice === -1 ? null : functionSpread(prepared, prepared.functionIndex[slice] ?? -1)),
    [prepared, slice],
  );
  return { row, slice, chain, links, spread };
}
