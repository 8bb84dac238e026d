/** Timeline in a real browser: hands, keys, address and words, on the simulated cluster. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { timelineRoute } from '../../lib/contract/timeline.ts';
import { base, expectQuery, expectSound, get, launchBrowser, openPage } from './harness.ts';

let browser: Browser;
let address: string;
let job: { jobId: string; session: string };
beforeAll(async () => {
  browser = await launchBrowser();
  const found = (await get(jobsRoute, {})).jobs.find((row) => row.submissionId === 'raysubmit_sim_preprocess');
  if (!found) throw new Error('the simulated job is missing');
  job = { jobId: found.jobId, session: found.session };
  address = `${base}/jobs/${job.jobId}/timeline?session=${encodeURIComponent(job.session)}`;
});
afterAll(() => browser?.close());

const lanes = (page: Page) => page.getByRole('application', { name: /Task timeline/ });

async function openTimeline(): Promise<{ page: Page; errors: string[] }> {
  const opened = await openPage(browser);
  await opened.page.goto(address, { waitUntil: 'load' });
  await lanes(opened.page).waitFor({ timeout: 60_000 });
  return opened;
}

const windowOf = (page: Page): string => new URL(page.url()).searchParams.get('from') ?? '';

describe('timeline', () => {
  it('zooms with the wheel into a new address, and Back undoes each step', async () => {
    const { page, errors } = await openTimeline();
    const box = await lanes(page).boundingBox();
    if (!box) throw new Error('no lanes');
    await page.mouse.move(box.x + box.width * 0.6, box.y + 120);
    await page.mouse.wheel(0, -400);
    await page.waitForFunction(() => location.search.includes('from='));
    const first = windowOf(page);
    await page.waitForTimeout(500);
    await page.mouse.wheel(0, -400);
    await page.waitForFunction((was) => new URLSearchParams(location.search).get('from') !== was, first);
    await page.goBack();
    await page.waitForFunction((was) => new URLSearchParams(location.search).get('from') === was, first);
    await page.goBack();
    await page.waitForFunction(() => !location.search.includes('from='));
    await expectSound(page, errors);
    await page.context().close();
  });

  it('follows what runs with Live, and a jump leaves it', async () => {
    const { page, errors } = await openTimeline();
    const box = await lanes(page).boundingBox();
    if (!box) throw new Error('no lanes');
    await page.mouse.move(box.x + box.width * 0.95, box.y + 120);
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300);
    await page.waitForFunction(() => location.search.includes('from='));
    const live = page.getByRole('button', { name: 'Live' });
    expect(await live.getAttribute('aria-pressed')).toBe('false');
    await live.click();
    await page.waitForFunction(() => location.search.includes('live=1'));
    // The window in words ends at now, and goes on.
    const span = page.getByText(/^\d\d:\d\d:\d\d.* to .* UTC/).first();
    const ends = async () => /to (\S+)/.exec((await span.textContent()) ?? '')?.[1] ?? '';
    const before = await ends();
    await expect.poll(ends, { timeout: 20_000 }).not.toBe(before);
    expect(await live.getAttribute('aria-pressed')).toBe('true');
    // The first failure of the job is far from now.
    await page.getByRole('button', { name: /^Next failure/ }).click();
    await page.waitForFunction(() => location.search.includes('sel=') && !location.search.includes('live=1'));
    expect(await live.getAttribute('aria-pressed')).toBe('false');
    const stays = await ends();
    await page.waitForTimeout(6000);
    expect(await ends()).toBe(stays);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('paints the same pixels in a worker and, where there is none, on the main thread', async () => {
    // One answer for both: the job goes on meanwhile.
    const answer = JSON.stringify(await get(timelineRoute, job));
    const pictures: string[][] = [];
    for (const hasWorker of [true, false]) {
      const { page, errors } = await openPage(browser);
      if (!hasWorker) await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker'));
      await page.route(/\/timeline\?/, (route) =>
        route.request().resourceType() === 'fetch'
          ? route.fulfill({ contentType: 'application/json', body: answer })
          : route.continue(),
      );
      await page.goto(`${address}&state=FINISHED`, { waitUntil: 'load' });
      await lanes(page).waitFor({ timeout: 60_000 });
      await expect.poll(() => page.workers().length).toBe(hasWorker ? 1 : 0);
      await page.waitForTimeout(1000);
      // The worker paints once it is there: a frame is asked for by a size of its own.
      await page.setViewportSize({ width: 1400, height: 880 });
      await page.waitForTimeout(1000);
      pictures.push(
        await page
          .locator('canvas')
          .evaluateAll((all) =>
            all.slice(1, 2).map((one) => (one instanceof HTMLCanvasElement ? one.toDataURL() : '')),
          ),
      );
      expect(errors).toEqual([]);
      await page.context().close();
    }
    expect(pictures[0]?.[0]?.length).toBeGreaterThan(2000);
    expect(pictures[0]).toEqual(pictures[1]);
  });

  it('selects a window with Shift and drag, pans without a new step, and fits with F', async () => {
    const { page } = await openTimeline();
    const box = await lanes(page).boundingBox();
    if (!box) throw new Error('no lanes');
    const steps = await page.evaluate(() => history.length);
    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + box.width * 0.4, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 140, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await page.waitForFunction(() => location.search.includes('from='));
    const first = windowOf(page);
    await page.mouse.move(box.x + box.width * 0.6, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction((was) => new URLSearchParams(location.search).get('from') !== was, first);
    expect(BigInt(windowOf(page))).toBeGreaterThan(BigInt(first));
    expect((await page.evaluate(() => history.length)) - steps).toBe(1);
    await lanes(page).focus();
    await page.keyboard.press('f');
    await page.waitForFunction(() => !location.search.includes('from='));
    await page.context().close();
  });

  it('is walked with the keyboard, and says where one is; Enter opens, Escape closes', async () => {
    const { page } = await openTimeline();
    await lanes(page).focus();
    const spoken = page.getByTestId('timeline-spoken');
    const message = /^\S.*, attempt \d+, [A-Z_]+, .+, worker \d+ on sim-node-\d$/;
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => spoken.textContent()).toMatch(message);
    const first = await spoken.textContent();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => spoken.textContent()).not.toBe(first);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => spoken.textContent()).toMatch(message);
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Selected task' }).waitFor();
    await page.waitForFunction(() => location.search.includes('sel='));
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'Selected task' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('jumps to a failure and shows all its states, its chain and its error', async () => {
    const { page, errors } = await openTimeline();
    await page.getByRole('button', { name: /Next failure/ }).click();
    const details = page.getByRole('region', { name: 'Selected task' });
    await details.getByText('RUNNING', { exact: true }).waitFor({ timeout: 30_000 });
    await expectQuery(page, 'sel', /^[0-9a-f]{48}:\d+$/);
    const [, attempt = ''] = (new URL(page.url()).searchParams.get('sel') ?? '').split(':');
    for (const part of ['PENDING_NODE_ASSIGNMENT', 'FAILED'])
      expect(await details.getByText(part, { exact: true }).count()).toBeGreaterThan(0);
    expect(await details.getByRole('region', { name: 'Error' }).count()).toBe(1);
    expect(await details.getByRole('button', { name: new RegExp(`attempt ${attempt}`) }).count()).toBe(1);
    await details.getByText('the median').waitFor();
    // Ray colours its errors for a terminal.
    expect(await details.textContent()).not.toContain('\u001b');
    await expectSound(page, errors);
    await page.context().close();
  });

  it('lights up matches and steps through them with Enter and Shift + Enter', async () => {
    const { page, errors } = await openTimeline();
    const data = await get(timelineRoute, { ...job, state: 'FAILED' });
    expect(data.matched).toBeGreaterThan(1);
    await page.getByRole('textbox', { name: 'Search tasks' }).fill('failed');
    await page.getByText(/\d+ found/).waitFor();
    await page.keyboard.press('Enter');
    // A failure that comes in meanwhile may stand before the one that is selected: then its number grows, and there is one step more back.
    const steps = page.getByText(/^\d+ of \d/);
    await steps.waitFor();
    const number = async (): Promise<number> => Number.parseInt((await steps.textContent()) ?? '', 10);
    const selectedOf = (): Promise<string> =>
      page.evaluate(() => new URLSearchParams(location.search).get('sel') ?? '');
    await expect.poll(selectedOf).not.toBe('');
    const first = await selectedOf();
    await page.keyboard.press('Enter');
    await expect.poll(selectedOf).not.toBe(first);
    await expect.poll(number).toBeGreaterThan(1);
    await expect
      .poll(async () => {
        await page.keyboard.press('Shift+Enter');
        return steps.textContent();
      })
      .toMatch(/^1 of/);
    await page.waitForFunction(() => location.search.includes('q=failed'));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows the same attempts as rows, filters by function, and folds a node', async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${address}&as=table&fn=decode_image`, { waitUntil: 'load' });
    await page.locator('table[aria-rowcount] tbody button').first().waitFor({ timeout: 60_000 });
    const names = await page.locator('table[aria-rowcount] tbody button').allTextContents();
    expect(new Set(names)).toEqual(new Set(['decode_image']));
    expect(names.length).toBeLessThan(80);
    await expectSound(page, errors);
    await page.getByRole('button', { name: 'Table' }).click();
    const box = await lanes(page).boundingBox();
    if (!box) throw new Error('no lanes');
    await page.mouse.click(box.x + 30, box.y + 37);
    await page.waitForFunction(() => location.search.includes('fold='));
    await page.context().close();
  });

  it('shows the metrics of the nodes on the same clock', async () => {
    const { page } = await openTimeline();
    const strips = page.getByRole('region', { name: 'Node metrics on the same clock' });
    await strips
      .getByText(/max \d.* % sim-node/)
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await strips.getByText('not measured in this window').count()).toBe(0);
    await page.context().close();
  });

  it('opens a task by a tap on a phone', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    await page.goto(address, { waitUntil: 'load' });
    await lanes(page).waitFor({ timeout: 60_000 });
    const box = await lanes(page).boundingBox();
    if (!box) throw new Error('no lanes');
    const details = page.getByRole('region', { name: 'Selected task' });
    for (let i = 0; i < 20 && (await details.count()) === 0; i++)
      await page.touchscreen.tap(box.x + 100 + i * 12, box.y + 26 + 22 + 9 + (i % 5) * 18);
    await details.waitFor();
    await details.scrollIntoViewIfNeeded();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await context.close();
  });
});
