/** Marks on the timeline's slices: their names, crosses and phases, and the links between the attempts of one task. */
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { AXIS_HEIGHT, TRACK_HEIGHT } from '../../lib/chart/timeline/timeline-layout.ts';
import type { WideRun } from '../../lib/chart/timeline/timeline-raster.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import type { Frame, TimelineScene } from './timeline-scene.ts';
import type { CanvasTheme } from './timeline-theme.ts';

const PHASE_COLOURS: Readonly<Record<string, string>> = {
  'task:deserialize_arguments': '#f0e442',
  'task:execute': 'rgba(255,255,255,0.30)',
  'task:store_outputs': '#e9c7ff',
};

/** Text of a wide slice, a cross where it failed, its phases as a thin line at its foot. */
export function drawRun(
  context: CanvasRenderingContext2D,
  scene: TimelineScene,
  frame: Frame,
  run: WideRun,
  x: (time: number) => number,
): void {
  const left = frame.labels + run.left / frame.scale;
  const right = frame.labels + run.right / frame.scale;
  const top = AXIS_HEIGHT + run.place.top / frame.scale;
  const bottom = top + run.place.height / frame.scale;
  const row = scene.tracks.attempt[run.slice] ?? -1;
  const phases = right - left >= 60 ? (scene.phases.get(row) ?? []) : [];
  for (const phase of phases) {
    const from = Math.max(left, x(phase.start));
    const to = Math.min(right, Math.max(from + 1, x(phase.end)));
    context.fillStyle = ownValue(PHASE_COLOURS, phase.name) ?? '#888888';
    context.fillRect(from, bottom - 4, to - from, 3);
  }
  const room = right - left - 8;
  if (room < 30) return;
  const failed = scene.tracks.failed[run.slice] === 1;
  const name = `${failed ? '✕ ' : ''}${scene.functions[scene.tracks.functionIndex[run.slice] ?? 0] ?? ''}`;
  const fits = Math.floor(room / 6.1);
  const shown = name.length <= fits ? name : fits < 4 ? '' : `${name.slice(0, fits - 1)}…`;
  context.font = '600 11px "Inter Variable", sans-serif';
  if (failed) {
    // Hatching under text cannot be read: the text stands on a plate.
    context.fillStyle = '#06121d';
    context.fillRect(left + 1, top + 1, Math.min(right - left - 2, shown.length * 6.6 + 8), bottom - top - 5);
  }
  context.fillStyle = failed ? '#ffb4b4' : '#04101a';
  context.fillText(shown, left + 4, (top + bottom) / 2 - (phases.length > 0 ? 1.5 : 0));
  context.font = '11px "Inter Variable", sans-serif';
}

/** The attempts of the selected task, linked in the order they ran: a dashed frame each, a curve from one to the next. */
export function drawChain(
  context: CanvasRenderingContext2D,
  scene: TimelineScene,
  theme: CanvasTheme,
  x: (time: number) => number,
  rowTop: (slice: number) => number,
): void {
  if (scene.chain.length < 2) return;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  scene.chain.forEach((slice, i) => {
    const [from, to] = [x(scene.tracks.start[slice] ?? 0), x(scene.tracks.end[slice] ?? 0)];
    context.setLineDash([4, 3]);
    context.strokeRect(from - 2, rowTop(slice) - 0.5, Math.max(5, to - from + 4), TRACK_HEIGHT);
    context.setLineDash([]);
    const next = scene.chain[i + 1];
    if (next === undefined) return;
    drawArrow(
      context,
      { x: to, y: rowTop(slice) + TRACK_HEIGHT / 2 },
      { x: x(scene.tracks.start[next] ?? 0), y: rowTop(next) + TRACK_HEIGHT / 2 },
      theme.accent,
    );
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve from one point to another with a head at its end. */
function drawArrow(context: CanvasRenderingContext2D, from: Point, to: Point, colour: string): void {
  const bend = Math.max(24, Math.abs(to.x - from.x) / 3);
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
  context.stroke();
  context.beginPath();
  context.moveTo(to.x, to.y);
  context.lineTo(to.x - 6, to.y - 3.5);
  context.lineTo(to.x - 6, to.y + 3.5);
  context.fillStyle = colour;
  context.fill();
}

/** From the task that submitted the selected one: start to start. */
export function drawLinks(
  context: CanvasRenderingContext2D,
  scene: TimelineScene,
  theme: CanvasTheme,
  x: (time: number) => number,
  rowTop: (slice: number) => number,
): void {
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  for (const link of scene.links ?? [])
    drawArrow(
      context,
      { x: x(scene.tracks.start[link.from] ?? 0), y: rowTop(link.from) + TRACK_HEIGHT / 2 },
      { x: x(scene.tracks.start[link.to] ?? 0), y: rowTop(link.to) + TRACK_HEIGHT / 2 },
      theme.text,
    );
  context.setLineDash([]);
}

/** Two points in time and what lies between them. */
export function drawMeasure(
  context: CanvasRenderingContext2D,
  measure: { readonly from: number; readonly to: number },
  x: (time: number) => number,
  plot: { readonly left: number; readonly right: number; readonly height: number },
  theme: CanvasTheme,
): void {
  const [from, to] = [Math.min(measure.from, measure.to), Math.max(measure.from, measure.to)];
  const [left, right] = [x(from), x(to)];
  context.fillStyle = theme.text;
  context.globalAlpha = 0.1;
  context.fillRect(left, AXIS_HEIGHT, right - left, plot.height);
  context.globalAlpha = 1;
  context.fillRect(left - 0.5, AXIS_HEIGHT, 1, plot.height);
  context.fillRect(right - 0.5, AXIS_HEIGHT, 1, plot.height);
  if (from === to) return;
  const text = durationText(to - from);
  context.font = '600 12px "Inter Variable", sans-serif';
  const wide = context.measureText(text).width + 14;
  const middle = Math.min(plot.right - wide / 2 - 4, Math.max(plot.left + wide / 2 + 4, (left + right) / 2));
  context.fillRect(middle - wide / 2, AXIS_HEIGHT + 5, wide, 20);
  context.fillStyle = theme.panel;
  context.textAlign = 'center';
  context.fillText(text, middle, AXIS_HEIGHT + 15.5);
  context.textAlign = 'start';
  context.font = '11px "Inter Variable", sans-serif';
}
