'use client';
/** Jumps to the longest time in which a lane did nothing, then to the next longest, as long as nobody else moves the window. */
import { useRef, useState } from 'react';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import type { TimelineTracks } from '../../lib/chart/timeline/timeline-lanes.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { longestGaps, type TrackGap } from '../../lib/chart/timeline/timeline-window.ts';

const MOST = 50;

/** `slack`: ns after a slice in which others may hide; `tracksInView`: those that are looked through. */
export function useGapJump(
  tracks: TimelineTracks,
  range: TimeRange,
  slack: number,
  tracksInView: { readonly first: number; readonly last: number },
  onRange: (range: TimeRange) => void,
  lookAt: (track: number) => void = () => undefined,
) {
  const found = useRef<{ readonly gaps: readonly TrackGap[]; next: number; shown: TimeRange } | null>(null);
  const [notice, setNotice] = useState('');
  return {
    notice,
    /** Another jump has the word. */
    forget: () => setNotice(''),
    jump(): void {
      const before = found.current;
      const isSame = before !== null && before.shown.from === range.from && before.shown.to === range.to;
      const state =
        isSame && before.next < before.gaps.length
          ? before
          : {
              gaps: longestGaps(tracks, tracksInView.first, tracksInView.last, range, slack, MOST),
              next: 0,
              shown: range,
            };
      const gap = state.gaps[state.next];
      if (gap === undefined) {
        setNotice('No lane in view was idle between two attempts.');
        return;
      }
      const air = (gap.to - gap.from) * 0.3;
      state.next += 1;
      state.shown = { from: Math.round(gap.from - air), to: Math.round(gap.to + air) };
      found.current = state;
      const group = tracks.groups.find(({ first, last }) => gap.track >= first && gap.track < last);
      setNotice(
        `Idle for ${slack > 0 ? 'about ' : ''}${durationText(gap.to - gap.from)}: ${tracks.tracks[gap.track]?.label ?? ''} on ${group?.label ?? ''}, ${state.next} of the ${state.gaps.length} longest gaps in view.`,
      );
      lookAt(gap.track);
      onRange(state.shown);
    },
  };
}
