/** The memory page on the simulated cluster: from a kill to its cell to what ran there then, by pointer and by keys. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heatmapRoute, oomRoute } from '../../lib/contract/memory.ts';
import { base, expectQuery, expectSound, get, launchBrowser, openPage, VIEWS } from './harness.ts';

let browser: Browser;
/** Ten minutes around the newest kill, in which it stands still. */
let window: { from: string; to: string };
let kill: Awaited<ReturnType<typeof killOfJoin>>;
const SLOW = { timeout: 60_000 };

/** The simulated history comes in while the server is up; until its events are there only the counter tells the kill. */
async function killOfJoin() {
  for (const end = Date.now() + 150_000; Date.now() < end; await new Promise((done) => setTimeout(done, 1000))) {
    const { kills } = await get(oomRoute, {});
    const found = kills.find((one) => one.name === 'join_features' && one.source !== 'metric');
    if (found) return found;
  }
  throw new Error('the simulated kill of join_features is missing');
}

beforeAll(async () => {
  browser = await launchBrowser();
  kill = await killOfJoin();
  const at = Number(BigInt(kill.timeNs) / 1_000_000n);
  window = { from: String(at - 400_000), to: String(at + 200_000) };
});
afterAll(() => browser?.close());

const address = (more: Record<string, string> = {}) =>
  `${base}/memory?${new URLSearchParams({ ...window, v: '1', ...more })}`;

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it('shows nodes, the kill and its totals, and is sound', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(address(), { waitUntil: 'load' });
    await page.getByRole('application', { name: /Memory by node over time/ }).waitFor(SLOW);
    await page
      .getByText('join_features')
      .first()
      .waitFor({ ...SLOW, state: 'attached' });
    await expectSound(page, errors);
    await page.context().close();
  });
});

describe('a kill', () => {
  it('stands on the heat map, in a bin in which its node was nearly full', async () => {
    const map = await get(heatmapRoute, { by: 'node', ...window, bins: 60 });
    expect(map.kills).toContainEqual(expect.objectContaining({ name: 'join_features', timeNs: kill.timeNs }));
    const row = map.rows.find((one) => one.id === map.kills[0]?.rowId);
    const peak = Math.max(...(row?.usedBytes ?? []).map((value) => value ?? 0));
    expect(peak / (row?.capacityBytes ?? Number.NaN)).toBeGreaterThan(0.85);
    expect(row?.nodeId).toBe(kill.nodeId);
  });

  it('leads to what ran there then, and Back undoes it', async () => {
    const { page } = await openPage(browser);
    await page.goto(address(), { waitUntil: 'load' });
    const when = new Date(Number(BigInt(kill.timeNs) / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');
    await page.getByRole('button', { name: when }).click(SLOW);
    const ran = page.getByRole('group', { name: 'Attempts on this node in this cell' });
    await ran.getByText('join_features').first().waitFor(SLOW);
    expect(await ran.textContent()).toContain('OUT_OF_MEMORY');
    await expectQuery(page, 'row', new RegExp(`^${kill.nodeIp}$`));
    expect(await ran.getByRole('link', { name: 'join_features' }).first().getAttribute('href')).toMatch(
      /^\/jobs\/02000000\/timeline\?session=.*&from=\d{19}&to=\d{19}&sel=[0-9a-f]{48}:0$/,
    );
    await page.goBack();
    await ran.waitFor({ ...SLOW, state: 'detached' });
    await page.context().close();
  });
});

describe('the heat map', () => {
  it('is one tab stop whose cells are read out and chosen by keys', async () => {
    const { page } = await openPage(browser);
    await page.goto(address(), { waitUntil: 'load' });
    const map = page.getByRole('application', { name: /Memory by node over time/ });
    await map.focus(SLOW);
    const readOut = page.getByText(/^sim-node-\d+, \d\d:\d\d:\d\d to .* UTC: /);
    // The first key may come before the page listens. The last bins may be to come; the first one was before the kill.
    for (const end = Date.now() + SLOW.timeout; Date.now() < end && !(await readOut.isVisible()); ) {
      await page.keyboard.press('End');
      await page.waitForTimeout(100);
    }
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.getByText(/^sim-node-1, \d\d:\d\d:\d\d to .* UTC: .*of 512 GiB/).waitFor(SLOW);
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'What ran there then' }).waitFor(SLOW);
    await expectQuery(page, 'at', /^\d{13}$/);
    await page.context().close();
  });

  it('a span dragged over becomes the window, and Back undoes it', async () => {
    const { page } = await openPage(browser);
    await page.goto(address(), { waitUntil: 'load' });
    const map = page.getByRole('application', { name: /Memory by node over time/ });
    await map.waitFor(SLOW);
    const box = await map.boundingBox();
    if (!box) throw new Error('the heat map has no place');
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height - 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height - 10, { steps: 4 });
    await page.mouse.up();
    const span = () => {
      const query = new URL(page.url()).searchParams;
      return Number(query.get('to')) - Number(query.get('from'));
    };
    await page.waitForFunction((before) => new URL(location.href).searchParams.get('from') !== before, window.from);
    expect(span()).toBeLessThan(300_000);
    await page.goBack();
    await page.waitForFunction((before) => new URL(location.href).searchParams.get('from') === before, window.from);
    await page.context().close();
  });

  it('by GPU a link chooses its row; the table says the same', async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(address({ by: 'gpu', row: '192.0.2.10/gpu3' }), { waitUntil: 'load' });
    // 64 that train, 8 that answer requests and 16 that nobody uses.
    await page.getByText('88 rows').waitFor(SLOW);
    await page.getByRole('figure', { name: 'Memory of sim-node-0 gpu3' }).waitFor(SLOW);
    await page.getByRole('button', { name: 'As table' }).click();
    const table = page.getByRole('group', { name: 'Memory by row' });
    expect(await table.getByRole('row').count()).toBe(89);
    await expectSound(page, errors);
    await page.context().close();
  });
});
