/**
 * The timeline of a job with more attempts than one answer holds, in a real browser, on a production server of its own: the
 * job is synthetic, and everything that is read from the page is compared with what was made, not with the API.
 *
 * One file of over 300 lines, because making the job takes longer than all of its tests, and each file would make its own.
 */
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import { ShareCreated } from '../../lib/contract/shares.ts';
import { TimelineLanesResponse, timelineLanesRoute } from '../../lib/contract/timeline-tile.ts';
import { freePort } from '../../lib/server/process/free-port.ts';
import { expectSound, launchBrowser, openPage, VIEWS, type View } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';
import {
  endOf,
  longestIdle,
  MAP,
  NODES,
  nodeName,
  nodeOf,
  pidOf,
  REDUCE,
  SYNTHETIC_JOB,
  type SyntheticAttempt,
  sumOf,
  syntheticAttempts,
  syntheticBodies,
  touching,
  WORKERS,
} from './synthetic-job.ts';

const EVENTS_PER_BODY = 4000;
/** Width of the labels at the left of the lanes on a wide screen, CSS px (components/charts/timeline-width.ts). */
const LABELS = 190;
const PHONE: View = [390, 844, 'dark'];

let server: TestServer;
let browser: Browser;
let attempts: readonly SyntheticAttempt[];
let failed: readonly SyntheticAttempt[];

const count = (value: number): string => value.toLocaleString('en-US');
/** The window that shows all: 2 % of air on both sides. */
const wholeNs = (all: readonly SyntheticAttempt[]): number => {
  const begin = all[0]?.startNs ?? 0n;
  return 1.04 * all.reduce((last, one) => Math.max(last, Number(endOf(one) - begin)), 0);
};
const selectionOf = (one: SyntheticAttempt | undefined): string => `${one?.taskId}:0`;

beforeAll(async () => {
  server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: `http://127.0.0.1:${await freePort()}` });
  // Over for longer than a job is taken to go on.
  attempts = syntheticAttempts(BigInt(Math.floor(Date.now() / 1000) - 1200) * 1_000_000_000n);
  failed = attempts.filter(({ error }) => error !== null);
  await until(server, 60, 'answer', async () => (await fetch(`${server.base}/api/jobs`)).ok);
  let sending: Promise<void> = Promise.resolve();
  for (const body of syntheticBodies(attempts, EVENTS_PER_BODY)) {
    await sending;
    // The next body is made while this one is stored.
    sending = fetch(`${server.base}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).then(async (answer) => {
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    });
  }
  await sending;
  await until(server, 150, `timeline of ${attempts.length} attempts`, async () => {
    const answer = await fetch(server.base + requestPath(timelineLanesRoute, SYNTHETIC_JOB));
    const { matched, isBeingMade } = TimelineLanesResponse.parse(await answer.json());
    return matched === attempts.length && !isBeingMade;
  });
  browser = await launchBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const lanes = (page: Page) => page.getByRole('application', { name: /Task timeline/ });
const spoken = (page: Page) => page.getByTestId('timeline-spoken');
const title = (page: Page, ended: number, nodes = NODES, workers = WORKERS) =>
  page.getByRole('heading', {
    name: `${count(ended)} ended attempts, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${workers} lanes`,
  });

/** Opened and drawn, with all the requests for its timeline. */
async function openLarge(search = '', view?: View): Promise<{ page: Page; errors: string[]; asked: Request[] }> {
  const { page, errors } = await openPage(browser, view);
  const requested: Request[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/timeline/')) requested.push(request);
  });
  const query = `session=${SYNTHETIC_JOB.session}${search}`;
  await page.goto(`${server.base}/jobs/${SYNTHETIC_JOB.jobId}/timeline?${query}`, { waitUntil: 'load' });
  if (search.includes('as=table')) await page.locator('table[aria-rowcount] tbody button').first().waitFor();
  else await page.waitForFunction(() => performance.getEntriesByName('timeline-filled', 'mark').length > 0);
  return { page, errors, asked: requested };
}

async function shareOf(search: string) {
  const path = `/jobs/${SYNTHETIC_JOB.jobId}/timeline?session=${SYNTHETIC_JOB.session}${search}`;
  const made = await fetch(`${server.base}/api/shares`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path, title: 'synthetic', note: '', expiresInSeconds: 3600 }),
  });
  return ShareCreated.parse(await made.json());
}

const boxOf = async (page: Page) => {
  const box = await lanes(page).boundingBox();
  if (!box) throw new Error('no lanes');
  return box;
};
const parameter = (page: Page, name: string): string => new URL(page.url()).searchParams.get(name) ?? '';
const becomes = (page: Page, name: string, wanted: string) =>
  expect.poll(() => parameter(page, name), { timeout: 20_000 }).toBe(wanted);
/** Words of a row of the sums, cell by cell. */
const sumsRow = (page: Page, name: string) =>
  page
    .getByRole('group', { name: 'Attempts by function in the visible window' })
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name }) })
    .getByRole('cell')
    .allTextContents();
const expectSums = async (page: Page, some: readonly SyntheticAttempt[]) => {
  for (const name of [MAP, REDUCE]) {
    const sum = sumOf(some, name);
    const words = [name, count(sum.count), expect.stringContaining(count(sum.failures))];
    const durations = [sum.totalNs, sum.p50Ns, sum.p95Ns, sum.maxNs].map(durationText);
    await expect.poll(() => sumsRow(page, name), { timeout: 20_000 }).toEqual([...words, ...durations]);
  }
};

describe('a job of more than 100,000 attempts', () => {
  it('shows its lanes from the first tile, asked for before the scripts were there, and its sums', async () => {
    const { page, errors, asked } = await openLarge();
    await title(page, attempts.length).waitFor();
    await expectSums(page, attempts);
    const paths = asked.map((request) => new URL(request.url()));
    expect(paths.filter(({ pathname }) => pathname.endsWith('/first-tile'))).toHaveLength(1);
    const tiles = paths.filter(({ pathname }) => pathname.endsWith('/tile'));
    expect(tiles.filter(({ searchParams }) => searchParams.has('lanes')).map(String)).toEqual([]);
    // The strip of all lanes.
    expect(tiles).toHaveLength(1);
    await expectSound(page, errors);
    await page.context().close();
  });

  for (const view of VIEWS)
    it(`shows the server's picture until its scripts are there, the same that they draw: ${view.join(' ')}`, async () => {
      const shots: { box: unknown; picture: string }[] = [];
      for (const hasScripts of [false, true]) {
        const { page } = await openPage(browser, view);
        if (!hasScripts) await page.route(/_next\/static\/.*\.js/, (route) => route.abort());
        await page.goto(
          `${server.base}/jobs/${SYNTHETIC_JOB.jobId}/timeline?session=${SYNTHETIC_JOB.session}`,
          hasScripts ? {} : { waitUntil: 'load' },
        );
        const drawn = hasScripts ? lanes(page) : page.locator('[elementtiming=first-picture]');
        await drawn.waitFor();
        if (hasScripts)
          await page.waitForFunction(() => performance.getEntriesByName('timeline-filled', 'mark').length > 0);
        else
          await page.waitForFunction(() =>
            performance.getEntriesByType('resource').some(({ name }) => /first-picture/.test(name)),
          );
        await page.waitForTimeout(1000);
        expect(await page.locator('[elementtiming=first-picture]').count()).toBe(hasScripts ? 0 : 1);
        const box = await drawn.boundingBox();
        if (!box) throw new Error('nothing is drawn');
        // Without the names, whose font is not there yet.
        const left = box.width < 620 ? 92 : 190;
        const clip = {
          x: box.x + left,
          y: box.y + 26,
          width: box.width - left,
          height: Math.min(400, box.height - 26),
        };
        shots.push({
          box: Object.values(box).map(Math.round),
          picture: (await page.screenshot({ clip })).toString('base64'),
        });
        await page.context().close();
      }
      expect(shots[0]?.box).toEqual(shots[1]?.box);
      const { page } = await openPage(browser);
      const [differing, coloured] = await page.evaluate(
        async (pictures) => {
          const pixels = [];
          for (const picture of pictures) {
            const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
            const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
            context?.drawImage(image, 0, 0);
            pixels.push(context?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray());
          }
          const [before, after] = [pixels[0] ?? [], pixels[1] ?? []];
          let [differ, colour] = [0, 0];
          for (let i = 0; i < before.length; i += 4) {
            const [red = 0, green = 0, blue = 0] = before.slice(i, i + 3);
            if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) colour++;
            if ([0, 1, 2].some((part) => Math.abs((before[i + part] ?? 0) - (after[i + part] ?? 0)) > 12)) differ++;
          }
          return [(differ / before.length) * 4, (colour / before.length) * 4];
        },
        shots.map(({ picture }) => picture),
      );
      expect(differing).toBeLessThan(0.01);
      expect(coloured).toBeGreaterThan(0.2);
      await page.context().close();
    });

  it('goes from failure to failure, and to the longest', async () => {
    const { page, errors } = await openLarge();
    const next = page.getByRole('button', { name: `Next failure ${count(failed.length)}` });
    await next.click();
    await becomes(page, 'sel', selectionOf(failed[0]));
    const details = page.getByRole('region', { name: 'Selected task' });
    await details.getByText('synthetic failure').waitFor();
    await details
      .getByText(`worker ${pidOf(failed[0]?.worker ?? 0)} on ${nodeName(nodeOf(failed[0]?.worker ?? 0))}`)
      .waitFor();
    // A link that selects it says as much.
    const { page: linked } = await openLarge(`&sel=${encodeURIComponent(selectionOf(failed[0]))}`);
    await linked
      .getByRole('region', { name: 'Selected task' })
      .getByText(`worker ${pidOf(failed[0]?.worker ?? 0)} on ${nodeName(nodeOf(failed[0]?.worker ?? 0))}`)
      .waitFor();
    await linked.context().close();
    await next.click();
    await becomes(page, 'sel', selectionOf(failed[1]));
    await expectSound(page, errors);
    await page.getByRole('button', { name: 'Fit' }).click();
    await becomes(page, 'from', '');
    const longest = attempts.reduce((best, one) => (one.durationNs > best.durationNs ? one : best));
    await page.getByRole('toolbar').getByRole('button', { name: 'Longest' }).click();
    await becomes(page, 'sel', selectionOf(longest));
    await details.getByText(`worker ${pidOf(longest.worker)} on ${nodeName(nodeOf(longest.worker))}`).waitFor();
    // The window reaches the address when the hand rests.
    await page.waitForFunction(() => location.search.includes('from='));
    expect(BigInt(parameter(page, 'from'))).toBeLessThan(longest.startNs);
    expect(BigInt(parameter(page, 'to'))).toBeGreaterThan(endOf(longest));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('finds the longest time in which a lane in view did nothing', async () => {
    const { page, errors } = await openLarge();
    const { worker, ns } = longestIdle(attempts);
    await page.getByRole('button', { name: 'Gap' }).click();
    const notice = page.getByText(/^Idle for about/);
    const message = (await notice.textContent()) ?? '';
    expect(message).toContain(`: worker ${pidOf(worker)} on ${nodeName(nodeOf(worker))}, 1 of the `);
    // As exact as a pixel of the window that it was looked for in.
    const said = Number(/about ([\d.]+) s/.exec(message)?.[1]) * 1e9;
    expect(Math.abs(said - ns)).toBeLessThan(0.4e9);
    await page.waitForFunction(() => location.search.includes('from='));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('filters by words, function, node and duration', async () => {
    const { page, errors } = await openLarge();
    const search = page.getByRole('textbox', { name: 'Search tasks' });
    const reduced = attempts.filter((one) => one.function === REDUCE);
    await search.fill('REDUCE');
    await page.getByText(`${count(reduced.length)} found`, { exact: true }).waitFor();
    await search.fill('worker_died');
    const died = attempts.filter(({ error }) => error === 'WORKER_DIED');
    await page.getByText(`${count(died.length)} found`, { exact: true }).waitFor();
    await search.press('Enter');
    await becomes(page, 'sel', selectionOf(died[0]));
    await search.fill(attempts[4711]?.taskId.slice(0, 20) ?? '');
    await page.getByText('1 found', { exact: true }).waitFor();
    await search.fill('');
    await page.getByRole('button', { name: 'Fit' }).click();

    const choice = (name: string) => page.getByRole('combobox', { name, exact: true });
    await choice('Function').selectOption(MAP);
    await title(page, attempts.length - reduced.length).waitFor();
    await choice('Function').selectOption('');
    await choice('Node').selectOption({ label: nodeName(2) });
    const onNode = attempts.filter((one) => nodeOf(one.worker) === 2);
    await title(page, onNode.length, 1, WORKERS / NODES).waitFor();
    await expectSums(page, onNode);
    await choice('Node').selectOption('');
    await choice('Duration').selectOption({ label: 'at least 1 s' });
    const long = attempts.filter(({ durationNs }) => durationNs >= 1e9);
    expect(long.some(({ durationNs }) => durationNs === 1e9)).toBe(true);
    await title(page, long.length, NODES, new Set(long.map(({ worker }) => worker)).size).waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('folds a node, selects a window with Shift and drag, and pans in what is loaded', async () => {
    const { page, errors, asked } = await openLarge();
    const box = await boxOf(page);
    await page.mouse.click(box.x + 30, box.y + 37);
    await page.waitForFunction(() => location.search.includes('fold='));
    await page.waitForLoadState('networkidle');
    await page.mouse.click(box.x + 30, box.y + 37);
    await becomes(page, 'fold', '');

    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.55, box.y + 140, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await page.waitForFunction(() => location.search.includes('from='));
    const [from, to] = [BigInt(parameter(page, 'from')), BigInt(parameter(page, 'to'))];
    const expected = (wholeNs(attempts) * box.width * 0.05) / (box.width - LABELS);
    expect(Math.abs(Number(to - from) / expected - 1)).toBeLessThan(0.02);
    await expectSums(page, touching(attempts, from, to));

    await page.waitForLoadState('networkidle');
    const before = asked.length;
    await page.mouse.move(box.x + box.width * 0.6, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 100, { steps: 10 });
    await page.mouse.up();
    await expect.poll(() => parameter(page, 'from')).not.toBe(from.toString());
    const panned = [BigInt(parameter(page, 'from')), BigInt(parameter(page, 'to'))] as const;
    await expectSums(page, touching(attempts, ...panned));
    expect(
      asked
        .slice(before)
        .map((request) => request.url())
        .filter((url) => /\/(first-)?tile\?/.test(url)),
    ).toEqual([]);
    await expectSound(page, errors);
    await page.context().close();
  });

  it('measures with Alt and drag, and says in words where the keyboard is', async () => {
    const { page, errors } = await openLarge();
    await lanes(page).focus();
    const message = new RegExp(
      `(${MAP}|${REDUCE}), (FINISHED|FAILED), .+, \\d+\\.\\dx the median, worker 10\\d\\d on ${nodeName(0)}$`,
    );
    await expect
      .poll(
        async () => {
          await page.keyboard.press('ArrowRight');
          return spoken(page).textContent();
        },
        { timeout: 20_000 },
      )
      .toMatch(message);
    const first = await spoken(page).textContent();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => spoken(page).textContent()).not.toBe(first);
    expect(await spoken(page).textContent()).toMatch(message);

    const box = await boxOf(page);
    await page.keyboard.down('Alt');
    await page.mouse.move(box.x + 400, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 800, box.y + 120, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Alt');
    await expect.poll(() => spoken(page).textContent()).toContain('between both points');
    const [, minutes = '0', seconds = ''] =
      /^(?:(\d+) m )?([\d.]+) s between/.exec((await spoken(page).textContent()) ?? '') ?? [];
    const measured = Number(minutes) * 60 + Number(seconds);
    const expected = (wholeNs(attempts) * 400) / (box.width - LABELS) / 1e9;
    expect(Math.abs(measured - expected)).toBeLessThan(1);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows the same as rows, that come as they are scrolled to', async () => {
    const { page, errors } = await openLarge('&as=table');
    const table = page.locator('table[aria-rowcount]');
    expect(await table.getAttribute('aria-rowcount')).toBe('100001');
    await page.getByText(`The first 100,000 of ${count(attempts.length)} by start`).waitFor();
    expect(await table.locator('tbody tr').count()).toBeLessThan(80);
    const cells = (row: number) => table.locator(`tr[aria-rowindex="${row + 2}"] td`).allTextContents();
    const expectRow = async (row: number, one: SyntheticAttempt | undefined) => {
      if (one === undefined) throw new Error(`no attempt ${row} was made`);
      const median = sumOf(attempts, one.function).p50Ns;
      const start = new Date(Number(one.startNs / 1_000_000n)).toISOString().slice(11, 23);
      const state = expect.stringContaining(one.error === null ? 'FINISHED' : 'FAILED');
      const where = `worker ${pidOf(one.worker)} on ${nodeName(nodeOf(one.worker))}`;
      const ratio = `${(one.durationNs / median).toFixed(1)}x`;
      const wanted = [start, one.function, '0', state, durationText(one.durationNs), ratio, where, one.error ?? ''];
      await expect.poll(() => cells(row), { timeout: 20_000 }).toEqual(wanted);
    };
    await expectRow(0, attempts[0]);
    await expectSound(page, errors);

    await page.getByRole('combobox', { name: 'State', exact: true }).selectOption('FAILED');
    await expect.poll(() => table.getAttribute('aria-rowcount')).toBe(String(failed.length + 1));
    expect(failed.length).toBeGreaterThan(250);
    await expectRow(0, failed[0]);
    await page.getByRole('region', { name: 'Attempts in the visible window' }).evaluate((region) => {
      region.scrollTop = region.scrollHeight;
    });
    await expectRow(failed.length - 1, failed.at(-1));
    await table.locator(`tr[aria-rowindex="${failed.length + 1}"] button`).click();
    await becomes(page, 'sel', selectionOf(failed.at(-1)));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is sound on a phone', async () => {
    const { page, errors } = await openLarge('', PHONE);
    await title(page, attempts.length).waitFor();
    await expectSums(page, attempts);
    await expectSound(page, errors);
    await page.context().close();
  });

  it.each(VIEWS)(
    'is shared with the attempts of the window in view, which can be zoomed (%i x %i, %s)',
    async (...view) => {
      const middle = attempts[Math.floor(attempts.length / 2)]?.startNs ?? 0n;
      const [from, to] = [middle, middle + 20_000_000_000n];
      const inWindow = touching(attempts, from, to);
      expect(inWindow.length).toBeGreaterThan(100);
      const share = await shareOf(`&from=${from}&to=${to}`);
      const { page, errors } = await openPage(browser, view);
      const requested: string[] = [];
      page.on('request', (request) => requested.push(new URL(request.url()).pathname));
      await page.goto(server.base + share.path, { waitUntil: 'load' });
      const isWhole = () => page.getByText(`This share holds the ${count(inWindow.length)} attempts`).waitFor();
      await isWhole();
      await page.waitForFunction(() => performance.getEntriesByName('timeline-filled', 'mark').length > 0);
      await expectSums(page, inWindow);
      await lanes(page).focus();
      await page.keyboard.press('+');
      await expect.poll(() => parameter(page, 'from'), { timeout: 20_000 }).not.toBe(String(from));
      const zoomed = touching(attempts, BigInt(parameter(page, 'from')), BigInt(parameter(page, 'to')));
      expect(zoomed.length).toBeLessThan(inWindow.length);
      await expectSums(page, zoomed);
      await expectSound(page, errors);
      // The address of what one zoomed to opens the same share.
      await page.reload({ waitUntil: 'load' });
      await isWhole();
      await expectSums(page, zoomed);
      expect(requested.filter((one) => one.startsWith('/api/jobs'))).toEqual([]);
      await page.context().close();
    },
  );

  it.each(VIEWS)('is shared with a picture of its lanes and its sums (%i x %i, %s)', async (...view) => {
    const share = await shareOf('');
    const { page, errors } = await openPage(browser, view);
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.goto(server.base + share.path, { waitUntil: 'load' });
    const picture = page.getByRole('img', { name: 'Lanes of the whole job over time' });
    await picture.waitFor();
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1280);
    await page.getByText(`${count(failed.length)} attempts failed`).waitFor();
    await page.getByRole('cell', { name: MAP }).first().waitFor();
    expect(requested.filter((one) => one.startsWith('/api/jobs'))).toEqual([]);
    await expectSound(page, errors);
    await page.context().close();
  });
});
