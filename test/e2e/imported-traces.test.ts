/** Traces of PyTorch's profiler that were imported, on the collectives page: two runs with one name of the group. SYNTHETIC traces. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectivesRoute } from '../../lib/contract/collectives.ts';
import { runXray } from '../lib/cli/run-xray.ts';
import { asker } from '../support/ask.ts';
import { expectSound, launchBrowser, openPage, VIEWS } from './harness.ts';
import { startServer, until } from './server.ts';

const FIELD = 'test/fixtures/torch/synthetic';
/** Around the times of the traces, ms. */
const RUNS = { from: '1796984980000', to: '1796985700000' };
const WITHOUT_SEQ = { from: '1795989980000', to: '1795990040000' };

let browser: Browser;
/** Without the simulated cluster, whose communicators would stand beside these. */
let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer({ XRAY_DEMO: '0' });
  await until(server, 60, 'an answer', async () => (await fetch(`${server.base}/api/health`)).ok);
  browser = await launchBrowser();
  for (const folder of ['kineto-two-runs', 'kineto-nccl-noseq']) {
    const { code, stderr } = await runXray(['import', '--xray', server.base, `${FIELD}/${folder}`]);
    expect([code, stderr]).toEqual([0, '']);
  }
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const address = ({ from, to }: typeof RUNS) => `${server.base}/collectives?from=${from}&to=${to}&v=1`;

describe('imported traces', () => {
  it('are two communicators, each with a verdict that says on how much it rests', async () => {
    for (const view of VIEWS) {
      const { page, errors } = await openPage(browser, view);
      await page.goto(address(RUNS));
      await page.getByRole('heading', { name: '2 communicators' }).waitFor({ timeout: 60_000 });
      await page.getByText('Judged on 12 of 12 operations, which account for 100 % of the total time.').waitFor();
      expect(await page.getByRole('button', { name: 'default_pg' }).count()).toBe(2);
      await page.getByText('first in this window: 2026-12-11 10:30:00 UTC').waitFor();
      await expectSound(page, errors);
      await page.context().close();
    }
  });

  it('too few operations accuse nobody, and the page says who was last in them', async () => {
    const { communicators } = await asker(server.base)(collectivesRoute, WITHOUT_SEQ);
    expect(communicators.map(({ name, operations }) => [name, operations])).toEqual([['default_pg', 5]]);
    const { page, errors } = await openPage(browser);
    await page.goto(address(WITHOUT_SEQ));
    await page
      .getByRole('region', { name: 'Verdict' })
      .getByText('too few to tell lateness from chance, which takes 11. Rank 1 was last in 5 of them.')
      .waitFor({ timeout: 60_000 });
    await expectSound(page, errors);
    await page.context().close();
  });
});
