/** X-Ray's own metrics (prom-client) and log lines. One per process, on the runtime. */
import { Registry } from 'prom-client';

export interface Telemetry {
  readonly registry: Registry;
  /** One JSON line on stderr. */
  readonly log: (
    level: 'debug' | 'info' | 'warn' | 'error',
    event: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => void;
}

export function createTelemetry(): Telemetry {
  return {
    registry: new Registry(),
    log(level, event, fields = {}) {
      process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
    },
  };
}
