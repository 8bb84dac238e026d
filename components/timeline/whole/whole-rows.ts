'use client';
/** Rows of the attempts in the window where all of them are in hand. */
import { useMemo } from 'react';
import type { TimelineTracks } from '../../../lib/chart/timeline/timeline-lanes.ts';
import type { TimeRange } from '../../../lib/chart/timeline/timeline-raster.ts';
import { overMedian, sliceWhere } from '../../../lib/chart/timeline/timeline-text.ts';
import type { TimelineWire } from '../../../lib/contract/timeline.ts';
import type { AttemptRows } from '../timeline-source.ts';

export function useWholeRows(
  data: TimelineWire,
  {
    tracks,
    range,
    matches,
    selected,
    onSelect,
  }: {
    readonly tracks: TimelineTracks;
    readonly range: TimeRange;
    /** Null: all. */
    readonly matches: ReadonlySet<number> | null;
    readonly selected: number;
    readonly onSelect: (slice: number) => void;
  },
  /** Nobody looks at them otherwise. */
  isShown: boolean,
): AttemptRows {
  const slices = useMemo(() => {
    const inside: number[] = [];
    if (!isShown) return inside;
    for (let i = 0; i < tracks.start.length; i++)
      if (
        (tracks.start[i] ?? 0) < range.to &&
        (tracks.end[i] ?? 0) >= range.from &&
        (matches === null || matches.has(i))
      )
        inside.push(i);
    return inside.sort((a, b) => (tracks.start[a] ?? 0) - (tracks.start[b] ?? 0));
  }, [tracks, range, matches, isShown]);
  return {
    count: slices.length,
    notice: '',
    problem: null,
    row(index) {
      const slice = slices[index];
      if (slice === undefined) return undefined;
      const attempt = tracks.attempt[slice] ?? 0;
      return {
        startNs: BigInt(data.originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)),
        functionName: data.functions[tracks.functionIndex[slice] ?? 0] ?? '',
        attempt: data.columns.attempt[attempt] ?? 0,
        state: data.states[tracks.stateIndex[slice] ?? 0] ?? '',
        durationNs: (tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0),
        overMedian: overMedian(tracks, slice),
        where: sliceWhere(tracks, slice),
        error: data.errors[data.columns.error[attempt] ?? 0] ?? '',
        isSelected: slice === selected,
        onSelect: () => onSelect(slice),
      };
    },
  };
}
