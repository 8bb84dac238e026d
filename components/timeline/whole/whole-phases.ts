'use client';
/** Phases of the attempts in view, asked for only while so few are in view that they can be seen. */
import { useMemo } from 'react';
import { requestedWindow, writeInstant } from '../../../lib/chart/timeline/timeline-instant.ts';
import type { TimelineTracks } from '../../../lib/chart/timeline/timeline-lanes.ts';
import type { TimeRange } from '../../../lib/chart/timeline/timeline-raster.ts';
import { countBetween } from '../../../lib/chart/timeline/timeline-window.ts';
import { phasesAddress } from '../../../lib/contract/requests/addresses.ts';
import type { TimelineWire } from '../../../lib/contract/timeline.ts';
import type { DrawnPhase } from '../../charts/timeline-scene.ts';
import { useApi } from '../../queries/api-client.ts';

const MOST_SLICES = 5_000;
const NONE: ReadonlyMap<number, readonly DrawnPhase[]> = new Map();

export function usePhases(
  jobRef: { readonly jobId: string; readonly session?: string },
  data: TimelineWire,
  tracks: TimelineTracks,
  settled: TimeRange,
): ReadonlyMap<number, readonly DrawnPhase[]> {
  const requested = useMemo(() => requestedWindow(settled), [settled]);
  const enabled = useMemo(() => countBetween(tracks, requested) <= MOST_SLICES, [tracks, requested]);
  const answer = useApi(
    phasesAddress,
    { ...jobRef, from: writeInstant(requested.from, data.originNs), to: writeInstant(requested.to, data.originNs) },
    { enabled, refreshMs: false },
  );
  const { taskId, attempt } = data.columns;
  const phases = answer.data;
  return useMemo(() => {
    if (!enabled || phases === undefined) return NONE;
    const wanted = new Set(phases.taskId);
    const rowOf = new Map<string, number>();
    taskId.forEach((id, row) => {
      if (wanted.has(id)) rowOf.set(`${id}.${attempt[row]}`, row);
    });
    const offset = Number(BigInt(phases.fromNs) - BigInt(data.originNs));
    const found = new Map<number, DrawnPhase[]>();
    phases.taskId.forEach((id, i) => {
      const row = rowOf.get(`${id}.${phases.attempt[i]}`);
      if (row === undefined) return;
      const drawn = {
        name: phases.names[phases.name[i] ?? 0] ?? '',
        start: offset + (phases.start[i] ?? 0),
        end: offset + (phases.end[i] ?? 0),
      };
      const list = found.get(row);
      if (list === undefined) found.set(row, [drawn]);
      else list.push(drawn);
    });
    return found;
  }, [enabled, phases, taskId, attempt, data.originNs]);
}
