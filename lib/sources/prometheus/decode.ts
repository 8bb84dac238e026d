/** Prometheus' answers as X-Ray's series: on the grid that was asked for, a gap is null. */

import type { z } from 'zod';
import type { LabelSet, Series, SeriesGrid } from '../../model/series.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { BoundError } from '../http/json-reader.ts';
import { type AlertingRule, Rules } from './wire.ts';

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

/** Longer label values are cut, more labels of one series left out: Prometheus itself bounds neither. */
const LABEL_CHARACTERS = 2048;
const LABELS = 128;

export interface SampleRow {
  readonly labels: LabelSet;
  readonly samples: readonly (readonly [seconds: number, text: string])[];
}

/** One element of `data.result`: of a vector (`value`) or of a matrix (`values`); null where it is neither. */
export function decodeSampleRow(wire: unknown): SampleRow | null {
  if (typeof wire !== 'object' || wire === null) return null;
  const { metric, value, values } = wire as { metric?: unknown; value?: unknown; values?: unknown };
  if (typeof metric !== 'object' || metric === null || Array.isArray(metric)) return null;
  const samples = value !== undefined ? [value] : (values ?? []);
  if (!Array.isArray(samples) || !samples.every(isSample)) return null;
  const labels = boundedLabels(metric);
  return labels === null ? null : { labels, samples };
}

const isSample = (wire: unknown): wire is readonly [number, string] =>
  Array.isArray(wire) && wire.length === 2 && typeof wire[0] === 'number' && typeof wire[1] === 'string';

/** The same object where nothing is to be cut; null where a value is no text. */
function boundedLabels(metric: object): LabelSet | null {
  const entries = Object.entries(metric);
  let isCut = entries.length > LABELS;
  for (const [, value] of entries) {
    if (typeof value !== 'string') return null;
    isCut ||= value.length > LABEL_CHARACTERS;
  }
  if (!isCut) return metric as LabelSet;
  return Object.fromEntries(
    entries
      .slice(0, LABELS)
      .map(([name, value]: [string, string]) => [
        name,
        value.length > LABEL_CHARACTERS
          ? `${value.slice(0, LABEL_CHARACTERS)}… (${value.length} characters, cut)`
          : value,
      ]),
  );
}

/** Values of all series together: 8 bytes each. */
export const MOST_VALUES = 4_000_000;

export interface GridBuilder {
  /** Throws BoundError where all series together have more than MOST_VALUES values. */
  readonly add: (row: SampleRow) => void;
  readonly build: () => SeriesGrid;
}

/** Parts of one range query, joined on one grid by label set. */
export function createGridBuilder(grid: Grid): GridBuilder {
  const series = new Map<string, { labels: LabelSet; values: (number | null)[] }>();
  return {
    add({ labels, samples }) {
      const key = labelKey(labels);
      let entry = series.get(key);
      if (!entry) {
        if ((series.size + 1) * grid.count > MOST_VALUES)
          throw new BoundError(`more than ${MOST_VALUES.toLocaleString('en-US')} values`);
        entry = { labels, values: new Array<number | null>(grid.count).fill(null) };
        series.set(key, entry);
      }
      for (const [time, text] of samples) {
        const index = Math.round((time * 1000 - grid.start) / grid.step);
        if (index >= 0 && index < grid.count) entry.values[index] = sampleValue(text);
      }
    },
    build: () => ({ ...grid, series: [...series.values()] satisfies Series[] }),
  };
}

/** A sample of an instant vector; null for NaN. */
export function instantSample({ labels, samples }: SampleRow): { labels: LabelSet; value: number } | null {
  const value = samples[0] ? sampleValue(samples[0][1]) : null;
  return value === null ? null : { labels, value };
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
