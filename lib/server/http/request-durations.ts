/** How long requests take, by route and status class, for /metrics. */
import { Histogram, type Registry } from 'prom-client';

export interface RequestDurations {
  /** Begins one request; call the answer with its HTTP status when it is done. */
  readonly start: (method: string, route: string) => (status: number) => void;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']);

export function requestDurations(registry: Registry): RequestDurations {
  const histogram = new Histogram({
    name: 'xray_http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    start(method, route) {
      const started = performance.now();
      return (status) =>
        histogram.observe(
          { method: METHODS.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` },
          (performance.now() - started) / 1000,
        );
    },
  };
}
