'use client';
/**
 * What is drawn on slices of a timeline of tiles: the attempts of the selected task, and phases while few attempts are in view.
 * Tiles know no task ids: a slice is found by its lane and its start, which are exact where it is at least a pixel wide.
 */
import { useMemo } from 'react';
import type { TimelineTracks } from '../../../lib/chart/timeline/timeline-lanes.ts';
import { firstVisible } from '../../../lib/chart/timeline/timeline-raster.ts';
import { phasesAddress, taskAddress, timelineSlicesAddress } from '../../../lib/contract/requests/addresses.ts';
import type { DrawnPhase } from '../../charts/timeline-scene.ts';
import { useApi } from '../../queries/api-client.ts';
import type { TiledJob } from './tile-scene.ts';

/** As many attempts as one answer names. */
const MOST_SLICES = 1000;
const NO_PHASES: ReadonlyMap<number, readonly DrawnPhase[]> = new Map();
/** Starts in a compact tile are exact or within this share of the attempt's length. */
const NEAR = 0.01;

/** The slice of a lane that starts there; -1 where it is not loaded. */
function sliceAt(tracks: TimelineTracks, lane: number, start: number, end: number): number {
  const near = Math.max(1, (end - start) * NEAR);
  for (
    let slice = firstVisible(tracks, lane, start - near);
    slice < (tracks.trackBegin[lane + 1] ?? 0) && (tracks.start[slice] ?? 0) <= start + near;
    slice++
  )
    if (Math.abs((tracks.start[slice] ?? 0) - start) <= near) return slice;
  return -1;
}

/** Slices of the selected task's attempts that are in view, by attempt, the selected one, and the lane of its worker (-1: unknown). */
export function useTileChain(
  { answer, jobRef }: TiledJob,
  tracks: TimelineTracks,
  taskId: string,
  attempt: number,
): { readonly selected: number; readonly chain: readonly number[]; readonly lane: number } {
  // The same question as the details panel asks.
  const task = useApi(taskAddress, { ...jobRef, taskId }, { enabled: taskId !== '' });
  const found = task.data?.taskId === taskId ? task.data : undefined;
  return useMemo(() => {
    const origin = BigInt(answer.fromNs ?? '0');
    const now = BigInt(answer.nowNs);
    const chain: number[] = [];
    let selected = -1;
    let lane = -1;
    for (const one of found?.attempts ?? []) {
      if (one.attempt === attempt && one.workerId !== null) lane = answer.lanes.workerId.indexOf(one.workerId);
      if (one.startNs === null) continue;
      const [start, end] = [Number(BigInt(one.startNs) - origin), Number(BigInt(one.endNs ?? now) - origin)];
      answer.lanes.workerId.forEach((worker, at) => {
        if (worker !== one.workerId) return;
        const slice = sliceAt(tracks, at, start, end);
        if (slice === -1 || chain.includes(slice)) return;
        chain.push(slice);
        if (one.attempt === attempt) selected = slice;
      });
    }
    return { selected, chain, lane };
  }, [found, attempt, answer, tracks]);
}

/** Phases by place in the tracks; empty while more attempts are in view than can be seen. */
export function useTilePhases(
  { answer, jobRef, filter }: TiledJob,
  tracks: TimelineTracks,
  window: { readonly from: string; readonly to: string } | null,
  /** Attempts in the window; null while that is not known. */
  count: number | null,
): ReadonlyMap<number, readonly DrawnPhase[]> {
  const enabled = window !== null && count !== null && count <= MOST_SLICES;
  const requested = { ...jobRef, from: window?.from ?? '0', to: window?.to ?? '1' };
  const slices = useApi(
    timelineSlicesAddress,
    { ...requested, ...filter, limit: MOST_SLICES },
    { enabled, refreshMs: false },
  ).data;
  const phases = useApi(phasesAddress, requested, { enabled, refreshMs: false }).data;
  return useMemo(() => {
    if (!enabled || slices === undefined || phases === undefined || phases.taskId.length === 0) return NO_PHASES;
    const origin = BigInt(answer.fromNs ?? '0');
    const laneOf = new Map(answer.lanes.key.map((key, lane) => [key, lane]));
    const locationOf = new Map<string, number>();
    for (const one of slices.slices) {
      const lane = laneOf.get(one.lane);
      if (lane === undefined) continue;
      const [start, end] = [Number(BigInt(one.startNs) - origin), Number(BigInt(one.endNs) - origin)];
      const slice = sliceAt(tracks, lane, start, end);
      if (slice !== -1) locationOf.set(`${one.taskId}.${one.attempt}`, tracks.attempt[slice] ?? slice);
    }
    const offset = Number(BigInt(phases.fromNs) - origin);
    const found = new Map<number, DrawnPhase[]>();
    phases.taskId.forEach((id, i) => {
      const location = locationOf.get(`${id}.${phases.attempt[i]}`);
      if (location === undefined) return;
      const list = found.get(location) ?? [];
      list.push({
        name: phases.names[phases.name[i] ?? 0] ?? '',
        start: offset + (phases.start[i] ?? 0),
        end: offset + (phases.end[i] ?? 0),
      });
      found.set(location, list);
    });
    return found;
  }, [enabled, slices, phases, answer, tracks]);
}
