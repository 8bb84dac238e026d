/** Marks on the timeline's slices: their names, crosses and phases, and the links between the attempts of one task. */
import { TRACK_HEIGHT } from '../../lib/chart/timeline-layout.ts';
import type { WideRun } from '../../lib/chart/timeline-raster.ts';
import { AXIS_HEIGHT, type Frame, type TimelineScene } from './timeline-scene.ts';
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
    context.fillStyle = PHASE_COLOURS[phase.name] ?? '#888888';
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
    const [startX, startY] = [to, rowTop(slice) + TRACK_HEIGHT / 2];
    const [endX, endY] = [x(scene.tracks.start[next] ?? 0), rowTop(next) + TRACK_HEIGHT / 2];
    const bend = Math.max(24, Math.abs(endX - startX) / 3);
    context.beginPath();
    context.moveTo(startX, startY);
    context.bezierCurveTo(startX + bend, startY, endX - bend, endY, endX, endY);
    context.stroke();
    context.beginPath();
    context.moveTo(endX, endY);
    context.lineTo(endX - 6, endY - 3.5);
    context.lineTo(endX - 6, endY + 3.5);
    context.fillStyle = theme.accent;
    context.fill();
  });
}
