/**
 * Lines over time, prepared for drawing: the same grid for every line, null is a gap, colours by position, text with its
 * unit. A chart maps over this and decides nothing.
 */
import type { LabelSet, SeriesGrid } from '../../model/series.ts';

export interface TimeLine {
  readonly id: string;
  readonly name: string;
  /** Value i belongs to startMs + i * stepMs; null is a gap. */
  readonly values: readonly (number | null)[];
  /** 1..8: `--series-<n>` of the theme. */
  readonly colour: number;
  /** Drawn above the others and thicker: the one that the page is about. */
  readonly emphasis: boolean;
  /** Drawn faint: context for the one that is emphasised. */
  readonly faint: boolean;
}

export interface TimeBand {
  readonly fromMs: number;
  readonly toMs: number;
  readonly tone: 'bad' | 'warn' | 'accent';
  readonly label: string;
}

export interface TimeLimit {
  readonly value: number;
  readonly label: string;
}

export interface TimeChartModel {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly lines: readonly TimeLine[];
  readonly bands: readonly TimeBand[];
  readonly limits: readonly TimeLimit[];
  /** A value as text with its unit. */
  readonly format: (value: number) => string;
  /** Fixed ends of the value axis; null: from the data (the lower end is then 0 where nothing is negative). */
  readonly min: number | null;
  readonly max: number | null;
  /** Distance of the value axis' ticks; null: decimal, as the axis finds it. */
  readonly tick: number | null;
  /** True: no ticks between whole numbers. */
  readonly whole: boolean;
}

interface Options {
  readonly name: (labels: LabelSet) => string;
  readonly format: (value: number) => string;
  readonly emphasise?: (labels: LabelSet) => boolean;
  readonly bands?: readonly TimeBand[];
  readonly limits?: readonly TimeLimit[];
  readonly min?: number | null;
  readonly max?: number | null;
  /** True: ticks at powers of two, for bytes. */
  readonly binary?: boolean;
  /** True: values are counts. */
  readonly whole?: boolean;
}

/** A grid as a chart. Where one line is emphasised the others are faint. */
export function prepareTimeChart(
  grid: Pick<SeriesGrid, 'count'> & { readonly startMs: number; readonly stepMs: number } & {
    readonly series: readonly { readonly labels: LabelSet; readonly values: readonly (number | null)[] }[];
  },
  options: Options,
): TimeChartModel {
  const { emphasise } = options;
  const anyEmphasis = emphasise !== undefined && grid.series.some((series) => emphasise(series.labels));
  return {
    startMs: grid.startMs,
    stepMs: grid.stepMs,
    count: grid.count,
    lines: grid.series.map((series, i) => {
      const emphasis = emphasise?.(series.labels) ?? false;
      return {
        id: JSON.stringify(series.labels),
        name: options.name(series.labels),
        values: series.values,
        colour: (i % 8) + 1,
        emphasis,
        faint: anyEmphasis && !emphasis,
      };
    }),
    bands: options.bands ?? [],
    limits: options.limits ?? [],
    format: options.format,
    min: options.min ?? null,
    max: options.max ?? null,
    tick: options.binary ? binaryTick(grid.series, options.max ?? null, options.limits ?? []) : null,
    whole: options.whole ?? false,
  };
}

/** The power of two that leaves at most five ticks below the largest value. */
function binaryTick(
  series: readonly { readonly values: readonly (number | null)[] }[],
  max: number | null,
  limits: readonly TimeLimit[],
): number | null {
  let most = Math.max(max ?? 0, ...limits.map((limit) => limit.value));
  for (const { values } of series) for (const value of values) if (value !== null && value > most) most = value;
  return most > 0 ? 2 ** Math.ceil(Math.log2(most / 5)) : null;
}

/** Each line's value at a moment (nearest grid point), for the text beside a cursor. */
export function valuesAt(
  model: TimeChartModel,
  timeMs: number,
): readonly { readonly line: TimeLine; readonly value: number | null }[] {
  const i = Math.round((timeMs - model.startMs) / model.stepMs);
  return model.lines.map((line) => ({ line, value: line.values[i] ?? null }));
}

/** Whether a value is a point between two gaps, which a line alone would not show. */
export const standsAlone = (values: readonly (number | null)[], at: number): boolean =>
  values[at] != null && values[at - 1] == null && values[at + 1] == null;
