/**
 * The memory and alerts pages over what real exporters and rule engines send: one row per GPU and node, notices that name what was not
 * understood and left out. A real Prometheus holds the samples; only its rules are answered as another engine answers them.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FROM, series } from '../support/gpu-rows-series.ts';
import { openMetrics } from '../support/open-metrics.ts';
import { type RecordedPrometheus, serveRecorded } from '../support/recorded-prometheus.ts';
import { expectSound, launchBrowser, openPage, VIEWS } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';

const answers = new URL('../fixtures/prometheus/rule-engines/answers.json', import.meta.url);
const { data } = JSON.parse(readFileSync(answers, 'utf8'))[
  'a group that is text, a rule that is a number, a rule without a name'
];
const SLOW = { timeout: 60_000 };
let prometheus: RecordedPrometheus;
let front: Server;
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  prometheus = await serveRecorded([openMetrics(series)], 300);
  front = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      response.setHeader('content-type', 'application/json');
      if (request.url?.startsWith('/api/v1/rules')) return response.end(JSON.stringify({ status: 'success', data }));
      const body = Buffer.concat(chunks);
      const init =
        request.method === 'POST'
          ? { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
          : {};
      const answer = await fetch(`${prometheus.source.url()}${request.url}`, init);
      response.statusCode = answer.status;
      return response.end(await answer.text());
    });
  });
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done));
  const address = front.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: `http://127.0.0.1:${port}` });
  await until(server, 90, 'health', async () => (await fetch(`${server.base}/api/health`)).ok);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  front?.close();
  await prometheus?.close();
});

const memory = (more: Record<string, string>) =>
  `${server.base}/memory?${new URLSearchParams({ from: `${FROM}000`, to: `${FROM + 3600}000`, v: '1', ...more })}`;

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it('GPUs: a row each, two sources of one, and what is not understood by name', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(memory({ by: 'gpu', view: 'table', row: 'k8s-gpu-node/gpu0' }), { waitUntil: 'load' });
    const table = page.getByRole('group', { name: 'Memory by row' });
    await table.waitFor(SLOW);
    for (const label of [
      'churn-node gpu0',
      'restart-node gpu0',
      'slice-node gpu0',
      'amd-vm gpu3',
      'amd-prefix gpu0',
      'k8s-gpu-node gpu1',
    ])
      expect(await table.getByText(label, { exact: true }).count(), label).toBe(1);
    await page.getByText('not recognised: nvidia_smi_memory_used_bytes').waitFor(SLOW);
    await page.getByText('with gaps filled from').waitFor(SLOW);
    await expectSound(page, errors);
    await page.context().close();
  });

  it('nodes: a restart is one row, and nothing is said of raylets that nobody checked', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(memory({ row: '10.1.0.3:8080' }), { waitUntil: 'load' });
    await page.getByText('2 metrics endpoints report from the address 10.1.0.3 at once').first().waitFor(SLOW);
    expect(await page.getByText('raylets share the address').count()).toBe(0);
    await expectSound(page, errors);
    await page.context().close();
  });

  it('alerts: good rules stay, bad ones are named by position', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/alerts`, { waitUntil: 'load' });
    await page.getByRole('link', { name: 'GpuHot' }).waitFor(SLOW);
    await page.getByText('rule 2 of group "g" (it has no name)').waitFor(SLOW);
    await expectSound(page, errors);
    await page.context().close();
  });
});
