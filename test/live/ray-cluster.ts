/** The real Ray of the live test: installed where it is missing, two raylets on one host, set up as the guide says. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { otelGuide, rayGuide } from '../../lib/contract/connect-guide.ts';
import { errorMessage } from '../../lib/model/error-message.ts';
import { equal, eventually, say } from './check.ts';
import { environmentOf } from './environment-of.ts';
import { freePort, isOver, type Processes, stop } from './processes.ts';

export const RAY_VERSION = '2.58.0';
/** What `ray[default]` does not bring: the exporter of traces. */
const PACKAGES = [`ray[default]==${RAY_VERSION}`, 'opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http'];
const STARTS = 3;

/**
 * Finds Ray and the exporter in the venv, or installs them; nothing is imported, which would take seconds. pip has the
 * environment and configuration of the user, so whatever index they name is asked. Throws what is missing, and what to do.
 */
export function installRay(venv: string): void {
  const python = join(venv, 'bin/python');
  const requested = `from importlib.metadata import version as v; assert v('ray') == '${RAY_VERSION}'; v('aiohttp'); v('opentelemetry-exporter-otlp-proto-http')`;
  if (succeeds(python, ['-c', requested])) return;
  say(`installing ${PACKAGES.join(' ')} into ${venv}`);
  requirePython();
  mkdirSync(venv, { recursive: true });
  if (!succeeds('python3', ['-m', 'venv', '--clear', venv], 2))
    throw new Error(`python3 -m venv ${venv} failed; its words are above`);
  if (!succeeds(python, ['-m', 'pip', 'install', '-q', ...PACKAGES], 2))
    throw new Error(
      `pip could not install ${PACKAGES.join(' ')} for ${words('python3', ['--version'])}; its words are above. An index other than PyPI is named by PIP_INDEX_URL or pip.conf; a venv that has them by XRAY_LIVE_VENV.`,
    );
}

/** Debian and Ubuntu part the standard library: python3 alone has venv, but not the ensurepip that it needs. */
function requirePython(): void {
  const elsewhere = 'or set XRAY_LIVE_VENV to a venv that has the packages.';
  const version = words('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  if (version === null)
    throw new Error(`python3 is not on PATH: install it (apt-get install python3-venv), ${elsewhere}`);
  if (!succeeds('python3', ['-c', 'import venv, ensurepip']))
    throw new Error(
      `python3 (${version}) has no venv or no ensurepip: install them (apt-get install python3-venv, or python${version}-venv), ${elsewhere}`,
    );
}

/** What the program writes goes to `output`. */
function succeeds(command: string, args: readonly string[], output: 2 | 'ignore' = 'ignore'): boolean {
  return spawnSync(command, args, { stdio: ['ignore', output, output] }).status === 0;
}

/** What the program says; null where it fails or is not there. */
function words(command: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Memory of this machine or of its container. Others may use some, and Ray itself 1.5 GiB, before the monitor kills. */
function memoryRoom(): { readonly threshold: number; readonly growMib: number } {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const available = Math.min(process.availableMemory(), total);
  const room = Math.min(4 * 1024 ** 3, available * 0.6);
  return {
    threshold: Math.min(0.95, (total - available + room) / total),
    growMib: Math.ceil((room + 1024 ** 3) / 1024 ** 2),
  };
}

export interface RayCluster {
  readonly session: string;
  /** host:port of the GCS, for drivers. */
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  /** How much the task that is to be killed must try to hold. */
  readonly growMib: number;
  readonly stop: () => Promise<void>;
}

/** Rejects where Ray did not start with both nodes in three tries; the logs are in the folder. */
export async function startRay(options: {
  readonly processes: Processes;
  readonly folder: string;
  readonly venv: string;
  readonly xray: string;
  readonly cluster: string;
  readonly dashboardPort: number;
}): Promise<RayCluster> {
  const { processes, folder, venv, xray, dashboardPort } = options;
  const dashboard = `http://127.0.0.1:${dashboardPort}`;
  const { threshold, growMib } = memoryRoom();
  const env: NodeJS.ProcessEnv = {
    NODE_ENV: 'test',
    PATH: `${join(venv, 'bin')}:${process.env.PATH ?? ''}`,
    LANG: 'C.UTF-8',
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    // The guides that users copy, as written.
    ...environmentOf(rayGuide(xray, options.cluster)),
    ...environmentOf(otelGuide(xray)),
    RAY_USAGE_STATS_ENABLED: '0',
    // A busy machine starts the dashboard's ten processes slowly, and Ray gives up on itself after 20 to 30 s.
    RAY_DASHBOARD_SUBPROCESS_MODULE_WAIT_READY_TIMEOUT: '300',
    RAY_agent_register_timeout_ms: '300000',
    RAY_raylet_start_wait_time_s: '300',
    RAY_memory_usage_threshold: threshold.toFixed(4),
    RAY_memory_monitor_refresh_ms: '100',
  };
  const common = ['--node-ip-address=127.0.0.1', '--num-cpus=4', '--object-store-memory=200000000'];
  // Agents of one host cannot share Ray's port: the second would not serve the logs of its node.
  const ray = async (name: string, args: readonly string[]): Promise<ChildProcess> => {
    const agent = `--dashboard-agent-listen-port=${await freePort()}`;
    const all = ['start', ...args, agent, ...common, '--disable-usage-stats', '--block'];
    return processes.start(name, join(venv, 'bin/ray'), all, env);
  };
  const version = async (): Promise<{ session_name: string }> => {
    const response = await fetch(`${dashboard}/api/version`);
    equal(response.status, 200, 'Ray dashboard');
    return await response.json();
  };
  const alive = async (): Promise<number> => {
    const answer = await (await fetch(`${dashboard}/api/v0/nodes?detail=1`)).json();
    return (answer.data.result.result as { state: string }[]).filter((node) => node.state === 'ALIVE').length;
  };
  const untilGone = (child: ChildProcess): void => {
    if (isOver(child)) throw new Error('ray start gave up');
  };

  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const head = await ray('head', [
      '--head',
      `--port=${port}`,
      `--dashboard-port=${dashboardPort}`,
      '--dashboard-host=127.0.0.1',
      `--temp-dir=${join(folder, `r${tries}`)}`,
      '--tracing-startup-hook=tracing_hook:setup_tracing',
    ]);
    let second: ChildProcess | null = null;
    try {
      const { session_name: session } = await eventually(
        120,
        version,
        () => {},
        () => untilGone(head),
      );
      second = await ray('second', [`--address=127.0.0.1:${port}`]);
      const joined = second;
      await eventually(
        120,
        alive,
        (count) => equal(count, 2, 'nodes alive'),
        () => untilGone(joined),
      );
      return {
        session,
        address: `127.0.0.1:${port}`,
        env,
        growMib,
        async stop() {
          await stop(joined);
          await stop(head);
        },
      };
    } catch (error) {
      if (second) await stop(second);
      await stop(head);
      if (tries === STARTS) throw error;
      say(`Ray did not start (${errorMessage(error)}): once more`);
    }
  }
}
