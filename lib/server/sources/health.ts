/** Use case of GET /api/health. */
import type { HealthWire } from '../../contract/health.ts';
import type { Runtime } from '../runtime/runtime.ts';

export async function health(runtime: Runtime): Promise<HealthWire> {
  const sources = [...runtime.health()];
  const unwell = sources.some((source) => source.state === 'down' || source.state === 'degraded');
  return {
    status: unwell ? 'degraded' : 'ok',
    version: runtime.version,
    startedAt: runtime.startedAt.toISOString(),
    now: new Date().toISOString(),
    demo: runtime.config.demo,
    sources,
  };
}
