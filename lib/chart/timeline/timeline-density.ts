/** Many tracks as one strip: which share of them is busy at each pixel, and where something failed. */
import {
  type RasterPaint,
  type RasterTracks,
  rasterTrack,
  type TimeRange,
  type TrackLocation,
} from './timeline-raster.ts';

export interface TrackDensity {
  /** Share of the tracks that has a slice at the pixel, 0..1. */
  readonly busy: Float32Array;
  /** 1 where any slice of any track failed. */
  readonly failed: Uint8Array;
}

/** Density of tracks [first, last). Work: tracks times pixels. */
export function trackDensity(
  tracks: RasterTracks,
  first: number,
  last: number,
  range: TimeRange,
  width: number,
): TrackDensity {
  const busy = new Float32Array(width);
  const failed = new Uint8Array(width);
  const into = { winner: new Int32Array(width), failed: new Uint8Array(width) };
  for (let track = first; track < last; track++) {
    rasterTrack(tracks, track, range, into);
    for (let x = 0; x < width; x++) {
      if (into.winner[x] !== -1) busy[x] = (busy[x] ?? 0) + 1;
      if (into.failed[x] === 1) failed[x] = 1;
    }
  }
  const count = Math.max(1, last - first);
  for (let x = 0; x < width; x++) busy[x] = (busy[x] ?? 0) / count;
  return { busy, failed };
}

/**
 * Paints a density as an area: the busier the higher, at least one pixel where anything ran. Failures are a solid line
 * two pixels high at the foot.
 */
export function paintDensity(
  density: TrackDensity,
  location: Pick<TrackLocation, 'top' | 'height'>,
  paint: Pick<RasterPaint, 'failure'> & { readonly colour: number },
  pixels: Uint32Array,
  width: number,
): void {
  const rows = Math.floor(pixels.length / width);
  for (let x = 0; x < width; x++) {
    const share = density.busy[x] ?? 0;
    const high = share === 0 ? 0 : Math.max(1, Math.round(share * location.height));
    const bottom = location.top + location.height;
    for (let y = Math.max(0, bottom - high); y < Math.min(rows, bottom); y++) pixels[y * width + x] = paint.colour;
    if (density.failed[x] !== 1) continue;
    for (let y = Math.max(0, bottom - 2); y < Math.min(rows, bottom); y++) pixels[y * width + x] = paint.failure;
  }
}
