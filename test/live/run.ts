/**
 * `npm run test:live`: a real Ray cluster (two raylets on one host), set up with the guides that users copy, whose events
 * and traces come to X-Ray and whose metrics X-Ray's own Prometheus finds and scrapes. What X-Ray says is compared with
 * what the workload counted itself and with Ray's own State API and Jobs API. Ends with `N passed, N failed`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensurePrometheus } from '../../lib/cli/setup.mjs';
import { rayDashboardGuide } from '../../lib/contract/connect-guide.ts';
import { check, equal, eventually, results, say } from './check.ts';
import { checkAfterwards, checkWhileAlive, type LiveRun, type Submitted } from './checks.ts';
import { environmentOf } from './environment-of.ts';
import { ended, freePort, processesIn } from './processes.ts';
import { installRay, startRay } from './ray-cluster.ts';

const root = resolve(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'xray-live-'));
const venv = resolve(
  process.env.XRAY_LIVE_VENV ?? join(process.env.XRAY_DATA_DIR ?? join(root, '.xray'), 'ray-2.58.0-venv'),
);
const processes = processesIn(work);

function readLedger(folder: string): Pick<LiveRun, 'jobId' | 'executions'> {
  const driver: { job_id: string } = JSON.parse(readFileSync(join(folder, 'driver.json'), 'utf8'));
  const executions: Record<string, number> = {};
  for (const line of readFileSync(join(folder, 'ledger.jsonl'), 'utf8').trim().split('\n')) {
    const { function: name }: { function: string } = JSON.parse(line);
    executions[name] = (executions[name] ?? 0) + 1;
  }
  return { jobId: driver.job_id, executions };
}

/** Submits with Ray's command line; resolves at the job's end, with the status that Ray gives it. */
async function submit(
  { env, dashboard }: { readonly env: NodeJS.ProcessEnv; readonly dashboard: string },
  submissionId: string,
  entrypoint: readonly string[],
): Promise<Submitted> {
  const args = ['job', 'submit', `--address=${dashboard}`, `--submission-id=${submissionId}`, '--no-wait', '--'];
  const command = processes.start('submit', join(venv, 'bin/ray'), [...args, ...entrypoint], env);
  if ((await ended(command)) !== 0)
    throw new Error(`job ${submissionId} could not be submitted: ${join(work, 'submit.log')}`);
  const { status } = await eventually(
    120,
    async () => (await (await fetch(`${dashboard}/api/jobs/${submissionId}`)).json()) as { status: string },
    (job) => equal(['SUCCEEDED', 'FAILED', 'STOPPED'].includes(job.status), true, `end of job ${submissionId}`),
  );
  return { submissionId, status };
}

async function main(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'lib/cli/start.mjs'), '--build'], { stdio: ['ignore', 2, 2] });
  installRay(venv);
  const prometheus: string | null = await ensurePrometheus();
  if (prometheus === null) throw new Error('there is no Prometheus for X-Ray to run; what was tried is said above');
  const [xrayPort, dashboardPort] = [await freePort(), await freePort()];
  const xray = `http://127.0.0.1:${xrayPort}`;
  const dashboard = `http://127.0.0.1:${dashboardPort}`;
  const guide = environmentOf(rayDashboardGuide());
  const cluster = guide.XRAY_CLUSTER ?? '';
  processes.start(
    'xray',
    process.execPath,
    [join(root, 'app/serve.ts')],
    {
      ...process.env,
      ...guide,
      RAY_DASHBOARD_URL: dashboard,
      XRAY_PROMETHEUS_BINARY: prometheus,
      NODE_ENV: 'production',
      PORT: String(xrayPort),
      XRAY_DATA_DIR: join(work, 'data'),
      XRAY_CONFIG: join(work, 'none.yaml'),
      XRAY_DEMO: '0',
    },
    root,
  );
  await eventually(
    120,
    () => fetch(`${xray}/api/health`),
    (response) => equal(response.status, 200, 'health'),
  );
  say('X-Ray runs; starting Ray');
  const ray = await startRay({ processes, folder: work, venv, xray, cluster, dashboardPort });

  // Before the workload: its memory monitor could choose the actors that watch over submitted jobs.
  const script = join(import.meta.dirname, 'workload.py');
  const python = join(venv, 'bin/python');
  say('Ray runs with two nodes; submitting two jobs');
  const there = { env: ray.env, dashboard };
  const submitted = [
    await submit(there, 'live-job-that-succeeds', [python, script, '--submitted', 'succeed']),
    await submit(there, 'live-job-that-fails', [python, script, '--submitted', 'fail']),
  ];
  say('running the workload');
  const ledger = join(work, 'ledger');
  mkdirSync(ledger);
  const driver = processes.start('driver', python, [script, ledger, String(ray.growMib)], {
    ...ray.env,
    RAY_ADDRESS: ray.address,
  });
  const code = await ended(driver);
  if (code !== 0) throw new Error(`the workload ended with ${code}; its log: ${join(work, 'driver.log')}`);
  const run: LiveRun = { xray, dashboard, cluster, session: ray.session, submitted, ...readLedger(ledger) };
  const logs = await checkWhileAlive(run);
  await ray.stop();
  await checkAfterwards(run, logs);
}

async function finish(): Promise<void> {
  await processes.endAll();
  const failed = results.filter((result) => result.error !== null).length;
  if (failed === 0) rmSync(work, { recursive: true, force: true });
  else say(`logs kept in ${work}: ${readdirSync(work).join(' ')}`);
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    results.push({ name: 'live run', error: signal });
    void finish();
  });
await check('the live run came to its end', main);
await finish();
