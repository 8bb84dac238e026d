/**
 * A Prometheus that takes fifteen seconds for each answer: the page is there at once, says over itself who has not answered, and fills in
 * when the answer comes. A real Prometheus, behind a proxy that waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthRoute } from '../../lib/contract/health.ts';
import { freePort } from '../../lib/server/process/free-port.ts';
import { asker } from '../support/ask.ts';
import { expectSound, launchBrowser, openPage, VIEWS } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';

const LATE_MS = 15_000;
const work = mkdtempSync(join(tmpdir(), 'xray-late-'));
let isLate = false;
let prometheusPort = 0;
let prometheus: ChildProcess;
let server: TestServer;
let browser: Browser;

const proxy = createServer((request, response) => {
  const forward = (): void => {
    const { method, headers, url } = request;
    const forwarded = httpRequest({ port: prometheusPort, host: '127.0.0.1', path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  };
  if (isLate) setTimeout(forward, LATE_MS);
  else forward();
});

beforeAll(async () => {
  prometheusPort = await freePort();
  writeFileSync(
    join(work, 'rules.yml'),
    `groups: [{name: g, rules: [
      {record: node_memory_MemTotal_bytes, expr: vector(8) * 2 ^ 30, labels: {instance: 'simulated-host:9100'}},
      {record: node_memory_MemAvailable_bytes, expr: vector(6) * 2 ^ 30, labels: {instance: 'simulated-host:9100'}}]}]\n`,
  );
  writeFileSync(
    join(work, 'prometheus.yml'),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: ['${join(work, 'rules.yml')}']\n`,
  );
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(work, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(work, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ],
    { stdio: 'ignore' },
  );
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  server = await startServer({
    XRAY_DEMO: '0',
    PROMETHEUS_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  browser = await launchBrowser();
  await until(server, 60, 'prometheus', async () =>
    (await asker(server.base)(healthRoute, {})).sources.some(({ id, state }) => id === 'prometheus' && state === 'up'),
  );
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  proxy.close();
  proxy.closeAllConnections();
  const exit = once(prometheus, 'exit');
  prometheus.kill('SIGKILL');
  await exit;
  rmSync(work, { recursive: true, force: true });
});

describe('a Prometheus that answers late', () => {
  it('is said over the page in every view, and the page fills in', async () => {
    isLate = true;
    const { page, errors } = await openPage(browser);
    const began = performance.now();
    await page.goto(`${server.base}/memory`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const late = page.getByRole('status', { name: 'Sources that have not answered yet' }).getByText('prometheus');
    await late.first().waitFor();
    // Before any answer of Prometheus could be here.
    expect(performance.now() - began).toBeLessThan(LATE_MS);
    // At the top, with the next look at health.
    await page.getByRole('banner').getByText('prometheus is slow').waitFor();
    for (const [width, height, theme] of VIEWS) {
      await page.setViewportSize({ width, height });
      await page.evaluate((chosen) => {
        document.documentElement.dataset.theme = chosen;
      }, theme);
      await expectSound(page, errors);
    }
    await page.getByRole('application', { name: 'Memory by node over time' }).waitFor({ timeout: 60_000 });
    isLate = false;
    await late.first().waitFor({ state: 'hidden', timeout: 60_000 });
    await expectSound(page, errors);
    await page.context().close();
  });
});
