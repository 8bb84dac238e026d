/** The Prometheus that X-Ray runs when none is configured: on loopback, in the data directory, never outliving X-Ray. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createPrometheusClient, type PrometheusClient, PrometheusError } from '../../sources/prometheus/client.ts';
import { freePort } from '../process/free-port.ts';
import { endProcess, identifyProcess } from '../process/process-identity.ts';
import type { HttpSource } from '../runtime/config.ts';
import type { PrometheusSource } from '../runtime/prometheus-source.ts';
import { createSourceState } from '../runtime/source-state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { recordedInstance, recordInstance, writeManagedFiles, writeTargets } from './managed-prometheus-files.ts';
import { probePrometheus } from './prometheus-configured.ts';

export interface ManagedPrometheus extends PrometheusSource {
  /** Replaces the targets of one job (host:port each), scraped every 5 s; an empty list ends it. */
  readonly addTargets: (
    job: string,
    targets: readonly string[],
    labels: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** Null while it does not run. */
  readonly pid: () => number | null;
}

export interface ManagedPrometheusOptions {
  readonly dataDirectory: string;
  /** null: `prometheus` on PATH. */
  readonly binary: string | null;
  /** As --storage.tsdb.retention.time takes it; default 15d. */
  readonly retention?: string;
  readonly telemetry: Telemetry;
  /** host:port where X-Ray serves /metrics. */
  readonly selfTarget: string;
  readonly selfToken?: string | null;
  readonly demoTargets?: readonly string[];
  readonly rayFileSd?: readonly string[];
  readonly rayDashboards?: readonly HttpSource[];
  readonly alertmanagerUrl?: string | null;
}

const GUARD = fileURLToPath(new URL('./prometheus-guard.ts', import.meta.url));
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
const READY_WITHIN_MS = 20_000;
const PROBE_EVERY_MS = 5_000;
const NOT_INSTALLED =
  'Run `npm start` where it may download Prometheus, put `prometheus` on PATH, or set prometheus.url to one that runs.';

/**
 * Resolves when it is ready, or when it cannot be started: the source is then `down` with the reason, and X-Ray goes
 * on without it. A Prometheus that dies is started again with back-off; one left behind by a killed X-Ray is ended first.
 */
export async function startManagedPrometheus(options: ManagedPrometheusOptions): Promise<ManagedPrometheus> {
  const { telemetry } = options;
  const directory = join(options.dataDirectory, 'prometheus');
  let url: string | null = null;
  let client: PrometheusClient | null = null;
  let guard: ChildProcess | null = null;
  let pid: number | null = null;
  let backOff = FIRST_BACK_OFF_MS;
  let restarts = 0;
  let closing = false;
  let restartTimer: NodeJS.Timeout | undefined;
  const state = createSourceState({ id: 'prometheus', kind: 'prometheus', cluster: null }, () => url);
  state.detail('managed', true);

  const launch = async (): Promise<void> => {
    await endRecorded(directory, telemetry);
    if (closing) return;
    const port = await freePort();
    const lastOutput: string[] = [];
    const child = spawn(process.execPath, [GUARD, options.binary ?? 'prometheus', ...flags(directory, port, options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    guard = child;
    child.on('message', (message) => {
      pid = (message as { pid: number }).pid;
      recordInstance(directory, identifyProcess(pid));
      state.detail('pid', pid);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastOutput.push(...text.trim().split('\n'));
      lastOutput.splice(0, lastOutput.length - 5);
    });
    child.on('exit', (code) => {
      if (guard !== child) return;
      guard = null;
      url = null;
      client = null;
      pid = null;
      if (closing) return;
      const reason =
        lastOutput.findLast((line) => /level=error|err=|ENOENT|error/i.test(line)) ?? lastOutput.at(-1) ?? 'no output';
      const missing = code === 127 && /ENOENT/.test(reason);
      state.set(
        'down',
        missing ? 'Prometheus is not installed' : `Prometheus ended (${code}): ${reason}`,
        missing ? NOT_INSTALLED : `X-Ray starts it again in ${backOff / 1000} s; see ${directory}.`,
      );
      telemetry.log('warn', 'prometheus-ended', { code, reason, restartInMs: backOff });
      restartTimer = setTimeout(() => void launch(), missing ? LONGEST_BACK_OFF_MS : backOff);
      restartTimer.unref();
      backOff = Math.min(backOff * 2, LONGEST_BACK_OFF_MS);
      state.detail('restarts', ++restarts);
    });
    const address = `http://127.0.0.1:${port}`;
    if (!(await becomesReady(address, () => guard === child))) return;
    url = address;
    client = createPrometheusClient({ url: address, auth: NO_AUTH }, { onClock: state.clock });
    await probePrometheus(client, state, telemetry);
  };

  writeManagedFiles(directory, {
    self: options.selfTarget,
    selfToken: options.selfToken ?? null,
    demo: options.demoTargets ?? [],
    rayFileSd: options.rayFileSd ?? [],
    rayDashboards: options.rayDashboards ?? [],
    alertmanagerUrl: options.alertmanagerUrl ?? null,
    needsFallbackProtocol: (await majorVersion(options.binary ?? 'prometheus')) >= 3,
  });
  await launch();
  const timer = setInterval(() => {
    if (!client) return;
    if (restarts > 0 && Date.now() - Date.parse(state.health().since) > 60_000) backOff = FIRST_BACK_OFF_MS;
    void probePrometheus(client, state, telemetry);
  }, PROBE_EVERY_MS);
  timer.unref();

  const connected = (name: string): PrometheusClient => {
    if (client) return client;
    const { reason, whatToDo } = state.health();
    throw new PrometheusError(
      'prometheus-down',
      `query "${name}" failed: ${reason ?? 'Prometheus is starting'}`,
      whatToDo ?? 'Wait for it.',
    );
  };
  return {
    url: () => url,
    pid: () => pid,
    range: async (query, signal) => connected(query.name).range(query, signal),
    instant: async (query, signal) => connected(query.name).instant(query, signal),
    api: async (path, signal) => connected(path).api(path, signal),
    health: state.health,
    async addTargets(job, targets, labels) {
      writeTargets(directory, job, targets, labels);
    },
    async close() {
      closing = true;
      clearInterval(timer);
      clearTimeout(restartTimer);
      const child = guard;
      if (child && child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        if (child.connected) child.send('stop');
        else child.kill('SIGTERM');
        await ended;
      }
      await endRecorded(directory, telemetry);
      state.set('off', 'X-Ray is closing', null);
    },
  };
}

/** 0 where the binary cannot be asked: starting it says why. */
async function majorVersion(binary: string): Promise<number> {
  const { stdout, stderr } = await promisify(execFile)(binary, ['--version'], { timeout: 10_000 }).catch(() => ({
    stdout: '',
    stderr: '',
  }));
  return Number(/version (\d+)\./.exec(stdout + stderr)?.[1] ?? 0);
}

const NO_AUTH = { bearerToken: null, basic: null, headers: {}, caFile: null };

function flags(directory: string, port: number, options: ManagedPrometheusOptions): string[] {
  return [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'tsdb')}`,
    `--storage.tsdb.retention.time=${options.retention ?? '15d'}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
}

async function endRecorded(directory: string, telemetry: Telemetry): Promise<void> {
  const recorded = recordedInstance(directory);
  if (recorded && (await endProcess(recorded, 5_000)))
    telemetry.log('warn', 'prometheus-orphan-ended', { pid: recorded.pid });
  recordInstance(directory, null);
}

async function becomesReady(address: string, alive: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (alive() && Date.now() < deadline) {
    const ready = await fetch(`${address}/-/ready`, { signal: AbortSignal.timeout(1000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
