/**
 * One production server with the simulated cluster for all browser tests, started as a user starts it. It is ready when
 * jobs, traces and a firing alert have come all the way from the simulation.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import type { z } from 'zod';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import type { RouteContract } from '../../lib/contract/route.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** http://127.0.0.1:<port> */
    base: string;
  }
}

const root = resolve(import.meta.dirname, '../..');

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), 'xray-e2e-'));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  let log = '';
  const server: ChildProcess = spawn(process.execPath, [join(root, 'app/serve.ts')], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port), XRAY_DATA_DIR: data, XRAY_DEMO: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8000);
  };
  server.stdout?.on('data', keep);
  server.stderr?.on('data', keep);

  const ask = async <Body extends z.ZodType>(route: RouteContract<z.ZodObject, Body>): Promise<z.output<Body>> =>
    route.response.parse(await (await fetch(base + route.path)).json());
  const eventually = async (limitS: number, what: string, test: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + limitS * 1000; Date.now() < end; await sleep(500))
      if (await test().catch(() => false)) return;
    server.kill('SIGKILL');
    throw new Error(`no ${what} within ${limitS} s; the server said:\n${log}`);
  };
  await eventually(120, 'finished tasks', async () =>
    (await ask(jobsRoute)).jobs.some((job) => job.tasks.finished > 100),
  );
  await eventually(90, 'traces', async () => (await ask(tracesRoute)).traces.length > 0);
  await eventually(120, 'alerts', async () => (await ask(alertsRoute)).alerts.length > 0);
  project.provide('base', base);

  return async () => {
    server.kill('SIGTERM');
    for (let i = 0; i < 300 && server.exitCode === null && server.signalCode === null; i++) await sleep(100);
    const { exitCode } = server;
    if (exitCode === null) server.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
    if (exitCode !== 0) throw new Error(`the server ended with ${exitCode} on SIGTERM; it said:\n${log}`);
  };
}
