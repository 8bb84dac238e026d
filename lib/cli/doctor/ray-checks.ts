/** A Ray on this machine: found by its dashboard or its service-discovery file, and does it send its events here. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { DoctorCheckWire } from '../../contract/cli.ts';
import type { HealthWire } from '../../contract/health.ts';

const DASHBOARD = 'http://127.0.0.1:8265';
const DISCOVERY = '/tmp/ray/prom_metrics_service_discovery.json';
const Version = z.looseObject({ ray_version: z.string() });

/** `health` of X-Ray, or null where it does not answer. */
export async function rayChecks(health: HealthWire | null): Promise<DoctorCheckWire[]> {
  const dashboard = (process.env.RAY_DASHBOARD_URL ?? DASHBOARD).replace(/\/+$/, '');
  const token = process.env.RAY_AUTH_TOKEN;
  const answer: unknown = await fetch(`${dashboard}/api/version`, {
    signal: AbortSignal.timeout(3_000),
    ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
  }).then(
    (response) => (response.ok ? response.json().catch(() => null) : { status: response.status }),
    () => null,
  );
  const version = Version.safeParse(answer);
  const isDiscovered = existsSync(DISCOVERY);
  if (!version.success) {
    const isConfigured = process.env.RAY_DASHBOARD_URL !== undefined;
    const said = answer !== null && typeof answer === 'object' && 'status' in answer ? `HTTP ${answer.status}` : null;
    return [
      {
        id: 'ray',
        state: isConfigured ? 'fail' : 'ok',
        message: `no Ray answers at ${dashboard}${said ? ` (${said})` : ''}${isDiscovered ? `; ${DISCOVERY} is there from an earlier one` : ''}`,
        whatToDo: isConfigured ? 'start Ray, or correct RAY_DASHBOARD_URL and RAY_AUTH_TOKEN' : null,
      },
    ];
  }
  return [
    {
      id: 'ray',
      state: 'ok',
      message: `Ray ${version.data.ray_version} at ${dashboard}${isDiscovered ? `, metrics by ${DISCOVERY}` : ''}`,
      whatToDo: null,
    },
    eventExport(health),
  ];
}

function eventExport(health: HealthWire | null): DoctorCheckWire {
  const id = 'ray-events';
  const seen = health?.sources.find((source) => source.id === 'ingest:ray-events')?.lastSuccess ?? null;
  if (seen !== null) return { id, state: 'ok', message: `events came last at ${seen}`, whatToDo: null };
  const address = process.env.RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR;
  return {
    id,
    state: 'warn',
    message: address ? `no events yet; this shell exports to ${address}` : 'Ray sends no events to X-Ray',
    whatToDo:
      'start Ray and its drivers with RAY_enable_ray_event=true RAY_enable_core_worker_ray_event_to_aggregator=true RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR=http://127.0.0.1:3000/v1/events',
  };
}
