'use client';
/** The expression over time as lines, its threshold, and when it was pending or firing. */
import type { AlertDetailWire } from '../../lib/contract/alerts.ts';
import { formatValue } from './alert-words.tsx';

const WIDTH = 1000;
const HEIGHT = 220;
type Evaluation = NonNullable<AlertDetailWire['evaluation']>;

export function AlertChart({ evaluation, history }: { evaluation: Evaluation; history: AlertDetailWire['history'] }) {
  const { grid, threshold } = evaluation;
  const values = grid.series.flatMap((series) => series.values.filter((value) => value !== null));
  const all = threshold === null || !Number.isFinite(threshold) ? values : [...values, threshold];
  const low = all.reduce((least, value) => Math.min(least, value), all[0] ?? 0);
  const high = all.reduce((most, value) => Math.max(most, value), all[0] ?? 1);
  const spread = high - low || 1;
  const end = grid.startMs + (grid.count - 1) * grid.stepMs;
  const x = (ms: number) =>
    ((Math.min(end, Math.max(grid.startMs, ms)) - grid.startMs) / (end - grid.startMs || 1)) * WIDTH;
  const y = (value: number) => HEIGHT - 12 - ((value - low) / spread) * (HEIGHT - 24);
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);
  return (
    <figure>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-56 w-full"
        role="img"
        aria-label={`${evaluation.expression} from ${clock(grid.startMs)} to ${clock(end)} UTC, between ${formatValue(low)} and ${formatValue(high)}`}
      >
        {history.map((one) => {
          const from = x(Number(BigInt(one.fromNs) / 1_000_000n));
          const to = one.toNs === null ? WIDTH : x(Number(BigInt(one.toNs) / 1_000_000n));
          return (
            <rect
              key={`${one.state} ${one.fromNs}`}
              x={from}
              width={Math.max(1, to - from)}
              height={HEIGHT}
              fill={one.state === 'firing' ? 'var(--bad)' : 'var(--warn)'}
              opacity={0.15}
            >
              <title>{one.state}</title>
            </rect>
          );
        })}
        {grid.series.map((series) => (
          <path
            key={JSON.stringify(series.labels)}
            d={linePath(series.values, (index) => x(grid.startMs + index * grid.stepMs), y)}
            fill="none"
            stroke="var(--accent)"
            strokeWidth={1.5}
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {threshold !== null && Number.isFinite(threshold) ? (
          <line
            x1={0}
            x2={WIDTH}
            y1={y(threshold)}
            y2={y(threshold)}
            stroke="var(--bad)"
            strokeDasharray="6 4"
            vectorEffect="non-scaling-stroke"
          />
        ) : null}
      </svg>
      <figcaption className="flex justify-between text-[12px] text-[var(--muted)]">
        <span>{clock(grid.startMs)} UTC</span>
        <span>
          {formatValue(low)} to {formatValue(high)}
          {threshold === null ? '' : `, threshold ${evaluation.comparison} ${formatValue(threshold)} (dashed)`}
        </span>
        <span>{clock(end)} UTC</span>
      </figcaption>
    </figure>
  );
}

/** A gap stays a gap. */
function linePath(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let open = false;
  values.forEach((value, index) => {
    if (value !== null) path += `${open ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    open = value !== null;
  });
  return path;
}
