/** What real systems send and is broken or of no use, as the pages show it: spans without an end, records set aside, old spans, kills. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSound, launchBrowser, openPage, type View } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';

const fixture = (path: string): string => readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8');
const VIEWS: readonly View[] = [
  [1440, 900, 'dark'],
  [390, 844, 'light'],
];

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  // Retention is long, because the fixtures keep their dates; one span is older still.
  server = await startServer({ XRAY_DEMO: '0', XRAY_RAY_DISCOVERY: 'off', XRAY_RETENTION_TRACES_DAYS: '3650' });
  await until(server, 90, 'health', async () => (await fetch(`${server.base}/api/health`)).ok);
  const send = async (path: string, body: string): Promise<void> => {
    const answer = await fetch(server.base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(200);
  };
  await send('/v1/traces', fixture('otlp/synthetic/clock/spans.json'));
  const old = {
    traceId: '1'.padStart(32, '0'),
    spanId: '1'.padStart(16, '0'),
    startTimeUnixNano: '1000000000000000000',
  };
  await send('/v1/traces', JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [old] }] }] }));
  const events = fixture('ray/synthetic/execution-event/events.json');
  const { sessionName } = (JSON.parse(events) as { sessionName: string }[])[0] ?? { sessionName: '' };
  const unused = { eventType: 'PLATFORM_EVENT', sessionName, timestamp: '2026-11-29T18:52:10Z' };
  await send('/v1/events?cluster=field', events);
  await send('/v1/events?cluster=field', JSON.stringify([unused, unused, { ...unused, timestamp: 'soon' }]));
  await send('/v1/events?cluster=field', fixture('ray/synthetic/oom-formats/events.json'));
  browser = await launchBrowser();
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.each(VIEWS)('%i x %i, %s', (...view) => {
  it('a span without an end is marked in the tree and in its details, its child below it', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/traces/1111111111111111111111111111111a`, { waitUntil: 'load' });
    const rows = page.getByRole('treeitem');
    await rows.first().waitFor({ timeout: 60_000 });
    expect(await rows.count()).toBe(6);
    expect(await rows.filter({ hasText: 'end unknown' }).count()).toBe(2);
    expect(await rows.filter({ hasText: 'parent not in trace' }).count()).toBe(0);
    expect(await rows.filter({ hasText: 'child of it' }).getAttribute('aria-level')).toBe('3');
    await rows.filter({ hasText: 'clock went back' }).click();
    const details = page.getByRole('region', { name: 'Span', exact: true });
    await details.getByText('it ends 1.101 s before it starts; kept with duration 0').first().waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('the list of traces says how many spans were too old', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/traces`, { waitUntil: 'load' });
    await page
      .getByText('1 span sent since yesterday is set aside: older than the 3650 days that traces are kept')
      .waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('a job of Ray 2.49 has its states, and names what was received and is of no use', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/jobs/03000000`, { waitUntil: 'load' });
    await page.getByText('3 finished, 1 failed').first().waitFor({ timeout: 60_000 });
    await page.getByText('Received and of no use to X-Ray: 2 PLATFORM_EVENT.').waitFor();
    await page.getByText(/1 record of this session could not be read: timestamp is not an RFC 3339 time/).waitFor();
    await expectSound(page, errors);
    await page.context().close();
  });

  it('kills show what the report says of the node', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/memory?from=1795942800000000000&to=1795943100000000000`, { waitUntil: 'load' });
    await page
      .getByText('7.2 GiB of 8 GiB (90 %), kill threshold 6.4 GiB')
      .waitFor({ state: 'attached', timeout: 60_000 });
    await expectSound(page, errors);
    await page.context().close();
  });
});
