/**
 * The visible window of timeline tracks as pixels. Work depends on pixels, not on slices: the first slice is found by
 * bisection, slices that share a pixel are galloped over and answered by an index.
 *
 *   slices   |-----a-----||b||c||------d------|      window [from, to)
 *   pixels   a a a a a a a   x   d d d d d d d      x: the longer of b and c; marked when either failed
 */
import { longerOf, type TimelineTracks } from './timeline-lanes.ts';

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What pixels are made of; copies to a worker as it is. */
export type RasterTracks = Pick<
  TimelineTracks,
  'trackBegin' | 'start' | 'end' | 'running' | 'longest' | 'treeSize' | 'failedBefore'
>;

/** Per pixel column of one track: the winning slice (-1: none) and whether a failed slice touches it. */
export interface TrackPixels {
  readonly winner: Int32Array;
  readonly failed: Uint8Array;
}

/** First pixel of a slice that starts at `start`, may be negative. */
export const pixelOf = (time: number, range: TimeRange, width: number): number =>
  Math.floor(((time - range.from) / (range.to - range.from)) * width);

/** One past the last pixel: at least one pixel wide. */
const pixelEnd = (first: number, end: number, range: TimeRange, width: number): number =>
  Math.max(first + 1, Math.ceil(((end - range.from) / (range.to - range.from)) * width));

/** Index of the longest slice in [low, high); the earlier one where they tie. O(log n). */
export function longestIn(tracks: RasterTracks, low: number, high: number): number {
  let best = -1;
  let left = low + tracks.treeSize;
  let right = high + tracks.treeSize;
  while (left < right) {
    if (left & 1) best = longerOf(tracks.start, tracks.end, best, tracks.longest[left++] ?? -1);
    if (right & 1) best = longerOf(tracks.start, tracks.end, best, tracks.longest[--right] ?? -1);
    left >>= 1;
    right >>= 1;
  }
  return best;
}

/** First slice of the track that ends after `time` (or starts at or after it); the track's end where none does. */
export function firstVisible(tracks: RasterTracks, track: number, time: number): number {
  let low = tracks.trackBegin[track] ?? 0;
  let high = tracks.trackBegin[track + 1] ?? low;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tracks.end[middle] ?? 0) > time || (tracks.start[middle] ?? 0) >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Slices in one pixel that are looked at one by one before they are galloped over. */
const FEW = 6;

/** Fills `into` for one track. `into.winner.length` is the width in pixels. Range must not be empty. */
export function rasterTrack(tracks: RasterTracks, track: number, range: TimeRange, into: TrackPixels): void {
  const { start, end, failedBefore } = tracks;
  const { winner, failed } = into;
  const width = winner.length;
  const { from, to } = range;
  const span = to - from;
  winner.fill(-1);
  failed.fill(0);
  const last = tracks.trackBegin[track + 1] ?? 0;
  let i = firstVisible(tracks, track, from);
  while (i < last && (start[i] ?? 0) < to) {
    const first = pixelOf(start[i] ?? 0, range, width);
    const after = first + 1;
    const stop = pixelEnd(first, end[i] ?? 0, range, width);
    let next = i + 1;
    let best = i;
    if (stop === after) {
      // Those that lie in this pixel alone, as pixelOf and pixelEnd would say.
      const few = Math.min(last, i + FEW);
      while (next < few && isWithin(start[next] ?? 0, end[next] ?? 0, from, span, width, after)) {
        best = longerOf(start, end, best, next);
        next++;
      }
      if (next === few && few < last) {
        const inside = (slice: number) =>
          slice < last && isWithin(start[slice] ?? 0, end[slice] ?? 0, from, span, width, after);
        if (inside(next)) {
          let step = 1;
          while (inside(next + step)) step *= 2;
          let low = next + (step >> 1);
          let high = Math.min(last, next + step);
          while (low < high) {
            const middle = (low + high) >> 1;
            if (inside(middle)) low = middle + 1;
            else high = middle;
          }
          next = low;
          best = longestIn(tracks, i, next);
        }
      }
    }
    const anyFailed = (failedBefore[next] ?? 0) > (failedBefore[i] ?? 0);
    const until = Math.min(stop, width);
    for (let x = Math.max(0, first); x < until; x++) {
      const held = winner[x] ?? -1;
      winner[x] = held === -1 ? best : longerOf(start, end, held, best);
      if (anyFailed) failed[x] = 1;
    }
    i = next;
  }
}

/** Whether a slice, which starts no earlier than the pixel before `after`, ends in that pixel too. */
const isWithin = (start: number, end: number, from: number, span: number, width: number, after: number): boolean =>
  ((end - from) / span) * width <= after && ((start - from) / span) * width < after;

/** Where a track is painted: device pixels from the top of the buffer; rows outside the buffer are cut. */
export interface TrackLocation {
  readonly track: number;
  readonly top: number;
  readonly height: number;
}

/** Colours are 0xAABBGGRR, as ImageData holds them on little-endian machines. */
export interface RasterPaint {
  /** One colour per slice. */
  readonly colours: Uint32Array;
  readonly failure: number;
  readonly background: number;
  readonly runningEdge: number;
}

/** A slice that is wide enough for text: pixel columns [left, right) of a place. */
export interface WideRun {
  readonly slice: number;
  readonly place: TrackLocation;
  readonly left: number;
  readonly right: number;
}

/**
 * Paints tracks into `pixels` (width x height, row-major) and returns the slices that got at least `wide` pixels.
 * Failed slices are hatched and stand on a solid foot, so that colour alone never carries it; slices of three pixels or
 * more leave their last pixel free; running slices fade out in stripes.
 */
export function paintTracks(
  tracks: RasterTracks,
  locations: readonly TrackLocation[],
  range: TimeRange,
  paint: RasterPaint,
  pixels: Uint32Array,
  width: number,
  wide = Number.POSITIVE_INFINITY,
): readonly WideRun[] {
  const height = Math.floor(pixels.length / width);
  const into: TrackPixels = { winner: new Int32Array(width), failed: new Uint8Array(width) };
  const { winner, failed } = into;
  const line = new Uint32Array(width);
  const failedAt = new Int32Array(width);
  const runs: WideRun[] = [];
  for (const location of locations) {
    const top = Math.max(0, location.top);
    const bottom = Math.min(height, location.top + location.height);
    if (bottom <= top) continue;
    rasterTrack(tracks, location.track, range, into);
    let marks = 0;
    line.fill(paint.background);
    for (let x = 0; x < width; ) {
      const slice = winner[x] ?? -1;
      let stop = x + 1;
      while (stop < width && winner[stop] === slice) stop++;
      if (slice !== -1) {
        const gap = stop - x >= 3 && stop < width ? 1 : 0;
        const colour = paint.colours[slice] ?? 0;
        // A call of fill() costs more than the few pixels of most slices.
        if (stop - x > 16) line.fill(colour, x, stop - gap);
        else for (let at = x; at < stop - gap; at++) line[at] = colour;
        if (tracks.running[slice] === 1) for (let at = x | 3; at < stop; at += 4) line[at] = paint.runningEdge;
        if (stop - x >= wide) runs.push({ slice, place: location, left: x, right: stop - gap });
        for (let at = x; at < stop; at++) if (failed[at] === 1) failedAt[marks++] = at;
      }
      x = stop;
    }
    for (let y = top; y < bottom; y++) {
      const row = y * width;
      pixels.set(line, row);
      if (marks === 0) continue;
      const foot = location.height > 6 && y >= location.top + location.height - 2;
      for (let i = 0; i < marks; i++) {
        const x = failedAt[i] ?? 0;
        if (foot || winner[x - 1] !== winner[x] || (x + y - location.top) % 6 < 2) pixels[row + x] = paint.failure;
      }
    }
  }
  return runs;
}
