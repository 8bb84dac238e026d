/** A Prometheus (or anything that speaks its API) that the operator runs. */
import { createPrometheusClient, type PrometheusClient } from '../../sources/prometheus/client.ts';
import type { HttpSource } from '../runtime/config.ts';
import type { PrometheusSource } from '../runtime/prometheus-source.ts';
import { createSourceState, publicUrl, type SourceState } from '../runtime/source-state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

const PROBE_EVERY_MS = 15_000;

/** Asked every 15 s whether it answers. Throws where the CA file cannot be read. */
export function createConfiguredPrometheus(source: HttpSource, telemetry: Telemetry): PrometheusSource {
  const state = createSourceState({ id: 'prometheus', kind: 'prometheus', cluster: null }, () => publicUrl(source.url));
  const client = createPrometheusClient(source, { onClock: state.clock });
  state.detail('managed', false);
  const probe = () => probePrometheus(client, state, telemetry);
  void probe();
  const timer = setInterval(probe, PROBE_EVERY_MS);
  timer.unref();
  return {
    url: () => source.url,
    range: client.range,
    instant: client.instant,
    api: client.api,
    health: state.health,
    async close() {
      clearInterval(timer);
    },
  };
}

/** One question; the answer goes into `state`, a change into the log. Never rejects. */
export async function probePrometheus(
  client: PrometheusClient,
  state: SourceState,
  telemetry: Telemetry,
): Promise<void> {
  const before = state.health().state;
  try {
    await client.instant({ name: 'probe', promql: 'vector(1)' });
    state.succeeded();
    // Which version it is changes with its state only.
    if (before === 'up' || before === 'degraded') return;
    const build = await client.api('/api/v1/status/buildinfo').catch(() => null);
    if (build !== null && typeof build === 'object' && 'version' in build)
      state.detail('version', String(build.version).slice(0, 100));
  } catch (error) {
    state.failed(error);
  }
  const now = state.health();
  if (now.state !== before)
    telemetry.log(now.state === 'up' ? 'info' : 'warn', 'prometheus', { state: now.state, reason: now.reason });
}
