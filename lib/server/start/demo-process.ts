/**
 * The simulated cluster: a process of its own that speaks to X-Ray over the public endpoints, like any real one. Before
 * Prometheus starts, six hours of its metrics are written as TSDB blocks; its events and spans come through ingest.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { SourceHealthWire } from '../../contract/health.ts';
import { errorMessage } from '../../model/error-message.ts';
import { byKey } from '../../schema/by-key.ts';
import type { ManagedPrometheus } from '../prometheus/managed-prometheus.ts';
import type { RaySources } from '../ray/ray-sources.ts';
import { type Config, selfAddress } from '../runtime/config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

const run = promisify(execFile);
const program = (name: string): string => join(process.cwd(), 'lib/demo', name);
const SEED = '7';
const MINUTES = 360;
/** What the past of the metrics is written in, minutes before the anchor and seconds from scrape to scrape: side by side, it takes half the time. */
const PAST = [
  { from: MINUTES, until: 60, step: 60 },
  { from: 60, until: 0, step: 15 },
] as const;
/** After this long a new simulated cluster is made, so that its incidents are recent. */
const REUSE_MS = 6 * 3_600_000;

const Ready = z.object({
  dashboardUrl: z.string(),
  targets: z.array(z.object({ job: z.string(), targets: z.array(z.string()), labels: byKey(z.string()) })),
});

/** A line of the simulation's standard output; anything else that it says there is no progress. */
const Progress = z
  .string()
  .transform((line, issues) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      issues.addIssue({ code: 'custom', message: 'no JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.object({ historyShare: z.number().min(0).max(1) }));

/** promtool stands beside its Prometheus in every release and package; else it is looked for on PATH. */
function promtool(prometheusBinary: string | null): string {
  const beside = prometheusBinary === null ? '' : join(dirname(prometheusBinary), 'promtool');
  return beside !== '' && existsSync(beside) ? beside : 'promtool';
}

export interface PreparedDemo {
  /** Unix ms: the simulation is a function of (seed, anchor, time), so both programs must share it. */
  readonly anchor: number;
  readonly directory: string;
}

export interface DemoProcess {
  readonly health: () => SourceHealthWire;
  readonly close: () => Promise<void>;
}

/** Writes the hours before now into the TSDB that the managed Prometheus will open. */
export async function prepareDemo(
  dataDirectory: string,
  prometheusBinary: string | null,
  telemetry: Telemetry,
): Promise<PreparedDemo> {
  const directory = join(dataDirectory, 'demo');
  mkdirSync(directory, { recursive: true });
  const anchorFile = join(directory, 'anchor');
  const before = existsSync(anchorFile) ? Number(readFileSync(anchorFile, 'utf8')) : 0;
  if (Date.now() - before < REUSE_MS) return { anchor: before, directory };
  const anchor = Date.now();
  const tsdb = join(dataDirectory, 'prometheus/tsdb');
  mkdirSync(tsdb, { recursive: true });
  const write = async ({ from, until, step }: (typeof PAST)[number]): Promise<void> => {
    const metrics = join(directory, `history-${from}.om`);
    const numbers = { minutes: from, 'until-minutes': until, step, seed: SEED, anchor };
    const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    try {
      await run(process.execPath, [program('backfill.ts'), '--out', metrics, ...flags], { timeout: 120_000 });
      await run(promtool(prometheusBinary), ['tsdb', 'create-blocks-from', 'openmetrics', metrics, tsdb], {
        timeout: 120_000,
      });
    } finally {
      rmSync(metrics, { force: true });
    }
  };
  try {
    await Promise.all(PAST.map(write));
  } catch (error) {
    telemetry.log('warn', 'demo-history', {
      reason: errorMessage(error).slice(0, 500),
    });
  }
  writeFileSync(anchorFile, String(anchor));
  return { anchor, directory };
}

/** The address of its dashboard is no secret and needs no credentials. */
const NO_AUTH = { bearerToken: null, basic: null, headers: {}, caFile: null };
const CLUSTER = 'demo-cluster';

/** Starts the simulation; when it says where it is, its metrics go to Prometheus and its dashboard becomes a source. */
export function startDemo(
  demo: PreparedDemo,
  config: Config,
  prometheus: ManagedPrometheus,
  telemetry: Telemetry,
  rays: Pick<RaySources, 'connect'>,
): DemoProcess {
  const readyFile = join(demo.directory, 'ready.json');
  rmSync(readyFile, { force: true });
  const flags = [
    '--xray',
    `http://${selfAddress(config)}`,
    '--port',
    '0',
    '--seed',
    SEED,
    '--history-minutes',
    String(MINUTES),
  ];
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--max-old-space-size=80',
      '--max-semi-space-size=2',
      program('main.ts'),
      ...flags,
      '--ready-file',
      readyFile,
      '--anchor',
      String(demo.anchor),
    ],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Types are stripped once, not by 20 MB of compiler in every process; one arena of the allocator gives back what is free.
      env: { ...process.env, NODE_COMPILE_CACHE: join(demo.directory, 'compiled'), MALLOC_ARENA_MAX: '1' },
    },
  );
  const since = new Date().toISOString();
  let text = '';
  let historyShare = 0;
  if (child.stdout)
    createInterface(child.stdout).on('line', (line) => {
      historyShare = Progress.safeParse(line).data?.historyShare ?? historyShare;
    });
  child.stderr?.on('data', (chunk: Buffer) => {
    text = chunk.toString().trim().slice(-500);
    telemetry.log('warn', 'demo', { reason: text });
  });
  let closing = false;
  let connected = false;
  child.on('exit', (code) => {
    if (!closing) telemetry.log('error', 'demo-ended', { code, reason: text });
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  async function connect(): Promise<void> {
    while (!closing && isRunning()) {
      if (existsSync(readyFile)) {
        const ready = Ready.parse(JSON.parse(readFileSync(readyFile, 'utf8')));
        for (const [index, target] of ready.targets.entries())
          await prometheus.addTargets(`demo-${index}`, target.targets, { job: target.job, ...target.labels });
        rays.connect(CLUSTER, { url: ready.dashboardUrl, auth: NO_AUTH });
        connected = true;
        return;
      }
      await sleep(250);
    }
  }
  connect().catch((error: unknown) => telemetry.log('error', 'demo-targets', { reason: errorMessage(error) }));

  return {
    health: () => ({
      id: 'demo',
      kind: 'demo',
      cluster: CLUSTER,
      state: !isRunning() ? 'down' : connected ? 'up' : 'waiting',
      since,
      lastSuccess: connected && isRunning() ? new Date().toISOString() : null,
      reason: isRunning() ? 'simulated data' : text || 'the simulation has ended',
      whatToDo: isRunning() ? 'connect a real cluster to see your own data' : 'start X-Ray again',
      url: null,
      details: { historyShare },
    }),
    async close() {
      closing = true;
      child.stdin?.end();
      child.kill('SIGTERM');
      for (let i = 0; i < 50 && isRunning(); i++) await sleep(100);
      if (isRunning()) child.kill('SIGKILL');
    },
  };
}
