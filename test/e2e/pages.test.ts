/**
 * Every page of the production build in real Chromium, on the simulated cluster, in both sizes and both themes: no console
 * error, nothing serious or critical for axe, content that came all the way from the simulation.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { healthRoute } from '../../lib/contract/health.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';
import { base, expectSound, get, launchBrowser, openPage, VIEWS } from './harness.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

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
  { name: 'clusters', path: async () => '/', shows: 'demo-cluster' },
  { name: 'cluster', path: async () => '/clusters/demo-cluster', shows: '8 of 8 nodes alive' },
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
  { name: 'memory', path: async () => '/memory', shows: 'join_features' },
  { name: 'collectives', path: async () => '/collectives', shows: /arrives last in/ },
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
  { name: 'api', path: async () => '/sources/api', shows: '/api/memory/heatmap' },
  { name: 'shares', path: async () => '/shares', shows: /\d+ shares|Nothing is shared/ },
];

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it.each(PAGES)('$name', async ({ path, shows }) => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(base + (await path()), { waitUntil: 'load' });
    await page.getByText(shows).first().waitFor({ state: 'attached', timeout: 30_000 });
    await expectSound(page, errors);
    await page.context().close();
  });
});

describe('a server of another version than the page', () => {
  it('is said, with what to do, where an answer has another form; a field more is none', async () => {
    const { page, errors } = await openPage(browser);
    const answer: { jobs: { status?: string }[] } = await get(jobsRoute, {});
    let body: object = { ...answer, jobs: answer.jobs.map(({ status: _, ...job }) => job) };
    await page.route('**/api/jobs?*', (route) => route.fulfill({ json: body }));
    await page.route('**/api/jobs', (route) => route.fulfill({ json: body }));
    await page.goto(`${base}/jobs`, { waitUntil: 'load' });
    await page.getByText('Another version of X-Ray').waitFor();
    await page
      .getByText('/api/jobs answers in a form that this page does not know (at jobs.0.status). Reload')
      .waitFor();
    body = { ...answer, ofTomorrow: { any: 1 } };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('raysubmit_sim_train').first().waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
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
