/** Draws a prepared heat map: cells by pixels, then labels, ticks and kills. Sizes in CSS px; sharp on dense screens. */

import { mixColours, packColour } from '../../lib/chart/colour/timeline-colours.ts';
import { type HeatMapModel, heatX, paintHeatMap } from '../../lib/chart/heat-map/heat-map.ts';
import { timeTicks } from '../../lib/chart/time-series/time-ticks.ts';
import { fillFitted } from './fitted-text.ts';

export const HEAT_AXIS = 24;
export const HEAT_LABELS = 168;
const GLYPH = 5;

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly labels: number;
}

export function drawHeatMap(canvas: HTMLCanvasElement, model: HeatMapModel, layout: Layout): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return;
  const { width, height, rowHeight, labels } = layout;
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const dense = Math.min(3, Math.max(1, window.devicePixelRatio || 1));
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  context.fillStyle = colour('panel');
  context.fillRect(0, 0, canvas.width, canvas.height);

  const background = packColour(colour('panel'));
  const plot = width - labels;
  const rows = model.rows.length;
  const high = Math.round(rowHeight * dense);
  const wide = Math.max(1, Math.round(plot * dense));
  if (rows > 0) {
    const image = context.createImageData(wide, rows * high);
    const paint = {
      background,
      hatch: mixColours(packColour(colour('muted')), background, 0.55),
      unrated: packColour(colour('muted')),
    };
    paintHeatMap(model, { first: 0, last: rows, rowHeight: high }, paint, new Uint32Array(image.data.buffer), wide);
    context.putImageData(image, Math.round(labels * dense), Math.round(HEAT_AXIS * dense));
  }

  context.scale(dense, dense);
  context.font = '11px "Inter Variable", sans-serif';
  context.textBaseline = 'middle';
  context.fillStyle = colour('muted');
  const span = model.stepMs * model.count;
  const origin = BigInt(Math.round(model.startMs)) * 1_000_000n;
  for (const tick of timeTicks(origin, 0, span * 1e6, Math.max(2, Math.floor(plot / 110)))) {
    const x = labels + heatX(model, model.startMs + tick.at / 1e6, plot);
    context.fillText(tick.label, Math.min(x + 3, width - 40), HEAT_AXIS / 2);
    context.fillRect(Math.round(x), 4, 1, HEAT_AXIS - 6);
  }
  // As many labels as can be read; the others are in the tooltip and the table.
  const every = Math.ceil(13 / rowHeight);
  context.fillStyle = colour('text');
  for (let row = 0; row < rows; row += every) {
    const label = model.rows[row]?.label ?? '';
    fillFitted(context, label, 12, HEAT_AXIS + (row + 0.5) * rowHeight, labels - 20);
  }
  for (let row = 0; row < rows; row++)
    for (const kill of model.rows[row]?.kills ?? []) {
      const x = labels + heatX(model, kill.timeMs, plot);
      if (x >= labels && x <= width) drawKill(context, x, HEAT_AXIS + (row + 0.5) * rowHeight, rowHeight, kill.kind);
    }
}

/** A white cross on black, seen on every colour of the ramp; idle workers, which lost no work, get a smaller one. */
function drawKill(context: CanvasRenderingContext2D, x: number, y: number, rowHeight: number, kind: string): void {
  const size = Math.min(kind === 'idle_worker' ? GLYPH - 2 : GLYPH, Math.max(2, rowHeight / 2 - 1));
  context.lineCap = 'round';
  for (const [stroke, lineWidth] of [
    ['#000000', 4.5],
    ['#ffffff', 2],
  ] as const) {
    context.strokeStyle = stroke;
    context.lineWidth = lineWidth;
    context.beginPath();
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
    context.stroke();
  }
}
