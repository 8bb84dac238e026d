/** The managed Prometheus, really run: scraping a real target, its rules firing, killed, and its owner killed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alert } from '../../../../lib/server/alerts/alert-detail.ts';
import { startAlertRecorder } from '../../../../lib/server/alerts/alert-recorder.ts';
import { alerts } from '../../../../lib/server/alerts/alerts.ts';
import { identifyProcess } from '../../../../lib/server/process/process-identity.ts';
import {
  type ManagedPrometheus,
  startManagedPrometheus,
} from '../../../../lib/server/prometheus/managed-prometheus.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { createTelemetry } from '../../../../lib/server/telemetry/telemetry.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const SERVER = fileURLToPath(new URL('../../../../lib/server/prometheus/', import.meta.url));
let xid = 79;
const target = createServer((_, response) => response.end(`DCGM_FI_DEV_XID_ERRORS{gpu="3",hostname="n1"} ${xid}\n`));
let discoveries: (string | undefined)[] = [];
/** Metrics, and what a Ray dashboard that wants a token answers to GET /api/prometheus/sd. */
const dashboard = createServer((request, response) => {
  if (request.url === '/metrics') return response.end('ray_tasks 1\n');
  discoveries = [request.url, request.headers.authorization];
  response.setHeader('content-type', 'application/json');
  response.end(discovered());
});
const discovered = (): string =>
  JSON.stringify([{ labels: { job: 'ray' }, targets: [`127.0.0.1:${portOf(dashboard)}`] }]);
let base: Runtime;
let prometheus: ManagedPrometheus;
const until = async (what: () => Promise<boolean> | boolean, ms: number): Promise<void> => {
  const deadline = Date.now() + ms;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error(`did not come true in ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

beforeAll(async () => {
  base = await openTestRuntime();
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve));
  // The same address as Ray's own file on its machine tells it.
  const file = join(base.config.dataDirectory, 'prom_metrics_service_discovery.json');
  writeFileSync(file, discovered());
  prometheus = await startManagedPrometheus({
    dataDirectory: base.config.dataDirectory,
    binary: null,
    telemetry: base.telemetry,
    selfTarget: '127.0.0.1:9',
    rayFileSd: [file],
    rayDashboards: [
      {
        url: `http://127.0.0.1:${portOf(dashboard)}`,
        auth: { bearerToken: 'ray-token', basic: null, headers: {}, caFile: null },
      },
    ],
  });
  await prometheus.addTargets('dcgm', [`127.0.0.1:${portOf(target)}`], { instance: 'n1:9400', cluster: 'prod' });
}, 40_000);
afterAll(async () => {
  await prometheus.close();
  target.close();
  dashboard.close();
  await base.close();
});

it('shows an alert from pending to resolved, with its value, threshold and place', async () => {
  const runtime = { ...base, prometheus };
  const signal = new AbortController().signal;
  const board = () => alerts(runtime, {}, signal);
  await until(async () => (await board()).alerts.length === 1, 30_000);
  const recorder = startAlertRecorder(runtime);
  await recorder.look();
  const shown = (await board()).alerts[0];
  expect(shown).toMatchObject({ name: 'GpuXidError', state: 'firing', value: 79, cluster: 'prod' });
  const fingerprint = shown?.fingerprint ?? '';
  const detail = await alert(runtime, { fingerprint }, signal);
  expect(detail.evaluation).toMatchObject({ threshold: 0, comparison: '!=' });
  expect(detail.entities).toMatchObject({ cluster: 'prod', nodeName: 'n1', gpu: '3' });
  xid = 0;
  await until(async () => {
    await recorder.look();
    return (await board()).alerts[0]?.state === 'resolved';
  }, 30_000);
  expect((await alert(runtime, { fingerprint }, signal)).alert.resolvedAtNs).not.toBeNull();
  recorder.close();
}, 70_000);

it('finds a Ray through its dashboard, and scrapes once what its file tells too', async () => {
  const scraped = async () => (await prometheus.instant({ name: 'up', promql: 'up{job="ray"}' })).data.length;
  await until(async () => discoveries.length > 0 && (await scraped()) > 0, 30_000);
  expect(discoveries).toEqual(['/api/prometheus/sd', 'Bearer ray-token']);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(await scraped()).toBe(1);
}, 45_000);

it('starts again after it was killed', async () => {
  const pid = prometheus.pid() ?? 0;
  process.kill(pid, 'SIGKILL');
  await until(() => prometheus.pid() !== pid && prometheus.health().state === 'up', 15_000);
}, 20_000);

it('ends within 2 s after its owner was killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-owner-'));
  const script = join(directory, 'owner.mjs');
  writeFileSync(
    script,
    `import { startManagedPrometheus } from '${SERVER}managed-prometheus.ts';
     const p = await startManagedPrometheus({ dataDirectory: '${directory}', binary: null, telemetry: { log() {} }, selfTarget: '127.0.0.1:9' });
     console.log(p.pid()); setInterval(() => {}, 1000);`,
  );
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((resolve) => owner.stdout.once('data', (text) => resolve(Number(text))));
  expect(identifyProcess(pid)).not.toBeNull();
  owner.kill('SIGKILL');
  await until(() => identifyProcess(pid) === null, 2_000);
  rmSync(directory, { recursive: true, force: true });
}, 30_000);

it('is down, with what to do, where Prometheus is not installed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-none-'));
  const none = await startManagedPrometheus({
    dataDirectory: directory,
    binary: '/nonexistent/prometheus',
    telemetry: createTelemetry(),
    selfTarget: '127.0.0.1:9',
  });
  expect(none.health()).toMatchObject({ state: 'down', reason: 'Prometheus is not installed' });
  await expect(none.instant({ name: 'any', promql: '1' })).rejects.toMatchObject({ code: 'prometheus-down' });
  await none.close();
  rmSync(directory, { recursive: true, force: true });
}, 30_000);
