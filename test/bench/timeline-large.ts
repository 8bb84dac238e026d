/**
 * The timeline of one large synthetic job, through the production server and a real Chromium without GPU: time until lanes are on
 * the screen (`first-lanes`: the server's picture of them, or the canvas) and until they can be zoomed (`under-hand`), bytes, work per frame, server time of tiles at every zoom, memory. XRAY_BENCH_ATTEMPTS: sizes, joined by commas.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import { TimelineLanesResponse, timelineLanesRoute, timelineTileRoute } from '../../lib/contract/timeline-tile.ts';
import { LANE_PAGE } from '../../lib/model/timeline-tile.ts';
import type { Query } from '../../lib/store/engine.ts';
import { migrate } from '../../lib/store/migrate.ts';
import { openEngine } from '../../lib/store/open-engine.ts';
import { MIGRATIONS } from '../../lib/store/schema/migrations.ts';
import { median, type Report } from './figure.ts';
import { type BenchServer, startServer } from './server.ts';

const SIZES = (process.env.XRAY_BENCH_ATTEMPTS ?? '1000000').split(',').map(Number);
const WORKERS = 1024;
const BLOCK = 500_000;
export const JOB = { jobId: '01000000', session: 'session_synthetic_large' };
const KEPT_S = 1200;
const PIXELS = 1040;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/**
 * Attempts as merged parts, made by the engine: 1,024 workers on 64 nodes, each one attempt of 2 to 32 ms every 40 ms; every
 * thousandth takes twenty times as long, and its worker leaves out twenty; one in a hundred fails.
 */
const synthetic = (from: number, count: number): string => `INSERT INTO xray.ray_task_attempts
  (session, job_id, task_id, attempt, type, function_name, node_id, worker_id, worker_pid, state_ns, error_type, sources)
  SELECT '${JOB.session}', '${JOB.jobId}', concat(lower(hex(cityHash64(number, 3))), 'ffffffffffffffffffffffff01000000'), 0, 'NORMAL_TASK',
    concat('synthetic_', toString(cityHash64(number, 4) % 12)), lower(hex(cityHash64('node', intDiv(number % ${WORKERS}, 16)))),
    lower(hex(cityHash64('worker', number % ${WORKERS}))), 1000 + number % ${WORKERS},
    map('RUNNING', start, if(cityHash64(number, 5) % 100 = 0, 'FAILED', 'FINISHED'),
      start + toInt64((2e6 + cityHash64(number, 1) % 30000000) * if(intDiv(number, ${WORKERS}) % 1000 = 0, 20, 1))),
    if(cityHash64(number, 5) % 100 = 0, 'TASK_EXECUTION_EXCEPTION', ''), ['event']
  FROM (SELECT number, 1790000000000000000 + intDiv(number, ${WORKERS}) * 40000000 + cityHash64(number, 6) % 5000000 AS start
    FROM numbers(${from}, ${count}) WHERE intDiv(number, ${WORKERS}) % 1000 NOT BETWEEN 1 AND 20)`;

const stored: Query<{ attempts: number }> = {
  name: 'bench-stored',
  sql: `SELECT count() AS attempts FROM xray.ray_task_attempts WHERE session = '${JOB.session}'`,
  row: z.object({ attempts: z.coerce.number() }),
};

/** Resolves with how many attempts there are then: a few less than asked for, where workers leave some out. */
export async function fill(directory: string, attempts: number): Promise<number> {
  const engine = await openEngine(directory, null);
  await migrate(engine, MIGRATIONS);
  for (let from = 0; from < attempts; from += BLOCK)
    await engine.command(synthetic(from, Math.min(BLOCK, attempts - from)));
  const [row] = await engine.select(stored, {}, { timeoutMs: 120_000 });
  await engine.close();
  return row?.attempts ?? 0;
}

const lanesOf = async (server: BenchServer) =>
  TimelineLanesResponse.parse(await (await fetch(server.base + requestPath(timelineLanesRoute, JOB))).json());

/** Resolves with the seconds until the timeline holds all attempts. */
export async function untilKept(server: BenchServer, attempts: number): Promise<number> {
  const began = performance.now();
  for (; performance.now() - began < KEPT_S * 1000; await sleep(1000)) {
    const { matched } = await lanesOf(server).catch(() => ({ matched: 0 }));
    if (matched === attempts) return (performance.now() - began) / 1000;
  }
  throw new Error(`the timeline did not hold ${attempts} attempts within ${KEPT_S} s`);
}

/**
 * Uncached tiles of one page of lanes as the browser asks for them, at every zoom from the whole job to a thousandth of a second.
 * `pages`: how many pages of lanes further; the same moments of other lanes are other tiles.
 */
async function tileTimes(server: BenchServer, pages: number): Promise<readonly number[]> {
  const answer = await lanesOf(server);
  const [first, last] = [BigInt(answer.fromNs ?? 0), BigInt(answer.toNs ?? 0)];
  const times: number[] = [];
  for (let zoom = 0; (last - first) >> BigInt(zoom) > 1_000_000n; zoom++) {
    const span = (last - first) >> BigInt(zoom);
    const resolution = Math.floor(Math.log2(Number(span) / PIXELS));
    for (let visit = 0; visit < 3; visit++) {
      const middle = first + ((last - first) * BigInt(visit * 29 + 20)) / 100n;
      const from = zoom < 2 ? first : middle;
      const page = ((zoom * 3 + visit + pages) % 30) * LANE_PAGE;
      const path = requestPath(timelineTileRoute, {
        ...JOB,
        from: from.toString(),
        to: (zoom < 2 ? last : middle + 3n * span).toString(),
        resolution: Math.max(0, resolution),
        lanes: answer.lanes.key.slice(page, page + LANE_PAGE).join(','),
      });
      const began = performance.now();
      const tile = await fetch(server.base + path);
      await tile.arrayBuffer();
      if (!tile.ok) throw new Error(`${path}: ${tile.status}`);
      times.push(performance.now() - began);
    }
  }
  return times;
}

export const FILLED = () => performance.getEntriesByName('timeline-filled', 'mark')[0]?.startTime ?? null;
/** Keeps when the server's picture of the lanes was on the screen (Element Timing). */
const WATCH = () => {
  const seen: number[] = [];
  Object.assign(globalThis, { pictureSeen: seen });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { renderTime: number; identifier: string })[])
      if (entry.identifier === 'first-picture' && entry.renderTime > 0) seen.push(entry.renderTime);
  }).observe({ type: 'element', buffered: true });
};
const SEEN = () => (globalThis as unknown as { pictureSeen: number[] }).pictureSeen;
const drawn = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const times = performance.getEntriesByName('timeline-draw').map(({ duration }) => duration);
    performance.clearMeasures('timeline-draw');
    return times;
  });

export async function run(report: Report): Promise<void> {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  const browser = await chromium.launch({
    executablePath: found ?? chromium.executablePath(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const bytesOf = new Map<number, number>();
  try {
    for (const size of SIZES) {
      const name = size >= 1e6 ? `${size / 1e6}M` : String(size);
      const say = (figure: string, value: number, unit: string) =>
        report({ suite: 'timeline-large', figure: `${figure} ${name}`, value, unit });
      const directory = mkdtempSync(join(tmpdir(), 'xray-bench-large-'));
      process.stderr.write(`${name} attempts: made\n`);
      const attempts = await fill(directory, size);
      const server = await startServer({
        XRAY_DEMO: '0',
        PROMETHEUS_URL: 'http://127.0.0.1:9',
        XRAY_DATA_DIR: directory,
      });
      try {
        say('made-anew', await untilKept(server, attempts), 's');
        process.stderr.write(`${name} attempts: kept\n`);
        await server.atRest(120);
        // A server that has answered before: the first tiles of its life load and compile its code.
        await tileTimes(server, 15);
        const times = await tileTimes(server, 0);
        say('tile-p50', quantile(times, 0.5), 'ms');
        say('tile-p95', quantile(times, 0.95), 'ms');

        const paints: number[] = [];
        const canvases: number[] = [];
        for (let visit = 0; visit < 5; visit++) {
          // A context of its own: nothing is cached.
          const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
          const page = await context.newPage();
          await page.addInitScript(WATCH);
          // A browser at rest: that a tab's process starts is no part of the page.
          await page.waitForTimeout(1500);
          let bytes = 0;
          page.on('requestfinished', async (request) => {
            if (!request.url().includes('/timeline/')) return;
            const { responseBodySize } = await request.sizes();
            bytes += responseBodySize;
          });
          await page.goto(`${server.base}/jobs/${JOB.jobId}/timeline?session=${JOB.session}`);
          const filled = Number(await (await page.waitForFunction(FILLED)).jsonValue());
          const seen = await page.evaluate(SEEN);
          paints.push(Math.min(filled, ...seen));
          canvases.push(filled);
          await page.waitForTimeout(1500);
          bytesOf.set(size, bytes / 1000);
          if (visit === 4) {
            await hands(page, say);
            const heap = await page.evaluate(
              () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
            );
            say('browser-heap', heap / 1e6, 'MB');
          }
          await context.close();
        }
        // The first visit loads the server's code.
        say(size > 1e6 ? 'first-lanes-10M' : 'first-lanes', median(paints.slice(1)), 'ms');
        say('under-hand', median(canvases.slice(1)), 'ms');
        say('first-view', bytesOf.get(size) ?? Number.NaN, 'kB');
        say('resident', server.residentMiB(), 'MiB');
      } finally {
        await server.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }
    const [small, large] = [bytesOf.get(1_000_000), bytesOf.get(10_000_000)];
    if (small !== undefined && large !== undefined)
      report({ suite: 'timeline-large', figure: 'first-view-10M-over-1M', value: large / small, unit: 'ratio' });
  } finally {
    await browser.close();
  }
}

/** Drags and wheels for a while; the work of each frame that was drawn meanwhile. */
async function hands(page: Page, say: (figure: string, value: number, unit: string) => void): Promise<void> {
  const box = await page.getByRole('application', { name: /Task timeline/ }).boundingBox();
  if (!box) throw new Error('no lanes');
  const [x, y] = [box.x + box.width * 0.6, box.y + box.height * 0.4];
  await page.mouse.move(x, y);
  await drawn(page);
  for (let i = 0; i < 40; i++) {
    await page.mouse.wheel(0, i < 24 ? -60 : 40);
    await page.waitForTimeout(40);
  }
  say('zoom-frame-p95', quantile(await drawn(page), 0.95), 'ms');
  await page.waitForTimeout(2000);
  await drawn(page);
  await page.mouse.down();
  for (let i = 0; i < 40; i++) {
    await page.mouse.move(x - Math.abs(((i * 12) % 400) - 200), y);
    await page.waitForTimeout(30);
  }
  await page.mouse.up();
  say('pan-frame-p95', quantile(await drawn(page), 0.95), 'ms');
}
