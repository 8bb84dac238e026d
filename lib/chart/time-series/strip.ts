/** Shares (0..1) of several nodes over time as one compact strip: a line per node, in words what the cursor is on. */
import type { LabelSet } from '../../model/series.ts';
import { formatShare } from '../format/number-format.ts';

export interface StripLine {
  readonly name: string;
  /** Value i belongs to startMs + i * stepMs; null is a gap. */
  readonly values: readonly (number | null)[];
}

export interface Strip {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly lines: readonly StripLine[];
}

export const prepareStrip = (grid: {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly series: readonly { readonly labels: LabelSet; readonly values: readonly (number | null)[] }[];
}): Strip => ({
  startMs: grid.startMs,
  stepMs: grid.stepMs,
  count: grid.count,
  lines: grid.series.map(({ labels, values }) => ({ name: labels.node ?? '', values })),
});

/** `97 % sim-node-1` of the highest line and `41 %` of the mean at a moment; null where nothing was measured then. */
export function stripText(
  strip: Strip,
  timeMs: number | null,
): { readonly highest: string; readonly mean: string } | null {
  const at =
    timeMs === null
      ? lastMeasured(strip)
      : Math.min(strip.count - 1, Math.max(0, Math.round((timeMs - strip.startMs) / strip.stepMs)));
  let highest: { name: string; value: number } | null = null;
  let [sum, measured] = [0, 0];
  for (const { name, values } of strip.lines) {
    const value = values[at] ?? null;
    if (value === null) continue;
    sum += value;
    measured++;
    if (highest === null || value > highest.value) highest = { name, value };
  }
  if (highest === null) return null;
  return { highest: `${formatShare(highest.value)} ${highest.name}`, mean: formatShare(sum / measured) };
}

function lastMeasured(strip: Strip): number {
  for (let i = strip.count - 1; i >= 0; i--)
    if (strip.lines.some(({ values }) => (values[i] ?? null) !== null)) return i;
  return -1;
}

export interface StripPoint {
  readonly x: number;
  /** Null: a gap, the pen is lifted. */
  readonly y: number | null;
}

/** Points of a line in a box, x of the window [fromMs, toMs), y upwards from its foot; values above 1 stay in the box. */
export function stripPoints(
  strip: Strip,
  line: StripLine,
  window: { readonly fromMs: number; readonly toMs: number },
  box: { readonly width: number; readonly height: number },
): readonly StripPoint[] {
  const points: StripPoint[] = [];
  const first = Math.max(0, Math.floor((window.fromMs - strip.startMs) / strip.stepMs) - 1);
  const last = Math.min(strip.count - 1, Math.ceil((window.toMs - strip.startMs) / strip.stepMs) + 1);
  for (let i = first; i <= last; i++) {
    const value = line.values[i] ?? null;
    const at = strip.startMs + i * strip.stepMs;
    points.push({
      x: ((at - window.fromMs) / (window.toMs - window.fromMs)) * box.width,
      y: value === null ? null : box.height * (1 - Math.min(1, Math.max(0, value))),
    });
  }
  return points;
}
