'use client';
/** The expression over time as lines, its threshold, and when it was pending or firing. */
import { useMemo } from 'react';
import { prepareTimeChart, type TimeBand } from '../../lib/chart/time-series/time-chart.ts';
import type { AlertDetailWire } from '../../lib/contract/alerts.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { formatValue } from '../panels/alert-text.tsx';

type Evaluation = NonNullable<AlertDetailWire['evaluation']>;
const toMs = (ns: string): number => Number(BigInt(ns) / 1_000_000n);

export function AlertChart({ evaluation, history }: { evaluation: Evaluation; history: AlertDetailWire['history'] }) {
  const model = useMemo(() => {
    const { grid, threshold, comparison } = evaluation;
    const end = grid.startMs + (grid.count - 1) * grid.stepMs;
    const bands = history.map(
      (one): TimeBand => ({
        fromMs: Math.max(grid.startMs, toMs(one.fromNs)),
        toMs: one.toNs === null ? end : Math.min(end, toMs(one.toNs)),
        tone: one.state === 'firing' ? 'bad' : 'warn',
        label: one.state,
      }),
    );
    return prepareTimeChart(grid, {
      name: (labels) =>
        Object.entries(labels)
          .filter(([name]) => name !== '__name__')
          .map(([name, value]) => `${name}=${value}`)
          .join(' ') || evaluation.expression,
      format: formatValue,
      bands: bands.filter((band) => band.toMs > band.fromMs),
      limits:
        threshold === null || !Number.isFinite(threshold)
          ? []
          : [{ value: threshold, label: `threshold ${comparison} ${formatValue(threshold)}` }],
    });
  }, [evaluation, history]);
  return <TimeChart label={`${evaluation.expression} over time`} model={model} height={224} />;
}
