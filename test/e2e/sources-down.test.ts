/**
 * Sources that stop: every page lives and says which source is gone, and data comes back with it. A real Prometheus is
 * stopped and started again; Alertmanager and Ray's dashboard are addresses where nothing listens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthRoute } from '../../lib/contract/health.ts';
import { freePort } from '../../lib/server/free-port.ts';
import { expectSound, launchBrowser, openPage } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';

const work = mkdtempSync(join(tmpdir(), 'xray-down-'));
let prometheusPort = 0;
let prometheus: ChildProcess;
let server: TestServer;
let browser: Browser;

function startPrometheus(): ChildProcess {
  const flags = [
    `--config.file=${join(work, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(work, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ];
  return spawn('prometheus', flags, { stdio: 'ignore' });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await exit;
}

async function stateOf(id: string): Promise<string | undefined> {
  const health = healthRoute.response.parse(await (await fetch(`${server.base}/api/health`)).json());
  return health.sources.find((source) => source.id === id)?.state;
}

beforeAll(async () => {
  prometheusPort = await freePort();
  writeFileSync(
    join(work, 'prometheus.yml'),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: itself, static_configs: [{targets: ['127.0.0.1:${prometheusPort}']}]}]
rule_files: ['${join(work, 'rules.yml')}']
`,
  );
  writeFileSync(
    join(work, 'rules.yml'),
    'groups: [{name: g, rules: [{alert: AlwaysThere, expr: up == 1, labels: {severity: info}, annotations: {summary: up}}]}]\n',
  );
  prometheus = startPrometheus();
  server = await startServer({
    XRAY_DEMO: '0',
    PROMETHEUS_URL: `http://127.0.0.1:${prometheusPort}`,
    ALERTMANAGER_URL: `http://127.0.0.1:${await freePort()}`,
    RAY_DASHBOARD_URL: `http://127.0.0.1:${await freePort()}`,
  });
  browser = await launchBrowser();
  await until(server, 60, 'prometheus', async () => (await stateOf('prometheus')) === 'up');
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await ended(prometheus);
  rmSync(work, { recursive: true, force: true });
});

const PAGES = ['/', '/jobs', '/memory', '/collectives', '/traces', '/alerts', '/sources'];

describe('with nothing but a Prometheus that answers', () => {
  it('shows its alert, and says that Alertmanager is down', async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${server.base}/alerts`);
    await page.getByText('AlwaysThere').first().waitFor();
    await page
      .getByText(/alertmanager/i)
      .first()
      .waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it.each(PAGES)('%s is sound while it has no data', async (path) => {
    const { page, errors } = await openPage(browser);
    await page.goto(server.base + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(() => page.getByLabel('Loading').count(), { timeout: 30_000 }).toBe(0);
    await expectSound(page, errors);
    await page.context().close();
  });
});

describe('when Prometheus stops', () => {
  it('every page lives, health says since when, and data comes back with it', async () => {
    await ended(prometheus);
    await until(server, 40, 'health that says down', async () => (await stateOf('prometheus')) === 'down');
    for (const path of PAGES) {
      const { page, errors } = await openPage(browser);
      const answer = await page.goto(server.base + path);
      expect(answer?.status()).toBe(200);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page
        .getByText(/need attention/)
        .first()
        .waitFor();
      await expectSound(
        page,
        errors.filter((text) => !/50[23]/.test(text)),
      );
      await page.context().close();
    }
    prometheus = startPrometheus();
    await until(server, 40, 'health that says up', async () => (await stateOf('prometheus')) === 'up');
    const { page } = await openPage(browser);
    await page.goto(`${server.base}/alerts`);
    await page.getByText('AlwaysThere').first().waitFor();
    await page.context().close();
  }, 180_000);
});
