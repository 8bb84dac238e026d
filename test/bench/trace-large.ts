/**
 * One synthetic trace of 300,000 spans, through the production server and a real Chromium without GPU: time to the first rows,
 * bytes, work per frame of scroll and zoom in the tree and in the lanes, server time, memory.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { migrate } from '../../lib/store/migrate.ts';
import { openEngine } from '../../lib/store/open-engine.ts';
import { MIGRATIONS } from '../../lib/store/schema/migrations.ts';
import { median, type Report } from './figure.ts';
import { startServer } from './server.ts';
import { syntheticTrace } from './synthetic-trace.ts';

const SPANS = 300_000;
const TRACE = '5'.repeat(32);
const STEPS = 40;

const p95 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.95))] ?? Number.NaN;

async function fill(directory: string): Promise<void> {
  const engine = await openEngine(directory, null);
  await migrate(engine, MIGRATIONS);
  await engine.command(syntheticTrace(TRACE, SPANS));
  await engine.close();
}

const TraceEvents = z.object({
  traceEvents: z.array(
    z.looseObject({
      name: z.string(),
      pid: z.number(),
      tid: z.number(),
      ts: z.number(),
      dur: z.number().optional(),
      args: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

/**
 * Work of the page's main thread in each frame while a hand does something, ms: tasks from one frame's commit to the next,
 * as the browser itself traces them; script, style, layout and paint alike.
 */
async function frameWork(page: Page, act: (step: number) => Promise<void>): Promise<readonly number[]> {
  const browser = page.context().browser();
  if (!browser) throw new Error('no browser');
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'],
  });
  for (let step = 0; step < STEPS; step++) {
    await act(step);
    await page.waitForTimeout(40);
  }
  const { traceEvents } = TraceEvents.parse(JSON.parse((await browser.stopTracing()).toString()));
  const busiest = new Map<string, number>();
  const threadOf = (event: (typeof traceEvents)[number]): string => `${event.pid} ${event.tid}`;
  for (const event of traceEvents)
    if (event.name === 'FunctionCall') busiest.set(threadOf(event), (busiest.get(threadOf(event)) ?? 0) + 1);
  const [main] = [...busiest].sort((a, b) => b[1] - a[1])[0] ?? [];
  const own = traceEvents.filter((event) => threadOf(event) === main);
  const commits = own
    .filter(({ name }) => name === 'Commit')
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const work = commits.map(() => 0);
  for (const { name, ts, dur } of own) {
    if (name !== 'ThreadControllerImpl::RunTask' || dur === undefined) continue;
    const frame = commits.findIndex((commit) => commit >= ts);
    if (frame !== -1) work[frame] = (work[frame] ?? 0) + dur / 1000;
  }
  if (work.length < STEPS / 2) throw new Error(`${work.length} frames in ${STEPS} steps`);
  return work;
}

const FILLED = () => performance.getEntriesByName('trace-filled', 'mark')[0]?.startTime ?? null;

export async function run(report: Report): Promise<void> {
  const say = (figure: string, value: number, unit: string) => report({ suite: 'trace-large', figure, value, unit });
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  const browser = await chromium.launch({
    executablePath: found ?? chromium.executablePath(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const directory = mkdtempSync(join(tmpdir(), 'xray-bench-trace-'));
  await fill(directory);
  const server = await startServer({
    XRAY_DEMO: '0',
    PROMETHEUS_URL: 'http://127.0.0.1:9',
    XRAY_RETENTION_TRACES_DAYS: '3650',
    XRAY_DATA_DIR: directory,
  });
  try {
    const times: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const begun = performance.now();
      const answer = await fetch(`${server.base}/api/traces/${TRACE}/spans`);
      const { byteLength } = await answer.arrayBuffer();
      times.push(performance.now() - begun);
      if (turn === 0) say('bytes', byteLength / 1e6, 'MB');
    }
    say('server-time', median(times.slice(1)), 'ms');
    const paints: number[] = [];
    for (let visit = 0; visit < 4; visit++) {
      // A context of its own: nothing is cached.
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.waitForTimeout(1500);
      await page.goto(`${server.base}/traces/${TRACE}`);
      paints.push(Number(await (await page.waitForFunction(FILLED, null, { timeout: 60_000 })).jsonValue()));
      if (visit === 3) await hands(page, say);
      await context.close();
    }
    // The first visit loads the server's code.
    say('first-rows', median(paints.slice(1)), 'ms');
    say('resident', server.residentMiB(), 'MiB');
  } finally {
    await browser.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function hands(page: Page, say: (figure: string, value: number, unit: string) => void): Promise<void> {
  await page.waitForTimeout(1500);
  const box = await page.getByRole('tree').boundingBox();
  if (!box) throw new Error('no rows');
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
  const heap = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  say('browser-heap', heap / 1e6, 'MB');
  const scroll = await frameWork(page, () => page.mouse.wheel(0, 400));
  say('tree-scroll-frame-p95', p95(scroll), 'ms');
  const far = await frameWork(page, (step) =>
    page.getByRole('tree').evaluate(
      (tree, share) => {
        tree.scrollTop = tree.scrollHeight * share;
      },
      ((step * 37) % 100) / 100,
    ),
  );
  say('tree-jump-frame-p95', p95(far), 'ms');
  await page.keyboard.down('Control');
  const zoom = await frameWork(page, (step) => page.mouse.wheel(0, step < 24 ? -60 : 40));
  await page.keyboard.up('Control');
  say('tree-zoom-frame-p95', p95(zoom), 'ms');
  await page.getByRole('button', { name: 'Lanes' }).click();
  const lanes = page.getByRole('application', { name: /timeline/ });
  await lanes.waitFor();
  await page.waitForTimeout(1000);
  const canvas = await lanes.boundingBox();
  if (!canvas) throw new Error('no lanes');
  await page.mouse.move(canvas.x + canvas.width * 0.6, canvas.y + canvas.height * 0.4);
  const lanesZoom = await frameWork(page, (step) => page.mouse.wheel(0, step < 24 ? -60 : 40));
  say('lanes-zoom-frame-p95', p95(lanesZoom), 'ms');
}
