/** Prometheus' answers as X-Ray's series: on the grid that was asked for, a gap is null. */
import type { LabelSet, Series, SeriesGrid } from '../../model/series.ts';
import { parseRfc3339 } from '../../model/timestamp.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { quotedShort } from '../../schema/issue-sentence.ts';
import { isObject, listOf, textOf } from '../../schema/outside-value.ts';
import { BoundError } from '../http/json-reader.ts';

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

/**
 * One element of `data.result`: of a vector (`value`) or of a matrix (`values`). What cannot be read of it is told one by one: a
 * sample that is none costs itself, a label without text its label. Null, and told, where it is no series at all.
 */
export function decodeSampleRow(wire: unknown, fault: (reason: string) => void = () => {}): SampleRow | null {
  if (!isObject(wire)) {
    fault('it is not an object');
    return null;
  }
  const { metric, value, values } = wire;
  if (metric !== null && metric !== undefined && !isObject(metric)) {
    fault('its labels are not an object');
    return null;
  }
  const samples = value !== undefined && value !== null ? [value] : listOf(values);
  if (samples === null) {
    fault('its samples are not a list');
    return null;
  }
  const labels = boundedLabels(metric ?? {}, fault);
  if (samples.every(isSample)) return { labels, samples };
  const read = samples.flatMap((sample) => readSample(sample) ?? []);
  if (read.length < samples.length) fault(`${samples.length - read.length} of its samples are not [time, value] pairs`);
  return read.length === 0 ? null : { labels, samples: read };
}

const isSample = (wire: unknown): wire is readonly [number, string] =>
  Array.isArray(wire) && wire.length === 2 && typeof wire[0] === 'number' && typeof wire[1] === 'string';

/** Some servers write the value as a number, the time as text, or more beside both. */
function readSample(wire: unknown): [readonly [number, string]] | null {
  if (!Array.isArray(wire) || wire.length < 2) return null;
  const time = typeof wire[0] === 'string' && wire[0] !== '' ? Number(wire[0]) : wire[0];
  if (typeof time !== 'number' || !Number.isFinite(time)) return null;
  if (wire[1] === null) return [[time, 'NaN']];
  return typeof wire[1] === 'string' || typeof wire[1] === 'number' ? [[time, String(wire[1])]] : null;
}

/** The same object where nothing is to be cut or left out. */
function boundedLabels(metric: Readonly<Record<string, unknown>>, fault: (reason: string) => void): LabelSet {
  const entries = Object.entries(metric);
  let isCut = entries.length > LABELS;
  for (const [, value] of entries) isCut ||= typeof value !== 'string' || value.length > LABEL_CHARACTERS;
  if (!isCut) return metric as LabelSet;
  const kept: [string, string][] = [];
  for (const [name, value] of entries.slice(0, LABELS)) {
    const text = textOf(value);
    if (text !== null)
      kept.push([
        name,
        text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS)}… (${text.length} characters, cut)` : text,
      ]);
    else if (value !== null) fault(`the value of its label ${quotedShort(name)} is not text`);
  }
  return Object.fromEntries(kept);
}

/** Values of all series together: 8 bytes each. */
export const MOST_VALUES = 4_000_000;

export interface GridBuilder {
  /** Throws BoundError where all series together have more than MOST_VALUES values. */
  readonly add: (row: SampleRow) => void;
  readonly build: () => SeriesGrid;
  /** Samples whose value is no number, which stay gaps; NaN, which is a gap by design, is none of them. */
  readonly unreadable: () => number;
}

/** Parts of one range query, joined on one grid by label set. */
export function createGridBuilder(grid: Grid): GridBuilder {
  const series = new Map<string, { labels: LabelSet; values: (number | null)[] }>();
  let unreadable = 0;
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
        if (index < 0 || index >= grid.count) continue;
        const value = sampleValue(text);
        if (value === null && text.toLowerCase() !== 'nan') unreadable += 1;
        entry.values[index] = value;
      }
    },
    build: () => ({ ...grid, series: [...series.values()] satisfies Series[] }),
    unreadable: () => unreadable,
  };
}

/** A sample of an instant vector; null for NaN. */
export function instantSample({ labels, samples }: SampleRow): { labels: LabelSet; value: number } | null {
  const value = samples[0] ? sampleValue(samples[0][1]) : null;
  return value === null ? null : { labels, value };
}

/** RFC 3339 as Unix ms; null for nothing and for Go's zero time (year 1). */
export function timestampOf(text: string | null | undefined): Milliseconds | null {
  const time = text ? parseRfc3339(text) : null;
  return time === null || time < 0n ? null : milliseconds(Number(time / 1_000_000n));
}
