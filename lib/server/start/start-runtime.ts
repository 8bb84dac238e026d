/** Makes the runtime: store, ingest, sources, children. Order matters only where said; closing goes backwards. */

import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Gauge } from 'prom-client';
import { authHeaders } from '../../schema/http-auth.ts';
import { startAlertRecorder } from '../alerts/alert-recorder.ts';
import { createAlertmanagerSource } from '../alerts/alertmanager-source-configured.ts';
import { startClusterRecorder } from '../clusters/cluster-recorder.ts';
import { createIngest } from '../ingest/create-ingest.ts';
import { startManagedPrometheus } from '../prometheus/managed-prometheus.ts';
import { measuredPrometheus } from '../prometheus/measured-prometheus.ts';
import { createConfiguredPrometheus } from '../prometheus/prometheus-configured.ts';
import { startRaySources } from '../ray/ray-sources.ts';
import { type Config, selfAddress } from '../runtime/config.ts';
import { createHeldAnswers } from '../runtime/held-answers.ts';
import { type Runtime, setRuntime } from '../runtime/runtime.ts';
import { absentPrometheus } from '../sources/absent-sources.ts';
import { patientPrometheus } from '../sources/patient-prometheus.ts';
import { patientAlertmanager } from '../sources/patient-ray.ts';
import { createReaderNotices } from '../sources/reader-notices.ts';
import { measuredEngine } from '../store/measured-engine.ts';
import { openStore } from '../store/open-store.ts';
import { createReadersFirst } from '../store/readers-first.ts';
import { createQueryLatency } from '../telemetry/query-latency.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createTimelineIndexer } from '../tiles/indexer.ts';
import { watchStoredAttempts } from '../tiles/stored-attempts.ts';
import { type DemoProcess, prepareDemo, startDemo } from './demo-process.ts';

/** Rejects where the store cannot be opened; every other source may be absent and says so. */
export async function startRuntime(config: Config): Promise<Runtime> {
  const telemetry = createTelemetry();
  const prometheusBinary = process.env.XRAY_PROMETHEUS_BINARY ?? null;
  collectDefaultMetrics({ register: telemetry.registry, prefix: 'xray_' });
  const remote = config.clickhouse
    ? {
        url: config.clickhouse.url,
        headers: authHeaders(config.clickhouse.auth),
        caFile: config.clickhouse.auth.caFile,
      }
    : null;
  let preparing: ReturnType<typeof prepareDemo> | null = null;
  const prepare = (): void => {
    if (!config.demo) return;
    // Beside the store's opening, but only when the directory is ours; it says itself where it fails.
    preparing = prepareDemo(config.dataDirectory, prometheusBinary, telemetry);
    // Awaited below: until then a failure of it is nobody's.
    preparing.catch(() => undefined);
  };
  const store = await openStore(config, remote, telemetry, prepare);
  const latency = createQueryLatency(telemetry);
  const readersFirst = createReadersFirst();
  const engine = measuredEngine(store.engine, latency, telemetry, store.health, readersFirst);
  store.guard.start();
  store.health.start(store.engine);
  const stored = watchStoredAttempts(engine);
  const ingest = createIngest(stored.engine, config, telemetry, () => store.guard.clock().time, readersFirst);
  const timelines = createTimelineIndexer(stored, telemetry);
  const demo = await preparing;
  const managed = config.prometheus
    ? null
    : await startManagedPrometheus({
        dataDirectory: config.dataDirectory,
        binary: prometheusBinary,
        telemetry,
        selfTarget: selfAddress(config),
        selfToken: config.authToken === null ? null : config.ownToken,
        rayFileSd: config.demo ? [] : ['/tmp/ray/prom_metrics_service_discovery.json'],
        rayDashboards: config.clusters.flatMap(({ rayDashboard }) => rayDashboard ?? []),
        alertmanagerUrl: config.alertmanager?.url ?? null,
      });
  const readers = createReaderNotices();
  const measured = measuredPrometheus(
    managed ??
      (config.prometheus
        ? createConfiguredPrometheus(config.prometheus, telemetry)
        : absentPrometheus('no Prometheus', 'set PROMETHEUS_URL')),
    latency,
  );
  const prometheus = patientPrometheus(measured, readers);
  const alertmanager = patientAlertmanager(createAlertmanagerSource(config.alertmanager), readers);
  const recorder = startAlertRecorder({ prometheus, alertmanager, engine, telemetry });
  const rays = startRaySources({ config, engine, ingest, telemetry, readers });
  const startedAt = new Date();
  new Gauge({ name: 'xray_start_time_seconds', help: 'Unix time X-Ray started.', registers: [telemetry.registry] }).set(
    startedAt.getTime() / 1000,
  );
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );

  let demoProcess: DemoProcess | null = null;
  const runtime: Runtime = {
    config,
    version,
    startedAt,
    engine,
    store: store.guard,
    ingest,
    prometheus,
    alertmanager,
    rays: rays.list,
    annotate: (body, signal) => readers.annotate(body, signal, runtime.health),
    telemetry,
    timelines,
    held: createHeldAnswers(),
    health: () => [
      store.health.health(),
      prometheus.health(),
      alertmanager.health(),
      ...rays.health(),
      ...ingest.health(),
      ...(demoProcess ? [demoProcess.health()] : []),
    ],
    async close() {
      recorder.close();
      clusterRecorder.close();
      await rays.close();
      await demoProcess?.close();
      await ingest.close();
      await timelines.close();
      await prometheus.close();
      await store.close();
    },
  };
  const clusterRecorder = startClusterRecorder(runtime);
  setRuntime(runtime);
  if (demo && managed) demoProcess = startDemo(demo, config, managed, telemetry, rays);
  return runtime;
}
