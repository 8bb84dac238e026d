/** X-Ray's production server for benches, built when it is not, on a free port and a data directory of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveEnvironment, serveFlags } from '../../lib/cli/serve-process.mjs';

export const root = resolve(import.meta.dirname, '../..');

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Resolves when the address answers with 2xx. Rejects after `limitS` or when the process has ended. */
export async function untilAnswers(
  url: string,
  child: ChildProcess,
  limitS: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const end = performance.now() + limitS * 1000; performance.now() < end; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (
      await fetch(url, { headers }).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
  }
  throw new Error(`${url} did not answer within ${limitS} s`);
}

export interface BenchServer {
  readonly base: string;
  readonly pid: number;
  readonly dataDirectory: string;
  /** VmRSS of the server process in MiB. */
  readonly residentMiB: () => number;
  /** VmHWM in MiB: the most that was resident since the start, or since `forgetPeak`. NaN where the process has ended. */
  readonly peakResidentMiB: () => number;
  readonly forgetPeak: () => void;
  readonly isAlive: () => boolean;
  /** Resolves when its store has merged what came in: it works less than a tenth of one core for three seconds; after `limitS` anyway. */
  readonly atRest: (limitS: number) => Promise<void>;
  /** A sample of its /metrics by name; NaN where absent. */
  readonly metric: (name: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

export async function startServer(environment: Readonly<Record<string, string>>): Promise<BenchServer> {
  const built = spawnSync(process.execPath, [join(root, 'lib/cli/start.mjs'), '--build'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) throw new Error('the build failed');
  const data = mkdtempSync(join(tmpdir(), 'xray-bench-'));
  const port = await freePort();
  const child = spawn(process.execPath, [...serveFlags, join(root, 'app/serve.ts')], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      ...serveEnvironment,
      PORT: String(port),
      XRAY_DATA_DIR: data,
      XRAY_CONFIG: join(data, 'none.yaml'),
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const base = `http://127.0.0.1:${port}`;
  const token = environment.XRAY_AUTH_TOKEN;
  await untilAnswers(`${base}/api/health`, child, 120, token ? { authorization: `Bearer ${token}` } : {});
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const statusMiB = (field: string): number => {
    const status = isAlive() ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '';
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  };
  const { pid } = child;
  if (pid === undefined) throw new Error('the server did not start');
  return {
    base,
    pid,
    dataDirectory: data,
    residentMiB: () => statusMiB('VmRSS'),
    peakResidentMiB: () => statusMiB('VmHWM'),
    // proc(5): 5 makes the peak the present value.
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    isAlive,
    async atRest(limitS) {
      const cpuS = () => {
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        return (Number(fields[11]) + Number(fields[12])) / 100;
      };
      for (const end = performance.now() + limitS * 1000; performance.now() < end; ) {
        const before = cpuS();
        await sleep(3000);
        if (cpuS() - before < 0.3) return;
      }
    },
    async metric(name) {
      const text = await (await fetch(`${base}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    },
    async close() {
      if (!isAlive()) {
        rmSync(data, { recursive: true, force: true });
        return;
      }
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exit;
      clearTimeout(late);
      rmSync(data, { recursive: true, force: true });
    },
  };
}
