/** Makes the runtime: store, ingest, sources, children. Order matters only where said; closing goes backwards. */
import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Gauge } from 'prom-client';
import { migrate } from '../store/migrate.ts';
import { openEngine } from '../store/open-engine.ts';
import { MIGRATIONS } from '../store/schema/migrations.ts';
import { absentPrometheus } from './absent-sources.ts';
import { startAlertRecorder } from './alert-recorder.ts';
import { createAlertmanagerSource } from './alertmanager-source-configured.ts';
import type { Config, HttpSource } from './config.ts';
import { type DemoProcess, prepareDemo, startDemo } from './demo-process.ts';
import { createIngest } from './ingest/create-ingest.ts';
import { startManagedPrometheus } from './managed-prometheus.ts';
import { createConfiguredPrometheus } from './prometheus-configured.ts';
import { startRaySources } from './ray-sources.ts';
import { type Runtime, setRuntime } from './runtime.ts';
import { createTelemetry } from './telemetry.ts';

function authHeaders(source: HttpSource): Record<string, string> {
  const { bearerToken, basic, headers } = source.auth;
  if (bearerToken) return { ...headers, authorization: `Bearer ${bearerToken}` };
  if (basic)
    return { ...headers, authorization: `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}` };
  return { ...headers };
}

/** Rejects where the store cannot be opened; every other source may be absent and says so. */
export async function startRuntime(config: Config): Promise<Runtime> {
  const telemetry = createTelemetry();
  collectDefaultMetrics({ register: telemetry.registry, prefix: 'xray_' });
  const remote = config.clickhouse ? { url: config.clickhouse.url, headers: authHeaders(config.clickhouse) } : null;
  const engine = await openEngine(config.dataDirectory, remote);
  await migrate(engine, MIGRATIONS, config.retentionDays);
  const ingest = createIngest(engine, config, telemetry);
  const demo = config.demo ? await prepareDemo(config.dataDirectory, telemetry) : null;
  const managed = config.prometheus
    ? null
    : await startManagedPrometheus({
        dataDirectory: config.dataDirectory,
        binary: process.env.XRAY_PROMETHEUS_BINARY ?? null,
        telemetry,
        selfTarget: `127.0.0.1:${config.port}`,
        rayFileSd: config.demo ? [] : ['/tmp/ray/prom_metrics_service_discovery.json'],
        alertmanagerUrl: config.alertmanager?.url ?? null,
      });
  const prometheus =
    managed ??
    (config.prometheus
      ? createConfiguredPrometheus(config.prometheus, telemetry)
      : absentPrometheus('no Prometheus', 'set PROMETHEUS_URL'));
  const alertmanager = createAlertmanagerSource(config.alertmanager);
  const recorder = startAlertRecorder({ prometheus, alertmanager, engine, telemetry });
  const rays = startRaySources({ config, engine, ingest, telemetry });
  const startedAt = new Date();
  new Gauge({ name: 'xray_start_time_seconds', help: 'Unix time X-Ray started.', registers: [telemetry.registry] }).set(
    startedAt.getTime() / 1000,
  );
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );

  let demoProcess: DemoProcess | null = null;
  const runtime: Runtime = {
    config,
    version,
    startedAt,
    engine,
    ingest,
    prometheus,
    alertmanager,
    rays: rays.list,
    telemetry,
    health: () => [
      {
        id: 'store',
        kind: 'store',
        cluster: null,
        state: 'up',
        since: startedAt.toISOString(),
        lastSuccess: new Date().toISOString(),
        reason: null,
        whatToDo: null,
        url: config.clickhouse?.url ?? null,
        details: { engine: engine.kind },
      },
      prometheus.health(),
      alertmanager.health(),
      ...rays.health(),
      ...ingest.health(),
      ...(demoProcess ? [demoProcess.health()] : []),
    ],
    async close() {
      recorder.close();
      await rays.close();
      await demoProcess?.close();
      await ingest.close();
      await prometheus.close();
      await engine.close();
    },
  };
  setRuntime(runtime);
  if (demo && managed) demoProcess = startDemo(demo, config, managed, telemetry, rays);
  return runtime;
}
