/**
 * One run from start to end, hence just over 300 lines.
 *
 * `npm run test:live`: a real Ray 2.58.0 cluster (two raylets) with event export and tracing pointed at X-Ray, whose
 * managed Prometheus scrapes it. What X-Ray says is compared with what the workload counted itself and with Ray's own
 * State API. Ends with `N passed, N failed`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { freemem, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { clustersRoute } from '../../lib/contract/clusters.ts';
import { jobsRoute, tasksSummaryRoute } from '../../lib/contract/jobs.ts';
import { heatmapRoute, oomRoute } from '../../lib/contract/memory.ts';
import { type RouteContract, requestPath } from '../../lib/contract/route.ts';
import { traceRoute, tracesRoute } from '../../lib/contract/traces.ts';
import { check, equal, eventually, results, say } from './check.ts';

const root = resolve(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'xray-live-'));
const venv = resolve(
  process.env.XRAY_LIVE_VENV ?? join(process.env.XRAY_DATA_DIR ?? join(root, '.xray'), 'ray-2.58.0-venv'),
);
const children: ChildProcess[] = [];
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function installRay(): void {
  const python = join(venv, 'bin/python');
  if (existsSync(join(venv, 'bin/ray'))) return;
  say(`installing ray[default]==2.58.0 into ${venv}`);
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
  const packages = ['ray[default]==2.58.0', 'opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http'];
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: ['ignore', 2, 2] });
}

const xrayPort = await freePort();
const dashboardPort = await freePort();
const gcsPort = await freePort();
const xray = `http://127.0.0.1:${xrayPort}`;
const dashboard = `http://127.0.0.1:${dashboardPort}`;

async function get<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  params: z.input<Query>,
): Promise<z.output<Body>> {
  const response = await fetch(xray + requestPath(route, params));
  const body = await response.json();
  if (!response.ok) throw new Error(`${requestPath(route, params)}: ${response.status} ${JSON.stringify(body)}`);
  return route.response.parse(body);
}

function start(name: string, command: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(command, args, { cwd: name === 'xray' ? root : work, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => log.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => log.push(chunk));
  child.on('exit', () => writeFileSync(join(work, `${name}.log`), Buffer.concat(log)));
  children.push(child);
  return child;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((done) => child.once('exit', (code) => done(code)));

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended(child);
  clearTimeout(timer);
}

const bin = (name: string): string => join(venv, 'bin', name);
// The monitor kills above this share of the machine: what is used now, 1 GiB for Ray itself, 1.5 GiB to grow.
const growMib = 4096;
const threshold = Math.min(0.95, (totalmem() - freemem() + 2.5 * 1024 ** 3) / totalmem());
const rayEnv: NodeJS.ProcessEnv = {
  NODE_ENV: 'test',
  PATH: `${join(venv, 'bin')}:${process.env.PATH ?? ''}`,
  HOME: work,
  LANG: 'C.UTF-8',
  PYTHONPATH: import.meta.dirname,
  PYTHONUNBUFFERED: '1',
  RAY_USAGE_STATS_ENABLED: '0',
  // A busy machine starts the dashboard's ten processes slowly, and Ray gives up on itself after 20 to 30 s.
  RAY_DASHBOARD_SUBPROCESS_MODULE_WAIT_READY_TIMEOUT: '300',
  RAY_agent_register_timeout_ms: '300000',
  RAY_raylet_start_wait_time_s: '300',
  RAY_enable_ray_event: 'true',
  RAY_enable_core_worker_ray_event_to_aggregator: 'true',
  RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR: `${xray}/v1/events?cluster=live`,
  RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES: 'ALL',
  RAY_memory_usage_threshold: threshold.toFixed(4),
  RAY_memory_monitor_refresh_ms: '100',
  XRAY_OTLP_ENDPOINT: `${xray}/v1/traces`,
};

interface Ledger {
  readonly jobId: string;
  readonly executions: Readonly<Record<string, number>>;
}

function readLedger(folder: string): Ledger {
  const driver: { job_id: string } = JSON.parse(readFileSync(join(folder, 'driver.json'), 'utf8'));
  const executions: Record<string, number> = {};
  for (const line of readFileSync(join(folder, 'ledger.jsonl'), 'utf8').trim().split('\n')) {
    const { function: name }: { function: string } = JSON.parse(line);
    executions[name] = (executions[name] ?? 0) + 1;
  }
  return { jobId: driver.job_id, executions };
}

/** Attempts per function and state, by Ray's own State API. */
async function stateApiCounts(jobId: string): Promise<Record<string, Record<string, number>>> {
  const query = `detail=1&limit=10000&filter_keys=job_id&filter_predicates=%3D&filter_values=${jobId}`;
  const answer = await (await fetch(`${dashboard}/api/v0/tasks?${query}`)).json();
  const counts: Record<string, Record<string, number>> = {};
  for (const row of answer.data.result.result as { func_or_class_name: string; state: string }[]) {
    counts[row.func_or_class_name] ??= {};
    const states = counts[row.func_or_class_name] ?? {};
    states[row.state] = (states[row.state] ?? 0) + 1;
  }
  return counts;
}

const sorted = (record: Readonly<Record<string, number>>): [string, number][] => Object.entries(record).sort();

async function main(): Promise<void> {
  installRay();
  const ledger = join(work, 'ledger');
  mkdirSync(ledger);
  start('xray', process.execPath, [join(root, 'app/serve.ts')], {
    ...process.env,
    PORT: String(xrayPort),
    XRAY_DATA_DIR: join(work, 'data'),
    XRAY_DEMO: '0',
    RAY_DASHBOARD_URL: dashboard,
    // The name that the events give, too: one cluster must not have two.
    XRAY_CLUSTER: 'live',
  });
  await eventually(
    120,
    () => fetch(`${xray}/api/health`),
    (response) => equal(response.status, 200, 'health'),
  );

  const common = ['--disable-usage-stats', '--num-cpus=4', '--object-store-memory=200000000', '--block'];
  const head = start(
    'head',
    bin('ray'),
    [
      'start',
      '--head',
      `--port=${gcsPort}`,
      `--dashboard-port=${dashboardPort}`,
      '--dashboard-host=127.0.0.1',
      '--node-ip-address=127.0.0.1',
      `--temp-dir=${join(work, 'r')}`,
      '--tracing-startup-hook=tracing_hook:setup_tracing',
      ...common,
    ],
    rayEnv,
  );
  await eventually(
    120,
    () => fetch(`${dashboard}/api/version`),
    (response) => equal(response.status, 200, 'Ray dashboard'),
  );
  const second = start(
    'second',
    bin('ray'),
    ['start', `--address=127.0.0.1:${gcsPort}`, '--node-ip-address=127.0.0.1', ...common],
    rayEnv,
  );
  const { session_name: session }: { session_name: string } = await (await fetch(`${dashboard}/api/version`)).json();
  await sleep(5000);

  const driver = start('driver', bin('python'), [join(import.meta.dirname, 'workload.py'), ledger, String(growMib)], {
    ...rayEnv,
    RAY_ADDRESS: `127.0.0.1:${gcsPort}`,
  });
  const code = await ended(driver);
  if (code !== 0) throw new Error(`the workload ended with ${code}; its log: ${join(work, 'driver.log')}`);
  const truth = readLedger(ledger);
  const job = { jobId: truth.jobId, session };
  const window = { from: String(Date.now() - 30 * 60_000), to: String(Date.now() + 60_000) };

  await check('attempts that ran, per function, equal what the bodies counted', async () => {
    await eventually(
      60,
      () => get(tasksSummaryRoute, job),
      (summary) => {
        const ran: Record<string, number> = {};
        for (const row of summary.functions) if (row.name in truth.executions) ran[row.name] = row.ran;
        equal(sorted(ran), sorted(truth.executions), 'ran');
      },
    );
  });
  await check('attempts per function and state equal the State API', async () => {
    const theirs = await stateApiCounts(truth.jobId);
    await eventually(
      60,
      () => get(tasksSummaryRoute, job),
      (summary) => {
        for (const row of summary.functions) equal(sorted(row.byState), sorted(theirs[row.name] ?? {}), row.name);
        equal(summary.functions.map((row) => row.name).sort(), Object.keys(theirs).sort(), 'functions');
      },
    );
  });
  await check('the memory monitor killed join_features and X-Ray says so', async () => {
    await eventually(
      60,
      () => get(oomRoute, { job: truth.jobId, session }),
      (answer) => {
        equal(
          answer.kills.some((kill) => kill.name.includes('join_features') && kill.kind === 'task'),
          true,
          'kill of join_features',
        );
      },
    );
  });
  await check('the kill is on the heat map, on a row that was measured', async () => {
    await eventually(
      60,
      () => get(heatmapRoute, { by: 'node', ...window }),
      (map) => {
        equal(map.kills.length > 0, true, 'kills on the heat map');
        equal(
          map.rows.some((row) => row.usedBytes.some((value) => value !== null && value > 0)),
          true,
          'a measured row',
        );
      },
    );
  });
  await check('every function span that Ray exported is joined with its task', async () => {
    const listed = await get(tracesRoute, { service: 'xray-live-test', limit: 1000 });
    let consumers = 0;
    let joined = 0;
    for (const trace of listed.traces) {
      for (const span of (await get(traceRoute, { traceId: trace.traceId })).spans) {
        if (span.kind !== 'Consumer' || span.attributes['ray.job_id'] !== truth.jobId) continue;
        consumers += 1;
        if (span.task !== null) joined += 1;
      }
    }
    if (consumers < 200) throw new Error(`only ${consumers} consumer spans arrived`);
    equal(joined, consumers, 'joined spans');
  });
  await check('the alert on the kill fired', async () => {
    await eventually(
      90,
      () => get(alertsRoute, {}),
      (answer) => {
        equal(
          answer.alerts.some((alert) => alert.name === 'RayOomKill'),
          true,
          'alert RayOomKill',
        );
      },
    );
  });

  await stop(second);
  await stop(head);
  await check('the cluster is still there after Ray is gone, with its numbers', async () => {
    await eventually(
      120,
      () => get(clustersRoute, {}),
      (answer) => {
        const ours = answer.clusters.find((row) => row.sessions.includes(session));
        if (!ours) throw new Error(`no cluster with session ${session}`);
        if (ours.state === 'alive') throw new Error('still said to be alive');
      },
    );
    const summary = await get(tasksSummaryRoute, job);
    equal(summary.functions.find((row) => row.name === 'tokenize')?.ran, truth.executions.tokenize, 'tokenize');
    const jobs = await get(jobsRoute, { session });
    equal(
      jobs.jobs.some((row) => row.jobId === truth.jobId),
      true,
      'job listed',
    );
  });
}

let crashed = false;
try {
  await main();
} catch (error) {
  crashed = true;
  results.push({ name: 'live run', error: String(error) });
  say(`FAILED live run\n       ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
} finally {
  for (const child of children.reverse()) await stop(child);
}
const failed = results.filter((result) => result.error !== null).length;
if (failed === 0) rmSync(work, { recursive: true, force: true });
else say(`logs kept in ${work}: ${readdirSync(work).join(' ')}${crashed ? ' (crashed)' : ''}`);
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
