/** Time series as Prometheus knows them: a label set and samples; null is a gap, zero is a measurement. */
import type { Milliseconds } from './units.ts';

export type LabelSet = Readonly<Record<string, string>>;

/** Samples on a regular grid: value i belongs to start + i * step. NaN never appears; a gap is null. */
export interface Series {
  readonly labels: LabelSet;
  readonly values: readonly (number | null)[];
}

export interface SeriesGrid {
  readonly start: Milliseconds;
  readonly step: Milliseconds;
  readonly count: number;
  readonly series: readonly Series[];
}
