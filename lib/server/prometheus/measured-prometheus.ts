import type { PrometheusSource } from '../runtime/prometheus-source.ts';
import type { QueryLatency } from '../telemetry/query-latency.ts';

/** The same source, its questions timed. */
export function measuredPrometheus(source: PrometheusSource, latency: QueryLatency): PrometheusSource {
  return {
    ...source,
    range: (query, signal) => latency.time('prometheus', query.name, () => source.range(query, signal)),
    instant: (query, signal) => latency.time('prometheus', query.name, () => source.instant(query, signal)),
    api: (path, signal) => latency.time('prometheus', 'api', () => source.api(path, signal)),
  };
}
