/** What one looks at and picks on a timeline: zoom, pan, hit, neighbours, sums of the visible window. Pure. */
import type { TimelineTracks } from './timeline-lanes.ts';
import { firstVisible, longestIn, type TimeRange } from './timeline-raster.ts';

/** Shortest window in ns: below this float64 and pixels say nothing new. */
const SHORTEST = 100;

/** Zooms by `factor` (< 1 zooms in) around `anchor`, which stays under its pixel; bounded by the extent and a margin. */
export function zoomAt(range: TimeRange, anchor: number, factor: number, extent: TimeRange): TimeRange {
  const widest = (extent.to - extent.from) * 1.1;
  const span = Math.min(widest, Math.max(SHORTEST, (range.to - range.from) * factor));
  const share = (anchor - range.from) / (range.to - range.from);
  return keepInside({ from: anchor - share * span, to: anchor + (1 - share) * span }, extent);
}

/** Moves a range back so that it overlaps the extent with a margin of 5 % of the larger of both. */
export function keepInside(range: TimeRange, extent: TimeRange): TimeRange {
  const span = range.to - range.from;
  const margin = (extent.to - extent.from) * 0.05;
  const low = extent.from - margin;
  const high = extent.to + margin;
  if (span >= high - low) return { from: low, to: low + span };
  const from = Math.min(Math.max(range.from, low), high - span);
  return { from, to: from + span };
}

export const panBy = (range: TimeRange, ns: number, extent: TimeRange): TimeRange =>
  keepInside({ from: range.from + ns, to: range.to + ns }, extent);

/** The extent with 2 % of air on both sides. */
export function fitRange(extent: TimeRange): TimeRange {
  const air = (extent.to - extent.from) * 0.02;
  return { from: extent.from - air, to: extent.to + air };
}

/** Slice under a time on a track: the longest of those within `slack` ns; -1 where there is none. */
export function sliceAt(tracks: TimelineTracks, track: number, time: number, slack: number): number {
  const low = firstVisible(tracks, track, time - slack);
  const last = tracks.trackBegin[track + 1] ?? 0;
  let high = low;
  let step = 1;
  while (high < last && (tracks.start[high] ?? 0) <= time + slack) {
    high = Math.min(last, high + step);
    step *= 2;
  }
  while (high > low && (tracks.start[high - 1] ?? 0) > time + slack) high--;
  return high > low ? longestIn(tracks, low, high) : -1;
}

/** Slice of a track at a time, else the next, else the last; -1 where the track is empty. */
export function sliceIn(tracks: TimelineTracks, track: number, time: number): number {
  const [begin, end] = [tracks.trackBegin[track] ?? 0, tracks.trackBegin[track + 1] ?? 0];
  return begin >= end ? -1 : Math.min(end - 1, firstVisible(tracks, track, time));
}

export type Step = 'left' | 'right' | 'up' | 'down';

/** The slice an arrow key leads to: the next on the same track, or the nearest in time on the next track that has one. */
export function neighbour(tracks: TimelineTracks, slice: number, step: Step): number {
  const track = tracks.trackOf[slice] ?? 0;
  if (step === 'left') return slice - 1 >= (tracks.trackBegin[track] ?? 0) ? slice - 1 : slice;
  if (step === 'right') return slice + 1 < (tracks.trackBegin[track + 1] ?? 0) ? slice + 1 : slice;
  const way = step === 'up' ? -1 : 1;
  const middle = ((tracks.start[slice] ?? 0) + (tracks.end[slice] ?? 0)) / 2;
  for (let other = track + way; other >= 0 && other < tracks.tracks.length; other += way) {
    const begin = tracks.trackBegin[other] ?? 0;
    const end = tracks.trackBegin[other + 1] ?? begin;
    if (begin === end) continue;
    return Math.min(end - 1, firstVisible(tracks, other, middle));
  }
  return slice;
}

/** The next failed slice by start after `slice` (-1: from the beginning), around the end; -1 where none failed. */
export function nextFailure(tracks: TimelineTracks, slice: number): number {
  const after = slice === -1 ? Number.NEGATIVE_INFINITY : (tracks.start[slice] ?? 0);
  let best = -1;
  let first = -1;
  for (let i = 0; i < tracks.failed.length; i++) {
    if (tracks.failed[i] !== 1 || i === slice) continue;
    const at = tracks.start[i] ?? 0;
    if (first === -1 || at < (tracks.start[first] ?? 0)) first = i;
    if ((at > after || (at === after && i > slice)) && (best === -1 || at < (tracks.start[best] ?? 0))) best = i;
  }
  if (best !== -1) return best;
  return first === -1 && slice !== -1 && tracks.failed[slice] === 1 ? slice : first;
}

/** Longest slice that touches the range; -1 where there is none. */
export function longestVisible(tracks: TimelineTracks, range: TimeRange): number {
  let best = -1;
  let longest = -1;
  for (let i = 0; i < tracks.start.length; i++) {
    const [from, to] = [tracks.start[i] ?? 0, tracks.end[i] ?? 0];
    if (from < range.to && to > range.from && to - from > longest) [best, longest] = [i, to - from];
  }
  return best;
}

export interface WindowSum {
  readonly functionIndex: number;
  readonly count: number;
  readonly failures: number;
  /** Sums over ended attempts that touch the window, whole durations in ns. */
  readonly totalNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly maxNs: number;
}

/** Nearest-rank quantile of sorted values. */
const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** What ran in a window, by function, largest total first. Running attempts count with their time so far. */
export function sumWindow(tracks: TimelineTracks, range: TimeRange): readonly WindowSum[] {
  const durations = new Map<number, number[]>();
  const failures = new Map<number, number>();
  for (let i = 0; i < tracks.start.length; i++) {
    const [from, to] = [tracks.start[i] ?? 0, tracks.end[i] ?? 0];
    if (from >= range.to || (to <= range.from && from < range.from)) continue;
    const name = tracks.functionIndex[i] ?? 0;
    const list = durations.get(name);
    if (list === undefined) durations.set(name, [to - from]);
    else list.push(to - from);
    if (tracks.failed[i] === 1) failures.set(name, (failures.get(name) ?? 0) + 1);
  }
  const sums = [...durations].map(([functionIndex, list]) => {
    const sorted = Float64Array.from(list).sort();
    return {
      functionIndex,
      count: sorted.length,
      failures: failures.get(functionIndex) ?? 0,
      totalNs: sorted.reduce((sum, value) => sum + value, 0),
      p50Ns: quantile(sorted, 0.5),
      p95Ns: quantile(sorted, 0.95),
      maxNs: sorted.at(-1) ?? 0,
    };
  });
  return sums.sort((a, b) => b.totalNs - a.totalNs);
}

/** Ended attempts of one function among the tracks, ns; null where none ended. */
export function functionSpread(
  tracks: TimelineTracks,
  functionIndex: number,
): { readonly count: number; readonly p50Ns: number; readonly p95Ns: number; readonly maxNs: number } | null {
  const durations: number[] = [];
  for (let i = 0; i < tracks.start.length; i++)
    if (tracks.functionIndex[i] === functionIndex && tracks.running[i] === 0)
      durations.push((tracks.end[i] ?? 0) - (tracks.start[i] ?? 0));
  if (durations.length === 0) return null;
  const sorted = Float64Array.from(durations).sort();
  return {
    count: sorted.length,
    p50Ns: quantile(sorted, 0.5),
    p95Ns: quantile(sorted, 0.95),
    maxNs: sorted.at(-1) ?? 0,
  };
}

/** Slices that touch a window, all tracks together. Work: tracks times log n. */
export function countBetween(tracks: TimelineTracks, range: TimeRange): number {
  let count = 0;
  for (let track = 0; track < tracks.tracks.length; track++) {
    const last = firstVisible(tracks, track, range.to);
    const isOpenEnded = last < (tracks.trackBegin[track + 1] ?? 0) && (tracks.start[last] ?? 0) < range.to;
    count += last - firstVisible(tracks, track, range.from) + (isOpenEnded ? 1 : 0);
  }
  return count;
}

/** A window in which a slice can be seen well: it keeps the span unless the slice would be thinner than a 40th of it. */
export function windowAround(tracks: TimelineTracks, slice: number, range: TimeRange): TimeRange {
  const [from, to] = [tracks.start[slice] ?? 0, tracks.end[slice] ?? 0];
  const span = range.to - range.from;
  const length = Math.max(to - from, SHORTEST / 4);
  const isThin = length < span / 40;
  const isWide = length > span;
  if (!isThin && !isWide && from >= range.from && to <= range.to) return range;
  const wanted = isThin ? length * 12 : isWide ? length * 1.4 : span;
  const middle = (from + to) / 2;
  return keepInside({ from: middle - wanted / 2, to: middle + wanted / 2 }, tracks.extent);
}

/** A time in which a track did nothing, between two of its slices. */
export interface TrackGap extends TimeRange {
  readonly track: number;
}

/**
 * The longest gaps of tracks [first, last) inside a range, longest first, at most `most`. `slack` ns after a slice do not
 * count: what stands for many may hold others up to there.
 */
export function longestGaps(
  tracks: TimelineTracks,
  first: number,
  last: number,
  range: TimeRange,
  slack: number,
  most: number,
): readonly TrackGap[] {
  const found: TrackGap[] = [];
  for (let track = first; track < last; track++) {
    const end = tracks.trackBegin[track + 1] ?? 0;
    for (let i = firstVisible(tracks, track, range.from); i + 1 < end; i++) {
      const from = Math.max(range.from, (tracks.end[i] ?? 0) + slack);
      if (from >= range.to) break;
      const to = Math.min(range.to, tracks.start[i + 1] ?? 0);
      const shortest = found.at(-1);
      if (
        to - from <= slack ||
        (found.length === most && shortest !== undefined && to - from <= shortest.to - shortest.from)
      )
        continue;
      const gap = { track, from, to };
      const index = found.findIndex((other) => other.to - other.from < to - from);
      found.splice(index === -1 ? found.length : index, 0, gap);
      if (found.length > most) found.pop();
    }
  }
  return found;
}
