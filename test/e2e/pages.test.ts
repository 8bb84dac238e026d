/**
 * Every page of the production build in real Chromium, on the simulated cluster, started as a user starts it: no console
 * error, nothing serious or critical for axe, content that came all the way from the simulation.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { healthRoute } from '../../lib/contract/health.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { type RouteContract, requestPath } from '../../lib/contract/route.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';

const root = resolve(import.meta.dirname, '../..');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const data = mkdtempSync(join(tmpdir(), 'xray-e2e-'));
let server: ChildProcess;
let browser: Browser;
let base = '';
let log = '';

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function get<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  params: z.input<Query>,
): Promise<z.output<Body>> {
  const response = await fetch(base + requestPath(route, params));
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return route.response.parse(await response.json());
}

async function eventually(limitS: number, test: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + limitS * 1000; Date.now() < end; await sleep(500))
    if (await test().catch(() => false)) return;
  throw new Error(`not within ${limitS} s; the server said:\n${log.slice(-4000)}`);
}

function browserPath(): string {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
  return found ?? chromium.executablePath();
}

beforeAll(async () => {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  server = spawn(process.execPath, [join(root, 'app/serve.ts')], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port), XRAY_DATA_DIR: data, XRAY_DEMO: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  server.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await eventually(90, async () => (await get(jobsRoute, {})).jobs.some((job) => job.tasks.finished > 100));
  await eventually(60, async () => (await get(tracesRoute, {})).traces.length > 0);
  await eventually(90, async () => (await get(alertsRoute, {})).alerts.length > 0);
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  browser = await chromium.launch({ executablePath: browserPath(), args });
});

afterAll(async () => {
  await browser?.close();
  server?.kill('SIGTERM');
  for (let i = 0; i < 200 && server?.exitCode === null && server.signalCode === null; i++) await sleep(100);
  expect(server?.exitCode).toBe(0);
  rmSync(data, { recursive: true, force: true });
});

interface Page {
  readonly name: string;
  readonly path: () => Promise<string>;
  /** Text that only data can bring. */
  readonly shows: string | RegExp;
}

const anyJob = async () => {
  const job = (await get(jobsRoute, {})).jobs.find((row) => row.submissionId === 'raysubmit_sim_preprocess');
  if (!job) throw new Error('the simulated job is missing');
  return job;
};

const PAGES: readonly Page[] = [
  { name: 'jobs', path: async () => '/jobs', shows: 'raysubmit_sim_train' },
  {
    name: 'job',
    path: async () => `/jobs/${(await anyJob()).jobId}?session=${(await anyJob()).session}`,
    shows: 'decode_image',
  },
  {
    name: 'timeline',
    path: async () => `/jobs/${(await anyJob()).jobId}/timeline?session=${(await anyJob()).session}`,
    shows: 'join_features',
  },
  { name: 'traces', path: async () => '/traces', shows: /train\.step|ray\.remote/ },
  {
    name: 'trace',
    path: async () => `/traces/${(await get(tracesRoute, { limit: 1 })).traces[0]?.traceId}`,
    shows: /train\.step|ray\.remote|all_reduce/,
  },
  { name: 'alerts', path: async () => '/alerts', shows: 'RayTaskFailureBurst' },
  {
    name: 'alert',
    path: async () => `/alerts/${(await get(alertsRoute, {})).alerts[0]?.fingerprint}`,
    shows: /threshold/i,
  },
  { name: 'sources', path: async () => '/sources', shows: 'ingest:ray-events' },
];

describe.each([
  [1440, 900, 'dark'],
  [390, 844, 'light'],
] as const)('%i x %i, %s', (width, height, colorScheme) => {
  it.each(PAGES)('$name', async ({ path, shows }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(base + (await path()), { waitUntil: 'load' });
    await page.getByText(shows).first().waitFor({ state: 'attached', timeout: 30_000 });
    await page.evaluate(axe);
    const serious = await page.evaluate(async () => {
      const { axe: engine } = window as unknown as {
        axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await engine.run();
      return violations
        .filter((found) => found.impact === 'serious' || found.impact === 'critical')
        .map((found) => `${found.id}: ${found.nodes[0]?.html}`);
    });
    expect(serious).toEqual([]);
    expect(errors).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await context.close();
  });
});

describe('the API', () => {
  it('says how every source is', async () => {
    const health = await get(healthRoute, {});
    expect(health.demo).toBe(true);
    expect(health.sources.map((source) => [source.id, source.state])).toEqual(
      expect.arrayContaining([
        ['store', 'up'],
        ['prometheus', 'up'],
        ['demo', 'up'],
      ]),
    );
  });

  it.each([
    ['/api/jobs?nope=1', 400, 'unknown-parameter'],
    ['/api/jobs?limit=0', 400, 'invalid-parameter'],
    ['/api/jobs/nope', 404, 'not-found'],
    ['/api/traces/00', 400, 'invalid-parameter'],
  ])('refuses %s as a problem', async (path, status, code) => {
    const response = await fetch(base + path);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(await response.json()).toMatchObject({ status, code });
  });

  it('exposes its own metrics', async () => {
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/xray_ingest_accepted_total\{kind="ray-events"\} \d{3,}/);
  });
});
