/**
 * A share of every page, made by the button in real Chromium and opened elsewhere: it shows what the live page shows of the
 * same answers, and asks X-Ray for nothing but the share. Then its end: revoked, expired, never there.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { isSameQuestion } from '../../lib/contract/pages/same-question.ts';
import { ShareCreated, type ShareRequestWire, ShareResponse, sharesRoute } from '../../lib/contract/shares.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';
import { base, expectSound, get, launchBrowser, openPage, VIEWS } from './harness.ts';

async function create(request: ShareRequestWire) {
  const response = await fetch(`${base}/api/shares`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  return ShareCreated.parse(await response.json());
}

let browser: Browser;
let shortLived: { token: string; madeMs: number };
beforeAll(async () => {
  browser = await launchBrowser();
  shortLived = { ...(await create({ path: '/jobs', expiresInSeconds: 60 })), madeMs: Date.now() };
});
afterAll(() => browser?.close());

const anyJob = async () => {
  const job = (await get(jobsRoute, {})).jobs.find((row) => row.submissionId === 'raysubmit_sim_preprocess');
  if (!job) throw new Error('the simulated job is missing');
  return job;
};
const failedAttempt = async () => {
  const { jobId, session } = await anyJob();
  const response = await fetch(`${base}/api/jobs/${jobId}/tasks?session=${session}&state=FAILED&limit=1`);
  const { tasks }: { tasks: { taskId: string; attempt: number }[] } = await response.json();
  if (!tasks[0]) throw new Error('no attempt of the simulated job has failed');
  return { jobId, session, selected: `${tasks[0].taskId}:${tasks[0].attempt}` };
};

interface SharedPage {
  readonly name: string;
  readonly path: () => Promise<string>;
  /** Text that only data can bring. */
  readonly shows: string | RegExp;
}
/** One entry for every name in lib/contract/pages/pages.ts that has a page. */
const PAGES: readonly SharedPage[] = [
  { name: 'jobs', path: async () => '/jobs', shows: 'raysubmit_sim_train' },
  {
    name: 'job',
    path: async () => `/jobs/${(await anyJob()).jobId}?session=${(await anyJob()).session}`,
    shows: 'decode_image',
  },
  {
    name: 'timeline with a task',
    path: async () => {
      const { jobId, session, selected } = await failedAttempt();
      return `/jobs/${jobId}/timeline?session=${session}&sel=${encodeURIComponent(selected)}&color=state`;
    },
    shows: 'Copy State API command',
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
    shows: /What ran then \(/,
  },
  { name: 'sources', path: async () => '/sources', shows: 'ingest:ray-events' },
  { name: 'clusters', path: async () => '/', shows: 'demo-cluster' },
  { name: 'cluster', path: async () => '/clusters/demo-cluster', shows: 'nodes alive' },
  { name: 'memory', path: async () => '/memory?by=gpu', shows: 'recovered by a retry' },
  { name: 'collectives', path: async () => '/collectives', shows: /arrives last in/ },
];

/** Asked for what is in view, which an address without a view does not tell: frozen by the button alone. */
const OF_THE_VIEW = /\/(strips|phases)\?/;
/** Bytes that only live pages ask for, and the size that tells whether they need them. */
const LIVE_ONLY = /\/timeline\/first-(tile|picture)\?|\/traces\/[0-9a-f]+\/(size|spans)/;

/** Paths of everything the page asks for, in order. */
function watch(page: Page): string[] {
  const requested: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.protocol !== 'blob:') requested.push(url.pathname + url.search);
  });
  return requested;
}
const close = (page: Page) => page.context().close();
const pageText = async (page: Page): Promise<string> => {
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  // The control of the window says "As shared" in a share, and nothing else of it differs.
  return page.locator('main').evaluate((main) => {
    const copy = main.cloneNode(true) as HTMLElement;
    for (const control of copy.querySelectorAll('fieldset[aria-label="Time window"]')) control.remove();
    // A mark says its name where it is 60 px wide, and a share has no navigation beside its plot; its title says it always.
    for (const mark of copy.querySelectorAll('ul[aria-label="Alerts and kills on the same clock"] a'))
      mark.textContent = mark.getAttribute('title');
    return copy.textContent ?? '';
  });
};
const isStatic = (path: string) => /^\/(_next\/static\/|before-paint\.js$|icon\.svg|favicon\.ico)/.test(path);
/** The live page's frame asks this too; a share holds it only where the page shows it. */
const asPageAsks = (requested: readonly string[], path: string): string[] =>
  [...new Set(requested.filter((each) => each.startsWith('/api/')).map(untilNow))]
    .filter((each) => each !== '/api/health' || path === '/sources')
    .sort();
/** What ran during an alert is asked for until now. */
const untilNow = (path: string): string =>
  path.startsWith('/api/attempts?') ? path.replace(/&to=\d+/, '&to=now') : path;

async function shareByButton(page: Page, title: string): Promise<string> {
  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share this page' });
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByLabel('Note').fill('Look at\nthis.');
  await dialog.getByRole('button', { name: 'Create link' }).click();
  return dialog.getByLabel('Link of the share').inputValue();
}

/** The live page over answers that do not move: what the share must look like. */
async function answerFrom(context: BrowserContext, share: ReturnType<typeof ShareResponse.parse>): Promise<string[]> {
  const missing: string[] = [];
  // The tour of the demo is no part of a share.
  await context.addInitScript(() => localStorage.setItem('xray-tour-dismissed', '1'));
  const health = await (await fetch(`${base}/api/health`)).json();
  await context.route(`${base}/api/**`, async (route) => {
    const url = new URL(route.request().url());
    const path = url.pathname + url.search;
    if (LIVE_ONLY.test(path)) return route.continue();
    const held = Object.entries(share.responses).find(([each]) => isSameQuestion(path, each))?.[1];
    const answer = held ?? (path === '/api/health' ? { status: 200, body: health } : undefined);
    if (!answer) missing.push(path);
    await route.fulfill({ status: answer?.status ?? 404, json: answer?.body ?? {} });
  });
  return missing;
}

describe.each(PAGES)('a share of $name', ({ name, path, shows }) => {
  it('shows elsewhere what the page shows, and asks for nothing else', async () => {
    const address = await path();
    const live = await openPage(browser);
    const requested = watch(live.page);
    await live.page.goto(base + address, { waitUntil: 'load' });
    await live.page.getByText(shows).first().waitFor();
    await pageText(live.page);
    const derived = ShareResponse.parse(
      await (await fetch(`${base}/api/shares/${(await create({ path: address })).token}`)).json(),
    );
    const held = Object.keys(derived.responses).map(untilNow);
    const wanted = asPageAsks(requested, address);
    const among = (list: readonly string[]) => (one: string) => list.some((other) => isSameQuestion(one, other));
    expect(wanted.filter((one) => !OF_THE_VIEW.test(one) && !LIVE_ONLY.test(one) && !among(held)(one))).toEqual([]);
    expect(held.filter((one) => !among(wanted)(one))).toEqual([]);
    const link = await shareByButton(live.page, `Share of ${name}`);
    await close(live.page);

    const token = new URL(link).pathname.slice('/s/'.length);
    const elsewhere = await openPage(browser);
    const requestedThere = watch(elsewhere.page);
    await elsewhere.page.goto(link, { waitUntil: 'load' });
    await elsewhere.page.getByText(shows).first().waitFor();
    const frozenText = await pageText(elsewhere.page);
    const openedMs = Date.now();
    expect(await elsewhere.page.getByRole('banner').textContent()).toMatch(/Share of .*Frozen \d{4}-.* UTC.*expires/s);

    const frozen = ShareResponse.parse(await (await fetch(`${base}/api/shares/${token}`)).json());
    const original = await openPage(browser);
    const missing = await answerFrom(original.page.context(), frozen);
    // Its clock must not move either: what runs is told up to now.
    await original.page.clock.setFixedTime(new Date(frozen.createdAt));
    await original.page.goto(base + frozen.path, { waitUntil: 'load' });
    await original.page.getByText(shows).first().waitFor();
    // Alerts come when their answer is drawn, which pageText does not wait for.
    await expect.poll(() => pageText(original.page), { timeout: 15_000 }).toBe(frozenText);
    expect(missing).toEqual([]);
    await close(original.page);

    // By now longer than live pages wait before they ask again.
    await elsewhere.page.waitForTimeout(Math.max(0, openedMs + 6_000 - Date.now()));
    expect([...new Set(requestedThere.filter((each) => !isStatic(each)))].sort()).toEqual([
      `/api/shares/${token}`,
      `/s/${token}`,
    ]);
    expect(elsewhere.errors).toEqual([]);
    await close(elsewhere.page);
  });
});

describe('a share in the browser', () => {
  it('says what it does not hold, and leaves for the live page', async () => {
    const { path } = await create({ path: '/traces' });
    const { page } = await openPage(browser);
    await page.goto(base + path, { waitUntil: 'load' });
    await page.getByText(/\d traces/).waitFor();
    await page.getByLabel('Span name').fill('nothing-has-this-name');
    await page.getByText('This share holds no data for this part of the page').waitFor();
    await page.getByRole('link', { name: 'Open live' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/traces');
    await close(page);
  });

  it('is revoked where it was made', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${base}/jobs`, { waitUntil: 'load' });
    await page.getByText('raysubmit_sim_train').first().waitFor();
    const link = await shareByButton(page, 'Soon gone');
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('The link is revoked').waitFor();
    await page.goto(link, { waitUntil: 'load' });
    await page.getByRole('heading', { name: 'This share is closed' }).waitFor();
    await page.getByText('revoked').waitFor();
    await close(page);
  });

  it('is listed without its link, and revoked there', async () => {
    const { path, id } = await create({ path: '/alerts', title: 'From the list', expiresInSeconds: null });
    const { page } = await openPage(browser);
    await page.goto(base + path, { waitUntil: 'load' });
    await page.getByText('does not expire').waitFor();
    await page.goto(`${base}/shares`, { waitUntil: 'load' });
    const row = page.getByRole('row', { name: 'From the list' });
    expect(await row.textContent()).toMatch(/never1just now/);
    expect(await page.content()).not.toContain(path);
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.getByRole('button', { name: 'for good' }).click();
    await row.waitFor({ state: 'detached' });
    expect((await get(sharesRoute, {})).shares.some((share) => share.id === id)).toBe(false);
    expect((await fetch(`${base}/api/shares/${path.slice(3)}`, { method: 'HEAD' })).status).toBe(410);
    await close(page);
  });

  it('is gone after its time', async () => {
    await new Promise((done) => setTimeout(done, Math.max(0, shortLived.madeMs + 60_500 - Date.now())));
    const { page } = await openPage(browser);
    await page.goto(`${base}/s/${shortLived.token}`, { waitUntil: 'load' });
    await page.getByText(/expired at \d{4}/).waitFor();
    await close(page);
  });

  it('is not indexed and sends no referrer', async () => {
    const { path } = await create({ path: '/jobs' });
    const response = await fetch(base + path);
    expect([response.headers.get('referrer-policy'), await response.text()]).toEqual([
      'no-referrer',
      expect.stringMatching(/<meta name="robots" content="noindex, nofollow"/),
    ]);
  });
});

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it('the share, its dialog, its list and its end are sound', async () => {
    const { path } = await create({ path: (await PAGES[6]?.path()) ?? '', title: 'A title', note: 'A note' });
    const { page, errors } = await openPage(browser, view);
    await page.goto(base + path, { waitUntil: 'load' });
    await page.getByText(/What ran then \(/).waitFor();
    await expectSound(page, errors);
    await page.goto(`${base}/shares`, { waitUntil: 'load' });
    await page.getByText('A title').first().waitFor();
    await expectSound(page, errors);
    await page.goto(`${base}/jobs`, { waitUntil: 'load' });
    await page.getByText('raysubmit_sim_train').first().waitFor();
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('dialog').getByText('Holds 1 answer').waitFor();
    await expectSound(page, errors);
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByLabel('Link of the share').waitFor();
    await expectSound(page, errors);
    await page.goto(`${base}/s/AAAAAAAAAAAAAAAAAAAAAA`, { waitUntil: 'load' });
    await page.getByRole('heading', { name: 'There is no such share' }).waitFor();
    // Chromium logs every answer of 404 as an error of its own.
    await expectSound(
      page,
      errors.filter((text) => !text.includes('404')),
    );
    await close(page);
  });
});
