/** The collectives page on the simulated cluster: both sources name the rank that the simulation slows down. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectivesRoute, ranksRoute } from '../../lib/contract/collectives.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { base, expectQuery, expectSound, get, launchBrowser, openPage, VIEWS } from './harness.ts';

/** lib/demo/world/model.ts: rank 11 is slow from 25 min before the start; GPU 3 of the second of eight nodes. */
const SLOW = { rank: '11', host: 'sim-node-1', gpu: 'GPU3' };

let browser: Browser;
let window: { from: string; to: string };
beforeAll(async () => {
  browser = await launchBrowser();
  const now = Math.floor(Date.now() / 10_000) * 10_000;
  window = { from: String(now - 1_200_000), to: String(now) };
});
afterAll(() => browser?.close());

const address = (rest = '') => `${base}/collectives?from=${window.from}&to=${window.to}&v=1${rest}`;
const shown = (page: Page, text: string | RegExp) =>
  page.getByText(text).first().waitFor({ state: 'attached', timeout: 60_000 });

describe('collectives', () => {
  it('spans and NCCL Inspector name the same GPU, and nobody on the other node', async () => {
    const { communicators } = await get(collectivesRoute, window);
    const late = communicators.map((one) => [
      one.name,
      one.source,
      one.lateRank?.host ?? null,
      one.lateRank?.gpu ?? null,
    ]);
    const names = ['dp-0', 'dp-1', ...Array.from({ length: 8 }, (_, node) => `tp-${node}`)];
    const waits = new Set(['dp-0', 'tp-1']);
    expect(late.sort()).toEqual(
      [
        // Nobody's Inspector sees what RCCLX does by direct access.
        ['chat-tp', 'spans', null, null],
        ...names.flatMap((name) =>
          (['nccl-inspector', 'spans'] as const).map((source) =>
            waits.has(name) ? [name, source, SLOW.host, SLOW.gpu] : [name, source, null, null],
          ),
        ),
      ].sort(),
    );
    const spans = communicators.find((one) => one.name === 'tp-1' && one.source === 'spans');
    expect(spans?.lateRank).toMatchObject({ rank: '3', globalRank: SLOW.rank });
    // Both measure the same operations: what the others wait agrees within a tenth.
    const late0 = communicators.filter((one) => one.name === 'dp-0').map((one) => Number(one.lateRank?.latenessNs));
    expect(Math.max(...late0) / Math.min(...late0)).toBeLessThan(1.1);
  });

  it('tell the transfer that a bad link slows down from lateness, and on which communicator', async () => {
    // lib/demo/world/model.ts: the training job began 57 min before the start of the simulation, the link is bad from 12 min before it.
    const train = (await get(jobsRoute, {})).jobs.find((row) => row.submissionId === 'raysubmit_sim_train');
    const start = Number(BigInt(train?.startNs ?? 0) / 1_000_000n) + 57 * 60_000;
    const around = { from: String(start - 24 * 60_000), to: String(start - 60_000) };
    const { communicators } = await get(collectivesRoute, around);
    const slow = communicators.filter((one) => one.slowTransfer !== null);
    expect(slow.map(({ name, source }) => [name, source])).toEqual([
      ['dp-1', 'spans'],
      ['dp-1', 'nccl-inspector'],
    ]);
    for (const one of slow) {
      expect(one.slowTransfer?.ratio).toBeGreaterThan(1 / 2.4 - 0.06);
      expect(one.slowTransfer?.ratio).toBeLessThan(1 / 2.4 + 0.06);
      expect(one.lateRank).toBeNull();
      // It lost two of its four lanes.
      expect(one.badPorts).toEqual([
        { host: 'sim-node-6', device: 'mlx5_6', port: '1', rateGBs: 25, fullRateGBs: 50, errorsPerSecond: null },
      ]);
    }
    const { page, errors } = await openPage(browser);
    const query = `from=${around.from}&to=${around.to}&v=1&comm=${encodeURIComponent(slow[0]?.id ?? '')}`;
    await page.goto(`${base}/collectives?${query}`, { waitUntil: 'load' });
    await shown(page, /AllReduce moves \d+ of its usual \d+ GB\/s \(\d+ %\) since \d\d:\d\d UTC/);
    await shown(page, /Port mlx5_6 of sim-node-6 runs at 25 of 50 GB\/s\./);
    await shown(page, /transfer at \d+ % of usual/);
    await expectSound(page, errors);
    await page.context().close();
  });

  it('the page opens with the worst, says it in a sentence, and shows the numbers of the API', async () => {
    const { page, errors } = await openPage(browser);
    // The answer that the page itself got: the simulation may still be filling its past.
    const answered = page.waitForResponse((response) => response.url().includes('/api/collectives?'));
    await page.goto(address(), { waitUntil: 'load' });
    const { communicators } = collectivesRoute.response.parse(await (await answered).json());
    const dp = communicators[0];
    if (!dp?.lateRank) throw new Error('the first communicator has no late rank');
    expect([dp.name, dp.source]).toEqual(['dp-0', 'spans']);
    const share = Math.round(dp.lateRank.share * 100);
    await shown(page, new RegExp(`Rank 11 on sim-node-1 GPU3 arrives last in ${share} % of AllReduce operations`));
    const row = page.getByRole('row').filter({ hasText: 'rank 11 on sim-node-1 GPU3' });
    const text = await row.first().textContent();
    expect(text).toContain(`${dp.operations}`);
    expect(text).toContain(`${Number(dp.busbwNow?.median.toPrecision(3))} GB/s`);
    await page.getByRole('button', { name: 'dp-0' }).nth(1).click();
    await shown(page, /GPU3 on sim-node-1 arrives last in \d+ % of dump intervals of AllReduce/);
    await expectQuery(page, 'comm', /^nccl/);
    await page.goBack();
    await shown(page, /Rank 11 on sim-node-1 GPU3 arrives last/);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('the ranks are in order of lateness; the late one leads to its GPU, its node and what ran there', async () => {
    const { communicators } = await get(collectivesRoute, window);
    const id = communicators.find((one) => one.name === 'dp-0' && one.source === 'spans')?.id ?? '';
    const { ranks } = await get(ranksRoute, { ...window, communicator: id });
    expect(ranks).toHaveLength(32);
    expect(ranks[0]).toMatchObject({ ...SLOW, isLate: true });
    expect(ranks.filter((rank) => rank.isLate)).toHaveLength(1);
    expect(ranks[0]?.meanWaitUs).toBeLessThan((ranks[1]?.meanWaitUs ?? 0) / 10);
    const { page, errors } = await openPage(browser);
    await page.goto(address(`&comm=${encodeURIComponent(id)}`), { waitUntil: 'load' });
    const list = page.getByRole('listbox');
    await list.waitFor({ timeout: 60_000 });
    await list.focus();
    await page.keyboard.press('Home');
    await shown(page, /late beyond noise$/);
    await expectQuery(page, 'rank', /^11$/);
    await shown(page, 'TrainWorker.train_step');
    const gpu = await page.getByRole('link', { name: 'GPU3', exact: true }).getAttribute('href');
    expect(gpu).toBe(
      `/memory?by=gpu&row=${encodeURIComponent(`${ranks[0]?.nodeIp}/gpu3`)}&from=${window.from}&to=${window.to}&v=1`,
    );
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it.each(VIEWS)('is sound in %i x %i, %s', async (...view) => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(address('&rank=11'), { waitUntil: 'load' });
    await shown(page, /arrives last in/);
    await page.getByRole('listbox').waitFor({ timeout: 60_000 });
    await shown(page, /What ran/);
    await expectSound(page, errors);
    await page.context().close();
  });

  it.each([
    ['/api/collectives', 400, 'invalid-parameter'],
    ['/api/collectives?from=2&to=1', 400, 'invalid-parameter'],
    ['/api/collectives/ranks?from=1&to=2&communicator=nope', 404, 'not-found'],
    ['/api/collectives/ranks?from=1&to=2&communicator=nope&x=1', 400, 'unknown-parameter'],
  ])('refuses %s as a problem', async (path, status, code) => {
    const response = await fetch(base + path);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(await response.json()).toMatchObject({ status, code });
  });
});
