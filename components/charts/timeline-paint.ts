/**
 * One frame of the timeline on two canvases: pixels of slices below, text and selection above. Draws only: what stands
 * where comes from lib/chart.
 *
 *   labels | axis
 *   -------+------------------------------
 *   node   | density of a folded node
 *   worker | slices
 */
import { timeTicks } from '../../lib/chart/time-ticks.ts';
import { mixColours, packColour } from '../../lib/chart/timeline-colours.ts';
import { paintDensity, trackDensity } from '../../lib/chart/timeline-density.ts';
import { rowsBetween, TRACK_HEIGHT } from '../../lib/chart/timeline-layout.ts';
import { paintTracks, type TimeRange, type WideRun } from '../../lib/chart/timeline-raster.ts';
import { drawChain, drawRun } from './timeline-marks.ts';
import { AXIS_HEIGHT, type Frame, type TimelineScene } from './timeline-scene.ts';
import type { CanvasTheme } from './timeline-theme.ts';

function resize(canvas: HTMLCanvasElement, frame: Frame): void {
  const width = Math.round(frame.width * frame.scale);
  const height = Math.round(frame.height * frame.scale);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

let buffer: ImageData | null = null;

/** Slices and densities; returns the slices that are wide enough for text. */
export function drawSlices(
  canvas: HTMLCanvasElement,
  scene: TimelineScene,
  frame: Frame,
  theme: CanvasTheme,
): readonly WideRun[] {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return [];
  resize(canvas, frame);
  const { scale, range } = frame;
  context.fillStyle = theme.panel;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const left = Math.round(frame.labels * scale);
  const width = canvas.width - left;
  const top = Math.round(AXIS_HEIGHT * scale);
  const height = canvas.height - top;
  if (width < 2 || height < 2) return [];
  if (buffer === null || buffer.width !== width || buffer.height !== height) buffer = new ImageData(width, height);
  const pixels = new Uint32Array(buffer.data.buffer);
  const background = packColour(theme.panel);
  const header = packColour(theme.raised);
  const failure = packColour(theme.bad);
  pixels.fill(background);
  const rows = rowsBetween(scene.layout, frame.scrollTop, frame.scrollTop + frame.height - AXIS_HEIGHT);
  const toY = (y: number) => Math.round((y - frame.scrollTop) * scale);
  const places = rows
    .filter(({ track }) => track !== -1)
    .map((row) => ({ track: row.track, top: toY(row.top) + 1, height: Math.round((row.height - 3) * scale) }));
  const runs = paintTracks(
    scene.tracks,
    places,
    range,
    { colours: scene.colours, failure, background, runningEdge: background },
    pixels,
    width,
    28 * scale,
  );
  for (const row of rows) {
    if (row.track !== -1) continue;
    const from = Math.max(0, toY(row.top));
    const until = Math.min(height, toY(row.top + row.height) - 1);
    if (until > from) pixels.fill(header, from * width, until * width);
    const group = scene.tracks.groups[row.group];
    if (!row.folded || group === undefined) continue;
    const density = trackDensity(scene.tracks, group.first, group.last, range, width);
    const place = { top: toY(row.top) + 2, height: Math.round((row.height - 4) * scale) };
    const colour = mixColours(packColour(theme.accent), header, 0.35);
    paintDensity(density, place, { failure, colour }, pixels, width);
  }
  const unknown = mixColours(packColour(theme.muted), background, 0.72);
  if (scene.loadedOf === undefined)
    paintUnknown(pixels, width, { top: 0, bottom: height }, scene.loaded, range, unknown, scale);
  else
    for (const row of rows) {
      if (row.track === -1) continue;
      const place = { top: Math.max(0, toY(row.top)), bottom: Math.min(height, toY(row.top + row.height)) };
      paintUnknown(pixels, width, place, scene.loadedOf(row.track), range, unknown, scale);
    }
  context.putImageData(buffer, left, top);
  return runs;
}

/** A checkerboard over what no answer covers yet. */
function paintUnknown(
  pixels: Uint32Array,
  width: number,
  place: { readonly top: number; readonly bottom: number },
  loaded: TimeRange | null,
  range: TimeRange,
  colour: number,
  scale: number,
): void {
  const at = (time: number) => Math.round(((time - range.from) / (range.to - range.from)) * width);
  const size = Math.max(4, Math.round(6 * scale));
  const paint = (from: number, to: number) => {
    for (let y = place.top; y < place.bottom; y++)
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

/** Axis, labels, text on slices, phases, the chain of the selection, hover, focus, box. */
export function drawOverlay(
  canvas: HTMLCanvasElement,
  scene: TimelineScene,
  frame: Frame,
  theme: CanvasTheme,
  runs: readonly WideRun[],
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  resize(canvas, frame);
  context.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  const { range, labels, width, height } = frame;
  const plot = width - labels;
  const x = (time: number) => labels + ((time - range.from) / (range.to - range.from)) * plot;
  context.textBaseline = 'middle';
  context.font = '11px "Inter Variable", sans-serif';
  const ticks = timeTicks(BigInt(scene.originNs), range.from, range.to, Math.max(2, Math.floor(plot / 110)));
  for (const tick of ticks) {
    const at = Math.round(x(tick.at));
    context.fillStyle = theme.line;
    context.globalAlpha = 0.55;
    context.fillRect(at, AXIS_HEIGHT, 1, height);
    context.globalAlpha = 1;
    context.fillRect(at, 6, 1, AXIS_HEIGHT - 6);
    context.fillStyle = theme.muted;
    context.fillText(tick.label, at + 4, AXIS_HEIGHT / 2 + 1);
  }
  context.fillStyle = theme.line;
  context.fillRect(0, AXIS_HEIGHT - 1, width, 1);
  context.fillRect(labels - 1, 0, 1, height);

  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, width, height - AXIS_HEIGHT);
  context.clip();
  drawLabels(context, scene, frame, theme);
  context.beginPath();
  context.rect(labels, AXIS_HEIGHT, plot, height - AXIS_HEIGHT);
  context.clip();
  for (const run of runs) drawRun(context, scene, frame, run, x);
  const rowTop = (slice: number) => {
    const row = scene.layout.rows[scene.layout.rowOfTrack[scene.tracks.trackOf[slice] ?? 0] ?? 0];
    return AXIS_HEIGHT + (row?.top ?? 0) - frame.scrollTop;
  };
  drawChain(context, scene, theme, x, rowTop);
  const outline = (slice: number, colour: string, thick: number) => {
    if (slice < 0 || slice >= scene.tracks.start.length) return;
    const left = Math.max(labels - 4, x(scene.tracks.start[slice] ?? 0) - 1);
    const right = Math.min(width + 4, Math.max(left + 4, x(scene.tracks.end[slice] ?? 0) + 1));
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.strokeRect(left, rowTop(slice) + 0.5, right - left, TRACK_HEIGHT - 2);
  };
  outline(frame.hover, theme.muted, 1);
  if (frame.focus !== scene.selected) outline(frame.focus, theme.text, 2);
  outline(scene.selected, theme.accent, 2.5);
  if (frame.box !== null) {
    const [from, to] = [x(Math.min(frame.box.from, frame.box.to)), x(Math.max(frame.box.from, frame.box.to))];
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.16;
    context.fillRect(from, AXIS_HEIGHT, to - from, height);
    context.globalAlpha = 1;
    context.fillRect(from, AXIS_HEIGHT, 1, height);
    context.fillRect(to, AXIS_HEIGHT, 1, height);
  }
  context.restore();
}

function drawLabels(context: CanvasRenderingContext2D, scene: TimelineScene, frame: Frame, theme: CanvasTheme): void {
  const rows = rowsBetween(scene.layout, frame.scrollTop, frame.scrollTop + frame.height - AXIS_HEIGHT);
  for (const row of rows) {
    const top = AXIS_HEIGHT + row.top - frame.scrollTop;
    const group = scene.tracks.groups[row.group];
    const track = scene.tracks.tracks[row.track];
    if (row.track === -1 && group !== undefined) {
      context.fillStyle = theme.raised;
      context.fillRect(0, top, frame.labels - 1, row.height - 1);
      context.fillStyle = theme.muted;
      if (scene.folds) context.fillText(row.folded ? '▸' : '▾', 7, top + row.height / 2);
      context.fillStyle = theme.text;
      context.font = '600 11px "Inter Variable", sans-serif';
      context.fillText(group.label, 20, top + row.height / 2, frame.labels - 26);
      context.font = '11px "Inter Variable", sans-serif';
    } else if (track?.depth === 0) {
      context.fillStyle = theme.muted;
      context.fillText(track.label, 20, top + row.height / 2, frame.labels - 26);
    }
  }
}
