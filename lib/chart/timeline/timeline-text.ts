/** A slice in words: what is said to a screen reader, shown under the pointer and written on the slice. */
import { DEPTHS } from '../../model/timeline-tile.ts';
import { counted } from '../format/number-format.ts';
import { durationText } from '../time-series/time-ticks.ts';
import type { TimelineTracks } from './timeline-lanes.ts';

export interface SliceNames {
  readonly functions: readonly string[];
  readonly states: readonly string[];
  /** Attempt number by place in the columns. */
  readonly attempts: readonly number[];
}

/** Duration over the median of the function's ended attempts; null where there is none to compare with. */
export function overMedian(tracks: TimelineTracks, slice: number): number | null {
  const duration = (tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0);
  const ratio = duration / (tracks.medianNs[tracks.functionIndex[slice] ?? 0] ?? Number.NaN);
  return Number.isFinite(ratio) ? ratio : null;
}

/** "train_step, attempt 1, FAILED, 1.42 s, 3.4x the median". */
export function sliceText(tracks: TimelineTracks, names: SliceNames, slice: number): string {
  const ratio = overMedian(tracks, slice);
  const duration = durationText((tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0));
  return [
    names.functions[tracks.functionIndex[slice] ?? 0] || 'unnamed task',
    `attempt ${names.attempts[tracks.attempt[slice] ?? 0] ?? 0}`,
    names.states[tracks.stateIndex[slice] ?? 0] ?? 'UNKNOWN',
    tracks.running[slice] === 1 ? `${duration} so far` : duration,
    ...(ratio === null ? [] : [`${ratio.toFixed(1)}x the median`]),
  ].join(', ');
}

/** "worker 2556 on sim-node-0". */
export const sliceWhere = (tracks: TimelineTracks, slice: number): string =>
  trackWhere(tracks, tracks.trackOf[slice] ?? 0);

/** The same of a track; '' where there is no such track. */
export function trackWhere(tracks: TimelineTracks, track: number): string {
  const group = tracks.groups.find(({ first, last }) => track >= first && track < last);
  return group === undefined ? '' : `${tracks.tracks[track]?.label ?? ''} on ${group.label}`;
}

/** What lies on the lanes: how many attempts (`what` they are), nodes and lanes. */
export const lanesTitle = (what: 'attempt' | 'ended attempt', attempts: number, nodes: number, lanes: number): string =>
  [counted(attempts, what, `${what}s`), counted(nodes, 'node', 'nodes'), counted(lanes, 'lane', 'lanes')].join(', ');

/** What a large timeline does not draw, in sentences; none where it draws all. */
export function notDrawn(answer: {
  readonly lanes: { readonly key: readonly string[] };
  readonly running: readonly unknown[];
  readonly functions: readonly string[];
  readonly deeper?: number | undefined;
  readonly omitted?:
    | { readonly lanes: number; readonly moreRunning: boolean; readonly moreFunctions: boolean }
    | undefined;
}): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en-US');
  const { deeper = 0, omitted } = answer;
  const lines: string[] = [];
  if (deeper > 0)
    lines.push(
      `${counted(deeper, 'attempt lies', 'attempts lie')} deeper than ${DEPTHS} on one worker: in the sums and the table, on no lane.`,
    );
  if ((omitted?.lanes ?? 0) > 0)
    lines.push(
      `${count(answer.lanes.key.length)} of ${count(answer.lanes.key.length + (omitted?.lanes ?? 0))} lanes are here. Filter by function, node or state to see others.`,
    );
  if (omitted?.moreRunning === true)
    lines.push(`More attempts run than the ${count(answer.running.length)} on the lanes.`);
  if (omitted?.moreFunctions === true)
    lines.push(`The list of functions ends after ${count(answer.functions.length)}. Search finds the others.`);
  return lines;
}
