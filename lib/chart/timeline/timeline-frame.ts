/**
 * Rows of a timeline as pixels: slices of tracks, densities of folded nodes, and a checkerboard over what is not loaded.
 * Takes nothing that a worker could not be sent; the main thread and the worker paint the same pixels with it.
 */
import { mixColours } from '../colour/timeline-colours.ts';
import { paintDensity, type TrackDensity, trackDensity } from './timeline-density.ts';
import { paintTracks, type RasterTracks, type TimeRange, type WideRun } from './timeline-raster.ts';

/** A row in view; `top` and `height` are CSS pixels from the top of the plot, `top` may be negative. */
export interface PaintedRow {
  /** -1: the header of a node. */
  readonly track: number;
  readonly top: number;
  readonly height: number;
  /** Tracks of a folded node, `first` inclusive to `last` exclusive; null where the row is not folded. */
  readonly folded: { readonly first: number; readonly last: number; readonly density: TrackDensity | null } | null;
  /** What is known of it; null: nothing. */
  readonly loaded: TimeRange | null;
}

/** Packed colours (0xAABBGGRR). */
export interface FramePalette {
  readonly background: number;
  readonly header: number;
  readonly failure: number;
  readonly accent: number;
  readonly muted: number;
}

export interface PaintedFrame {
  readonly rows: readonly PaintedRow[];
  readonly range: TimeRange;
  /** Device pixels of the plot. */
  readonly width: number;
  readonly height: number;
  /** Device pixels per CSS pixel. */
  readonly scale: number;
  readonly palette: FramePalette;
}

/** CSS pixels from which on a slice may bear text. */
const WIDE = 28;

/** Paints into `pixels` (width x height, row-major); returns the slices that are wide enough for text. */
export function paintFrame(
  tracks: RasterTracks,
  colours: Uint32Array,
  frame: PaintedFrame,
  pixels: Uint32Array,
): readonly WideRun[] {
  const { rows, range, width, height, scale, palette } = frame;
  const { background, header, failure } = palette;
  const toY = (y: number) => Math.round(y * scale);
  pixels.fill(background);
  const locations = rows
    .filter(({ track }) => track !== -1)
    .map((row) => ({ track: row.track, top: toY(row.top) + 1, height: Math.round((row.height - 3) * scale) }));
  const paint = { colours, failure, background, runningEdge: background };
  const runs = paintTracks(tracks, locations, range, paint, pixels, width, WIDE * scale);
  const unknown = mixColours(palette.muted, background, 0.72);
  for (const row of rows) {
    const from = Math.max(0, toY(row.top));
    const until = Math.min(height, toY(row.top + row.height));
    if (row.track === -1) {
      if (until - 1 > from) pixels.fill(header, from * width, (until - 1) * width);
      if (row.folded === null) continue;
      const density = row.folded.density ?? trackDensity(tracks, row.folded.first, row.folded.last, range, width);
      const location = { top: toY(row.top) + 2, height: Math.round((row.height - 4) * scale) };
      paintDensity(density, location, { failure, colour: mixColours(palette.accent, header, 0.35) }, pixels, width);
    }
    paintUnknown(pixels, width, { top: from, bottom: until }, row.loaded, range, unknown, scale);
  }
  return runs;
}

/** A checkerboard over what no answer covers yet. */
function paintUnknown(
  pixels: Uint32Array,
  width: number,
  location: { readonly top: number; readonly bottom: number },
  loaded: TimeRange | null,
  range: TimeRange,
  colour: number,
  scale: number,
): void {
  const at = (time: number) => Math.round(((time - range.from) / (range.to - range.from)) * width);
  const size = Math.max(4, Math.round(6 * scale));
  const paint = (from: number, to: number) => {
    for (let y = location.top; y < location.bottom; y++)
      for (let x = Math.max(0, from); x < Math.min(width, to); x++)
        if ((Math.floor(x / size) + Math.floor(y / size)) % 2 === 0) pixels[y * width + x] = colour;
  };
  if (loaded === null) {
    paint(0, width);
    return;
  }
  if (at(loaded.from) > 0) paint(0, at(loaded.from));
  if (at(loaded.to) < width) paint(at(loaded.to), width);
}
