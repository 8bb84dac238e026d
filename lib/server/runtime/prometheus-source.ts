/** The PromQL endpoint as use cases see it: managed or configured, up or down. */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import type { Milliseconds } from '../../model/units.ts';

export interface RangeQuery {
  /** Kebab-case name of the question, for errors and metrics. */
  readonly name: string;
  readonly promql: string;
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  readonly step: Milliseconds;
}

export interface PrometheusAnswer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
}

/** Rejects with an Error that has `code` 'prometheus-down' | 'prometheus-refused' and `whatToDo`. */
export interface PrometheusSource {
  /** Null while there is none. */
  readonly url: () => string | null;
  readonly range: (query: RangeQuery, signal?: AbortSignal) => Promise<PrometheusAnswer<SeriesGrid>>;
  readonly instant: (
    query: { readonly name: string; readonly promql: string; readonly time?: Milliseconds },
    signal?: AbortSignal,
  ) => Promise<PrometheusAnswer<readonly { readonly labels: LabelSet; readonly value: number }[]>>;
  /** GET of any other path of the API, `data` of the envelope, unparsed. */
  readonly api: (path: string, signal?: AbortSignal) => Promise<unknown>;
  readonly health: () => SourceHealthWire;
  readonly close: () => Promise<void>;
}
