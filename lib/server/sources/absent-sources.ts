/** A source that is not there: every question is answered with why, and what to do. */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { PrometheusSource } from '../runtime/prometheus-source.ts';

class AbsentError extends Error {
  readonly code: string;
  readonly whatToDo: string;

  constructor(code: string, message: string, whatToDo: string) {
    super(message);
    this.code = code;
    this.whatToDo = whatToDo;
  }
}

function offHealth(
  id: string,
  kind: SourceHealthWire['kind'],
  state: 'off' | 'down',
  reason: string,
  whatToDo: string,
): SourceHealthWire {
  return {
    id,
    kind,
    cluster: null,
    state,
    since: new Date().toISOString(),
    lastSuccess: null,
    reason,
    whatToDo,
    url: null,
    details: {},
  };
}

export function absentPrometheus(reason: string, whatToDo: string): PrometheusSource {
  const refuse = async (): Promise<never> => {
    throw new AbsentError('prometheus-down', reason, whatToDo);
  };
  const health = offHealth('prometheus', 'prometheus', 'down', reason, whatToDo);
  return { url: () => null, range: refuse, instant: refuse, api: refuse, health: () => health, close: async () => {} };
}
