/** Timeline and traces in a real browser: hands, keys, address and words, on the simulated cluster. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { timelineRoute } from '../../lib/contract/timeline.ts';
import { traceRoute, tracesRoute } from '../../lib/contract/traces.ts';
import { base, expectSound, get, launchBrowser, openPage, type View } from './harness.ts';

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

const PHONE: View = [390, 844, 'dark'];
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
    const words = /^\S.*, attempt \d+, [A-Z_]+, .+, worker \d+ on sim-node-\d$/;
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => spoken.textContent()).toMatch(words);
    const first = await spoken.textContent();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => spoken.textContent()).not.toBe(first);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => spoken.textContent()).toMatch(words);
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
    const [taskId = '', attempt = ''] = (new URL(page.url()).searchParams.get('sel') ?? '').split(':');
    expect(taskId).toMatch(/^[0-9a-f]{48}$/);
    for (const part of ['PENDING_NODE_ASSIGNMENT', 'FAILED'])
      expect(await details.getByText(part, { exact: true }).count()).toBeGreaterThan(0);
    expect(await details.getByRole('region', { name: 'Error' }).count()).toBe(1);
    expect(await details.getByRole('button', { name: new RegExp(`attempt ${attempt}`) }).count()).toBe(1);
    await details.getByText('the median').waitFor();
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
    await page.getByText(/^1 of \d/).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/^2 of \d/).waitFor();
    // A failure that comes in meanwhile may stand before both: then there is one step more.
    const steps = page.getByText(/^\d+ of \d/);
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

describe('traces', () => {
  it('keeps the search in the address and finds what it asks for', async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${base}/traces?name=train&min=1`, { waitUntil: 'load' });
    await page
      .getByRole('link', { name: /^train\./ })
      .first()
      .waitFor({ timeout: 60_000 });
    const { matched } = await get(tracesRoute, { name: 'train', minDurationMs: 1, errors: 'true' });
    await page.getByRole('checkbox', { name: 'Errors only' }).check();
    await page.waitForFunction(() => location.search.includes('errors=true'));
    if (matched === 0) await page.getByText('No trace matches').waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('draws a trace, walks its tree by keys, and keeps the span in the address', async () => {
    const { traces } = await get(tracesRoute, { name: 'train.step', limit: 5 });
    const traceId = traces[0]?.traceId ?? '';
    const trace = await get(traceRoute, { traceId });
    expect(trace.spans.length).toBeGreaterThan(1);
    const { page, errors } = await openPage(browser);
    await page.goto(`${base}/traces/${traceId}`, { waitUntil: 'load' });
    const tree = page.getByRole('tree');
    await tree.getByRole('treeitem').first().waitFor({ timeout: 60_000 });
    await tree.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => location.search.includes('span='));
    await page.getByRole('region', { name: 'Span', exact: true }).getByText('Duration').waitFor();
    const before = await tree.getByRole('treeitem').count();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => tree.getByRole('treeitem').count()).toBeLessThan(before);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => tree.getByRole('treeitem').count()).toBe(before);
    await expectSound(page, errors);
    await page.context().close();
  });

  it('draws a large trace: rows in view only, errors, critical path, search by the server, lanes', async () => {
    // SYNTHETIC: more spans than come in full. Steps one after another, ten operations in each; one of them fails.
    const traceId = `${Date.now().toString(16).padStart(16, '0')}${'7'.repeat(16)}`;
    const now = BigInt(Date.now() - 60_000) * 1_000_000n;
    const id = (number: number) => (number + 1).toString(16).padStart(16, '0');
    const span = (number: number, parent: number, name: string, from: number, length: number) => ({
      traceId,
      spanId: id(number),
      ...(parent < 0 ? {} : { parentSpanId: id(parent) }),
      name,
      startTimeUnixNano: String(now + BigInt(from)),
      endTimeUnixNano: String(now + BigInt(from + length)),
      attributes: [{ key: 'synthetic.number', value: { stringValue: `n${number}` } }],
      ...(number === 4005 ? { status: { code: 2, message: 'synthetic failure' } } : {}),
    });
    const spans = Array.from({ length: 6601 }, (_, i) => {
      if (i === 0) return span(0, -1, 'synthetic.run', 0, 601_000_000);
      const [step, place] = [Math.floor((i - 1) / 11), (i - 1) % 11];
      if (place === 0) return span(i, 0, 'synthetic.step', step * 1_000_000, 990_000);
      return span(i, i - place, `synthetic.op_${place}`, step * 1_000_000 + place * 80_000, 70_000);
    });
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'synthetic-trainer' } }] };
    const sent = await fetch(`${base}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'synthetic' }, spans }] }] }),
    });
    expect(sent.status).toBe(200);
    const { page, errors } = await openPage(browser);
    await page.goto(`${base}/traces/${traceId}`, { waitUntil: 'load' });
    await page.getByRole('heading', { name: /^6,601 spans/ }).waitFor({ timeout: 60_000 });
    const tree = page.getByRole('tree');
    await tree.getByRole('treeitem').first().waitFor();
    expect(await tree.getByRole('treeitem').count()).toBeLessThan(80);
    const path = page.getByRole('region', { name: 'Critical path by name' });
    await path.getByText(/%$/).first().waitFor();
    await tree.focus();
    await page.keyboard.press('n');
    await page.waitForFunction((wanted) => location.search.includes(`span=${wanted}`), id(4005));
    const details = page.getByRole('region', { name: 'Span', exact: true });
    await details.getByText('synthetic failure').waitFor();
    await details.getByText(/290 µs on the critical path, 29 % of it/).waitFor();
    await page.getByRole('textbox', { name: 'Find in this trace' }).fill('synthetic.number=n77');
    await page.getByText('1 found').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForFunction((wanted) => location.search.includes(`span=${wanted}`), id(77));
    await page.getByRole('textbox', { name: 'Find in this trace' }).fill('');
    await tree.focus();
    await page.keyboard.press('+');
    await page.waitForFunction(() => location.search.includes('view='));
    await page.getByRole('button', { name: /^Critical path/ }).click();
    await page.waitForFunction(() => location.search.includes('critical=1'));
    await page.getByRole('button', { name: 'Lanes' }).click();
    await page.waitForFunction(() => location.search.includes('as=lanes'));
    await page.getByRole('application', { name: /timeline/ }).waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('is sound on a phone', async () => {
    const { traces } = await get(tracesRoute, { limit: 1 });
    const { page, errors } = await openPage(browser, PHONE);
    await page.goto(`${base}/traces/${traces[0]?.traceId}`, { waitUntil: 'load' });
    await page.getByRole('treeitem').first().click();
    await page.getByRole('region', { name: 'Span', exact: true }).waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });
});
