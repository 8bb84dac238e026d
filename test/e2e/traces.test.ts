/** Traces in a real browser: search, tree, lanes, critical path, on the simulated cluster and a synthetic trace. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { traceRoute, tracesRoute } from '../../lib/contract/traces.ts';
import { base, expectSound, get, launchBrowser, openPage, type View } from './harness.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const PHONE: View = [390, 844, 'dark'];

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
      const [step, index] = [Math.floor((i - 1) / 11), (i - 1) % 11];
      if (index === 0) return span(i, 0, 'synthetic.step', step * 1_000_000, 990_000);
      return span(i, i - index, `synthetic.op_${index}`, step * 1_000_000 + index * 80_000, 70_000);
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
