/** Prometheus' answers as X-Ray's series: on the grid that was asked for, a gap is null. */

import type { z } from 'zod';
import type { LabelSet, Series, SeriesGrid } from '../../model/series.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { type AlertingRule, type QueryDataWire, Rules } from './wire.ts';

/** A sample's text: NaN is a gap (null), +Inf and -Inf stay infinite. */
export function sampleValue(text: string): number | null {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  return Number.isNaN(value) || text === '' ? null : value;
}

export interface Grid {
  readonly start: Milliseconds;
  readonly step: Milliseconds;
  readonly count: number;
}

/** Start and end rounded down to multiples of the step, so that every window of one step asks at the same instants. */
export function alignedGrid(from: Milliseconds, to: Milliseconds, step: Milliseconds): Grid {
  if (!(step >= 1)) throw new RangeError(`step of ${step} ms: it must be 1 ms or more`);
  if (to < from) throw new RangeError(`window ends (${to}) before it begins (${from})`);
  const start = Math.floor(from / step) * step;
  const count = (Math.floor(to / step) * step - start) / step + 1;
  return { start: milliseconds(start), step, count: Math.round(count) };
}

export const labelKey = (labels: LabelSet): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** Parts of one range query, joined on one grid by label set. A scalar answer becomes a series without labels. */
export function decodeRange(parts: readonly QueryDataWire[], grid: Grid): SeriesGrid {
  const series = new Map<string, { labels: LabelSet; values: (number | null)[] }>();
  for (const part of parts) {
    if (part.resultType !== 'matrix') throw new Error(`a range query was answered with a ${part.resultType}`);
    for (const { metric, values } of part.result) {
      const key = labelKey(metric);
      let entry = series.get(key);
      if (!entry) {
        entry = { labels: metric, values: new Array<number | null>(grid.count).fill(null) };
        series.set(key, entry);
      }
      for (const [time, text] of values) {
        const index = Math.round((time * 1000 - grid.start) / grid.step);
        if (index >= 0 && index < grid.count) entry.values[index] = sampleValue(text);
      }
    }
  }
  return { ...grid, series: [...series.values()] satisfies Series[] };
}

/** An instant vector or scalar; samples that are NaN are left out. Throws where the expression gave something else. */
export function decodeInstant(data: QueryDataWire): { labels: LabelSet; value: number }[] {
  if (data.resultType === 'scalar') {
    const value = sampleValue(data.result[1]);
    return value === null ? [] : [{ labels: {}, value }];
  }
  if (data.resultType !== 'vector') throw new Error(`the expression gives a ${data.resultType}, not a vector`);
  return data.result.flatMap(({ metric, value: [, text] }) => {
    const value = sampleValue(text);
    return value === null ? [] : [{ labels: metric, value }];
  });
}

export interface PrometheusAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly state: 'pending' | 'firing';
  /** When the condition became true, Unix ms; null where Prometheus does not say. */
  readonly activeAt: Milliseconds | null;
  readonly value: number | null;
}
export interface PrometheusRule {
  readonly name: string;
  readonly group: string;
  readonly file: string | null;
  readonly query: string;
  readonly forSeconds: number;
  readonly keepFiringForSeconds: number;
  readonly state: string;
  readonly health: string;
  readonly lastError: string | null;
  readonly lastEvaluation: string | null;
  readonly labels: LabelSet;
  readonly alerts: readonly PrometheusAlert[];
}

/** Alerting rules of GET /api/v1/rules; recording rules are left out. Throws ZodError on another shape. */
export function decodeRules(data: unknown): PrometheusRule[] {
  return Rules.parse(data).groups.flatMap((group) =>
    group.rules.flatMap((rule) => (rule.type === 'alerting' ? [decodeRule(rule, group.name, group.file)] : [])),
  );
}

function decodeRule(
  rule: z.infer<typeof AlertingRule>,
  group: string,
  file: string | null | undefined,
): PrometheusRule {
  return {
    name: rule.name,
    group,
    file: file || null,
    query: rule.query,
    forSeconds: rule.duration,
    keepFiringForSeconds: rule.keepFiringFor,
    state: rule.state,
    health: rule.health,
    lastError: rule.lastError || null,
    lastEvaluation: rule.lastEvaluation || null,
    labels: rule.labels,
    alerts: (rule.alerts ?? []).flatMap((alert) =>
      alert.state === 'pending' || alert.state === 'firing'
        ? [
            {
              labels: alert.labels,
              annotations: alert.annotations,
              state: alert.state,
              activeAt: momentOf(alert.activeAt),
              value: sampleValue(alert.value),
            } as const,
          ]
        : [],
    ),
  };
}

/** RFC 3339 as Unix ms; null for nothing and for Go's zero time (year 1). */
export function momentOf(text: string | null | undefined): Milliseconds | null {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || time < 0 ? null : milliseconds(time);
}
