/**
 * The upper canvas of the timeline: axis, names, text and selection over the slices (timeline-painter.ts). Draws only: what
 * stands where comes from lib/chart.
 *
 *   labels | axis
 *   -------+------------------------------
 *   node   | density of a folded node
 *   worker | slices
 */
import { timeTicks } from '../../lib/chart/time-series/time-ticks.ts';
import { AXIS_HEIGHT, rowsBetween, TRACK_HEIGHT } from '../../lib/chart/timeline/timeline-layout.ts';
import type { WideRun } from '../../lib/chart/timeline/timeline-raster.ts';
import { fillFitted } from './fitted-text.ts';
import { drawChain, drawLinks, drawMeasure, drawRun } from './timeline-marks.ts';
import { resizeCanvas } from './timeline-painter.ts';
import type { Frame, Marks, TimelineScene } from './timeline-scene.ts';
import type { CanvasTheme } from './timeline-theme.ts';

/** Axis, labels, text on slices, phases, the chain of the selection, hover, focus, box. */
export function drawOverlay(
  canvas: HTMLCanvasElement,
  scene: TimelineScene,
  frame: Frame,
  marks: Marks,
  theme: CanvasTheme,
  runs: readonly WideRun[],
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  resizeCanvas(canvas, frame);
  context.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  const { range, labels, width, height } = frame;
  const plot = width - labels;
  const x = (time: number) => labels + ((time - range.from) / (range.to - range.from)) * plot;
  context.textBaseline = 'middle';
  context.font = '11px "Inter Variable", sans-serif';
  const ticks = timeTicks(BigInt(scene.originNs), range.from, range.to, Math.max(3, Math.floor(plot / 110)));
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
  drawLinks(context, scene, theme, x, rowTop);
  const outline = (slice: number, colour: string, thick: number) => {
    if (slice < 0 || slice >= scene.tracks.start.length) return;
    const left = Math.max(labels - 4, x(scene.tracks.start[slice] ?? 0) - 1);
    const right = Math.min(width + 4, Math.max(left + 4, x(scene.tracks.end[slice] ?? 0) + 1));
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.strokeRect(left, rowTop(slice) + 0.5, right - left, TRACK_HEIGHT - 2);
  };
  outline(marks.hover, theme.muted, 1);
  if (marks.focus !== scene.selected) outline(marks.focus, theme.text, 2);
  outline(scene.selected, theme.accent, 2.5);
  if (marks.box !== null) {
    const [from, to] = [x(Math.min(marks.box.from, marks.box.to)), x(Math.max(marks.box.from, marks.box.to))];
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.16;
    context.fillRect(from, AXIS_HEIGHT, to - from, height);
    context.globalAlpha = 1;
    context.fillRect(from, AXIS_HEIGHT, 1, height);
    context.fillRect(to, AXIS_HEIGHT, 1, height);
  }
  if (marks.measure !== null) drawMeasure(context, marks.measure, x, { left: labels, right: width, height }, theme);
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
      fillFitted(context, group.label, 20, top + row.height / 2, frame.labels - 26);
      context.font = '11px "Inter Variable", sans-serif';
    } else if (track?.depth === 0) {
      context.fillStyle = theme.muted;
      fillFitted(context, track.label, 20, top + row.height / 2, frame.labels - 26);
    }
  }
}
