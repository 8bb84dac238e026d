/** How long the questions of X-Ray to its sources take, by source and question, and how many fail. */
import { Counter, Histogram } from 'prom-client';
import type { Telemetry } from './telemetry.ts';

export interface QueryLatency {
  /** Runs and times a call; `query` is the question's own kebab-case name, of which there are few. */
  readonly time: <T>(source: string, query: string, call: () => Promise<T>) => Promise<T>;
}

/** One per registry. */
export function createQueryLatency(telemetry: Pick<Telemetry, 'registry'>): QueryLatency {
  const registers = [telemetry.registry];
  const seconds = new Histogram({
    name: 'xray_query_duration_seconds',
    help: 'Time of queries to a source.',
    labelNames: ['source', 'query'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers,
  });
  const failures = new Counter({
    name: 'xray_query_failures_total',
    help: 'Queries that a source did not answer.',
    labelNames: ['source', 'query', 'code'],
    registers,
  });
  return {
    async time(source, query, call) {
      const end = seconds.startTimer({ source, query });
      try {
        return await call();
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
        failures.inc({ source, query, code });
        throw error;
      } finally {
        end();
      }
    },
  };
}
