/** X-Ray's production server as a child process, for browser tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lib/server/process/free-port.ts';

const root = resolve(import.meta.dirname, '../..');

export interface TestServer {
  /** http://127.0.0.1:<port> */
  readonly base: string;
  /** Its data directory. */
  readonly data: string;
  /** What it said last. */
  readonly log: () => string;
  /** Ends it as a user does (SIGTERM). Rejects where it does not end by itself with 0. */
  readonly stop: () => Promise<void>;
}

/** Does not wait until it answers: see `until`. */
export async function startServer(environment: Readonly<Record<string, string>>): Promise<TestServer> {
  const data = mkdtempSync(join(tmpdir(), 'xray-e2e-'));
  const port = await freePort();
  let log = '';
  const server: ChildProcess = spawn(process.execPath, [join(root, 'app/serve.ts')], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(port),
      XRAY_DATA_DIR: data,
      XRAY_CONFIG: join(data, 'none.yaml'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8000);
  };
  server.stdout?.on('data', keep);
  server.stderr?.on('data', keep);
  return {
    base: `http://127.0.0.1:${port}`,
    data,
    log: () => log,
    async stop() {
      server.kill('SIGTERM');
      for (let i = 0; i < 300 && server.exitCode === null && server.signalCode === null; i++) await sleep(100);
      const { exitCode } = server;
      if (exitCode === null) server.kill('SIGKILL');
      rmSync(data, { recursive: true, force: true });
      if (exitCode !== 0) throw new Error(`the server ended with ${exitCode} on SIGTERM; it said:\n${log}`);
    },
  };
}

/** Asks every half second. Rejects after `limitS` with what the server said last. */
export async function until(
  server: TestServer,
  limitS: number,
  what: string,
  test: () => Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + limitS * 1000; Date.now() < end; await sleep(500))
    if (await test().catch(() => false)) return;
  throw new Error(`no ${what} within ${limitS} s; the server said:\n${server.log()}`);
}
