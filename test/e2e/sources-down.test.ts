/**
 * Sources that stop: every page lives and says which source is gone, data comes back with it, and a share made before opens
 * as if nothing had happened. A real Prometheus is stopped and started again; Alertmanager and Ray's dashboard are addresses
 * where nothing listens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { healthRoute } from '../../lib/contract/health.ts';
import { heatmapRoute } from '../../lib/contract/memory.ts';
import { ShareCreated, sharesRoute } from '../../lib/contract/shares.ts';
import { freePort } from '../../lib/server/process/free-port.ts';
import { asker } from '../support/ask.ts';
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
  return (await asker(server.base)(healthRoute, {})).sources.find((source) => source.id === id)?.state;
}

const RULES = join(work, 'rules.yml');
const ALERT = '{alert: AlwaysThere, expr: up == 1, labels: {severity: info}, annotations: {summary: up}}';
/** Memory of a host that does not exist, under the names that node_exporter gives it. */
const HOST_MEMORY = [
  ['node_memory_MemTotal_bytes', 8],
  ['node_memory_MemAvailable_bytes', 6],
].map(([name, gib]) => `{record: ${name}, expr: vector(${gib}) * 2 ^ 30, labels: {instance: 'simulated-host:9100'}}`);
const writeRules = (rules: readonly string[]): void =>
  writeFileSync(RULES, `groups: [{name: g, rules: [${rules.join(', ')}]}]\n`);

beforeAll(async () => {
  prometheusPort = await freePort();
  writeFileSync(
    join(work, 'prometheus.yml'),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: itself, static_configs: [{targets: ['127.0.0.1:${prometheusPort}']}]}]
rule_files: ['${RULES}']
`,
  );
  writeRules([ALERT]);
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

async function share(path: string): Promise<string> {
  const response = await fetch(server.base + sharesRoute.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path }),
  });
  expect(response.status).toBe(201);
  return ShareCreated.parse(await response.json()).path;
}

/** The rows of the last ten minutes. */
const measuredRows = async () =>
  (
    await asker(server.base)(heatmapRoute, {
      by: 'node',
      from: String(Date.now() - 600_000),
      to: String(Date.now()),
      bins: 60,
    })
  ).rows;

describe('a share made while Prometheus answers', () => {
  it('opens with its data and without an error when Prometheus is gone', async () => {
    writeRules([ALERT, ...HOST_MEMORY]);
    prometheus.kill('SIGHUP');
    // A live window ends at the last full ten seconds, so the first samples are not in it yet: share what is seen.
    const live = await openPage(browser);
    await live.page.goto(`${server.base}/memory`);
    await live.page.getByRole('application', { name: 'Memory by node over time' }).waitFor();
    await live.page.context().close();
    expect(await measuredRows()).toHaveLength(1);
    const fingerprint = (await asker(server.base)(alertsRoute, {})).alerts.find(
      (alert) => alert.name === 'AlwaysThere',
    )?.fingerprint;
    const shares: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
      [
        await share('/memory'),
        async (page) => {
          await page.getByRole('application', { name: 'Memory by node over time' }).waitFor();
          await page.getByRole('button', { name: 'As table' }).click();
          const row = page.getByRole('group', { name: 'Memory by row' }).getByRole('row', { name: 'simulated-host' });
          expect(await row.textContent()).toMatch(/8 GiB.*2 GiB/);
        },
      ],
      [
        await share(`/alerts/${fingerprint}`),
        async (page) => {
          await page.getByRole('heading', { level: 1, name: 'AlwaysThere' }).waitFor();
          await page.getByRole('figure', { name: 'up over time' }).waitFor();
        },
      ],
    ];

    await ended(prometheus);
    await until(server, 40, 'health that says down', async () => (await stateOf('prometheus')) === 'down');
    expect(await measuredRows()).toEqual([]);
    for (const [path, showsData] of shares) {
      const { page, errors } = await openPage(browser);
      expect((await page.goto(server.base + path))?.status()).toBe(200);
      await page
        .getByRole('banner')
        .getByText(/Frozen \d{4}-/)
        .waitFor();
      await showsData(page);
      for (const message of [/needs? attention/, /not known/, /out of date/, /Not refreshed/])
        expect(await page.getByText(message).count()).toBe(0);
      await expectSound(page, errors);
      await page.context().close();
    }
    prometheus = startPrometheus();
    await until(server, 40, 'health that says up', async () => (await stateOf('prometheus')) === 'up');
  }, 180_000);
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
        .getByText(/needs? attention/)
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
