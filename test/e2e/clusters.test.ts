/** Clusters, one cluster, the palette and the keys, on the simulated cluster. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { clusterRoute, clustersRoute, clusterUsageRoute } from '../../lib/contract/clusters.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';
import { base, expectSound, get, launchBrowser, openPage, VIEWS } from './harness.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const onPage = async (path: string, test: (page: Page) => Promise<void>, view = VIEWS[0]): Promise<void> => {
  const { page, errors } = await openPage(browser, view);
  await page.goto(base + path, { waitUntil: 'load' });
  await page
    .getByText(/^demo-/)
    .first()
    .waitFor({ timeout: 30_000 });
  await test(page);
  await expectSound(page, errors);
  await page.context().close();
};
const demoCluster = async () => {
  const cluster = (await get(clustersRoute, {})).clusters.find((one) => one.cluster === 'demo-cluster');
  if (!cluster) throw new Error('the simulated cluster is missing');
  return cluster;
};

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it('clusters', async () => {
    await onPage('/', async (page) => page.getByText('jobs running').first().waitFor(), view);
  });

  it('one cluster, its charts drawn', async () => {
    await onPage(
      '/clusters/demo-cluster',
      async (page) => {
        await page.getByText('8 of 8 nodes alive').waitFor();
        await page.locator('figure canvas').first().waitFor({ timeout: 30_000 });
      },
      view,
    );
  });

  it('a cluster that answers requests: its collectives, and a timeline of actors with long names', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${base}/collectives?cluster=demo-inference`, { waitUntil: 'load' });
    await page.getByText('1 communicator', { exact: true }).waitFor({ timeout: 30_000 });
    await page.getByText('chat-tp AllReduce 16 KiB, spans').first().waitFor();
    await expectSound(page, errors);
    await page.goto(`${base}/jobs/raysubmit_sim_chat/timeline`, { waitUntil: 'load' });
    await page.getByText('1 node,').waitFor({ timeout: 30_000 });
    const legend = page.getByRole('list', { name: 'Legend' });
    await legend.getByText('ServeReplica:simulated_chat:LLMServer.handle_request_streaming').waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('a cluster that has ended, and its last hours', async () => {
    await onPage(
      '/clusters/demo-weekly-eval',
      async (page) => {
        await page.getByText('This cluster has ended.').waitFor();
        await page.getByRole('button', { name: 'Show its last hours' }).click();
        await expect.poll(() => page.locator('figure canvas').count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(4);
        expect(await page.getByText('Nothing measured').count()).toBe(0);
      },
      view,
    );
  });

  it('the palette', async () => {
    await onPage(
      '/',
      async (page) => {
        await page.keyboard.press('Control+k');
        await page.getByRole('dialog').getByText('raysubmit_sim_train').waitFor();
      },
      view,
    );
  });
});

describe('the numbers', () => {
  it('of the list are those of the jobs and alerts it leads to', async () => {
    const [cluster, { jobs }, { alerts }] = await Promise.all([
      demoCluster(),
      get(jobsRoute, { cluster: 'demo-cluster' }),
      get(alertsRoute, { cluster: 'demo-cluster', state: 'firing' }),
    ]);
    expect(cluster).toMatchObject({ cluster: 'demo-cluster', state: 'alive', demo: true, owner: 'ads-ranking' });
    expect(cluster.heardFrom).toEqual(expect.arrayContaining(['events', 'prometheus']));
    expect(cluster.jobs).toEqual({
      running: jobs.filter((job) => job.status === 'RUNNING').length,
      withoutEnd: 0,
      total: jobs.length,
    });
    expect(Math.abs((cluster.alertsFiring ?? 0) - alerts.length)).toBeLessThanOrEqual(1);
    expect(cluster.gpu).toEqual({ used: 64, total: 64 });
    expect(cluster.waste.gpusWasted).toBeGreaterThan(0);
  });

  it('on the page are those of the API', async () => {
    await onPage('/', async (page) => {
      const { cpu, gpu, jobs } = await demoCluster();
      const row = page.getByRole('listitem').filter({ hasText: 'demo-cluster' });
      const text = ((await row.textContent()) ?? '').replace(/\s+/g, ' ');
      expect(text).toContain(`${gpu.used} of ${gpu.total}`);
      expect(text).toContain(`of ${cpu.total}`);
      expect(text).toContain(`${jobs.running} jobs running`);
    });
  });

  it('of the nodes add up to the cluster, and use over time ends where it is now', async () => {
    const { summary, nodes, actors, session } = await get(clusterRoute, { cluster: 'demo-cluster' });
    expect(nodes.map((node) => [node.name, node.state, node.gpus.length])).toEqual(
      Array.from({ length: 8 }, (_, index) => [`sim-node-${index}`, 'ALIVE', 8]),
    );
    expect(nodes.reduce((sum, node) => sum + (node.memoryTotalBytes ?? 0), 0)).toBe(summary.memoryBytes.total);
    expect(nodes.reduce((sum, node) => sum + (node.gpu.used ?? 0), 0)).toBe(summary.gpu.used);
    expect(actors.byState.ALIVE).toBe(64);
    const now = Date.now();
    const usage = await get(clusterUsageRoute, {
      cluster: 'demo-cluster',
      session: session ?? '',
      from: String(now - 600_000),
      to: String(now),
      points: 60,
    });
    expect(usage.gpuTotal.findLast((value) => value !== null)).toBe(64);
    expect(usage.memoryTotalBytes.findLast((value) => value !== null)).toBe(summary.memoryBytes.total);
  });

  it.each([
    ['/api/clusters?x=1', 400, 'unknown-parameter'],
    ['/api/clusters/nope', 404, 'not-found'],
    ['/api/clusters/demo-cluster?session=nope', 404, 'not-found'],
    ['/api/clusters/demo-cluster/usage?from=2&to=1', 400, 'invalid-parameter'],
    ['/api/clusters/demo-cluster/usage?from=1&to=2&points=1', 400, 'invalid-parameter'],
  ])('%s is a problem', async (path, status, code) => {
    const response = await fetch(base + path);
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  });
});

describe('the tour', () => {
  it('leads to the alert, shows the way when asked, and is gone for ever with one click', async () => {
    await onPage('/', async (page) => {
      const tour = page.getByRole('region', { name: 'Find it yourself' });
      await tour.waitFor();
      expect(await tour.getByRole('button', { name: 'Open the alert' }).count()).toBe(3);
      await tour.getByText('Show me the way').nth(2).click();
      await tour.getByText('it is the transfer, not the wait').waitFor();
      await expectSound(page, []);
      await tour.getByRole('button', { name: 'Open the alert' }).first().click();
      await page.waitForURL(/\/alerts\/[0-9a-f]{16}$/);
      await page
        .getByText(/CollectiveRankLate|GpuThermalThrottle/)
        .first()
        .waitFor();
      await page.goBack();
      await tour.getByRole('button', { name: 'Do not show again' }).click();
      await tour.waitFor({ state: 'detached' });
      await page.reload({ waitUntil: 'load' });
      await page.getByText('jobs running').first().waitFor();
      expect(await tour.count()).toBe(0);
    });
  });
});

describe('by keyboard', () => {
  it('the palette opens a job that is named in part, and closes on Escape', async () => {
    await onPage('/', async (page) => {
      await page.keyboard.press('Control+k');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('raysubmit_sim_train').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: /Search/ }).click();
      await dialog.getByText('raysubmit_sim_train').waitFor();
      await page.keyboard.type('sim_train');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/jobs\/[0-9a-f]+\?session=/);
      await page.getByText('raysubmit_sim_train').first().waitFor();
    });
  });

  it('a pasted trace id opens the trace', async () => {
    const [trace] = (await get(tracesRoute, { limit: 1 })).traces;
    await onPage('/', async (page) => {
      await page.keyboard.press('Meta+k');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.insertText(trace?.traceId ?? '');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/traces/${trace?.traceId}`);
    });
  });

  it('the palette switches the theme', async () => {
    await onPage('/', async (page) => {
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      expect(await theme()).toBe('dark');
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type('theme');
      await page.locator('[cmdk-item][aria-selected="true"]', { hasText: /film|lightbox|theme/i }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await theme()).toBe('light');
    });
  });

  it('g and a letter go to a page, but not while typing; ? shows every key', async () => {
    await onPage('/', async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog').getByText('Search, or go anywhere').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('g');
      await page.keyboard.press('t');
      await page.waitForURL('**/traces');
      await page.getByRole('heading', { name: 'Traces', level: 1 }).waitFor();
      await page.locator('main input').first().focus();
      await page.keyboard.type('gj');
      expect(new URL(page.url()).pathname).toBe('/traces');
      await page.goBack();
      await page.waitForURL(`${base}/`);
    });
  });

  it('a cluster is opened from the list, and Back returns', async () => {
    await onPage('/', async (page) => {
      await page.getByRole('link', { name: 'demo-cluster', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/clusters/demo-cluster');
      await page.getByRole('heading', { name: /demo-cluster/ }).waitFor();
      await page.goBack();
      await page.waitForURL(`${base}/`);
    });
  });
});

describe('when X-Ray does not answer', () => {
  it('the shell says so and since when, and the page keeps what it has', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${base}/`, { waitUntil: 'load' });
    await page.getByText('demo-cluster').first().waitFor();
    await page.context().setOffline(true);
    await page.getByText(/X-Ray does not answer since \d\d:\d\d:\d\d UTC/).waitFor({ timeout: 30_000 });
    expect(await page.getByText('demo-cluster').first().isVisible()).toBe(true);
    await page.context().setOffline(false);
    await page.getByText(/X-Ray does not answer since/).waitFor({ state: 'detached', timeout: 30_000 });
    await page.context().close();
  });
});
