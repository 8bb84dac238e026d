/**
 * speedscope (npm, its release files served from here) beside X-Ray on the same synthetic job: time from the start of the
 * navigation to its flame chart, from its own evented format and from the Chrome trace format, and to X-Ray's first lanes.
 * Chromium without GPU; speedscope draws with WebGL, which SwiftShader runs on the CPU (--use-angle=swiftshader).
 */
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Browser, chromium } from 'playwright-core';
import { z } from 'zod';
import type { Engine, Query } from '../../lib/store/engine.ts';
import { openEngine } from '../../lib/store/open-engine.ts';
import { median, type Report } from './figure.ts';
import { freePort, root, startServer } from './server.ts';
import { FILLED, fill, JOB, untilKept } from './timeline-large.ts';

const SIZES = (process.env.XRAY_BENCH_SPEEDSCOPE ?? '100000,1000000').split(',').map(Number);
const VISITS = 3;
const LIMIT_MS = 180_000;
const RELEASE = join(root, 'node_modules/speedscope/dist/release');

interface Slice {
  readonly worker: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}
/** Attempts of one worker in a hundred and twenty-eight, ns after the first of the job. */
const slices: Query<Slice> = {
  name: 'bench-speedscope',
  sql: `SELECT worker_id AS worker, function_name AS name, toFloat64(state_ns['RUNNING'] - 1790000000000000000) AS start,
      toFloat64(arrayMax(mapValues(state_ns)) - 1790000000000000000) AS end
    FROM xray.ray_task_attempts WHERE cityHash64(worker_id) % 128 = {part:UInt32} ORDER BY worker, start`,
  row: z.object({ worker: z.string(), name: z.string(), start: z.number(), end: z.number() }),
};

async function* parts(engine: Engine): AsyncIterable<readonly Slice[]> {
  for (let part = 0; part < 128; part++) yield await engine.select(slices, { part });
}

/** Chrome trace format: one complete event per attempt, one thread per worker. */
async function* chromeTrace(engine: Engine): AsyncIterable<string> {
  const threads = new Map<string, number>();
  let separator = '[';
  for await (const part of parts(engine)) {
    let text = '';
    for (const { worker, name, start, end } of part) {
      const tid = threads.get(worker) ?? threads.size;
      threads.set(worker, tid);
      text += `${separator}${JSON.stringify({ name, ph: 'X', ts: start / 1000, dur: (end - start) / 1000, pid: 1, tid })}`;
      separator = ',\n';
    }
    yield text;
  }
  yield ']';
}

/** speedscope's file format: one evented profile per worker. */
async function* evented(engine: Engine): AsyncIterable<string> {
  const frames = new Map<string, number>();
  let separator = '{"$schema":"https://www.speedscope.app/file-format-schema.json","activeProfileIndex":0,"profiles":[';
  for await (const part of parts(engine)) {
    const byWorker = Map.groupBy(part, ({ worker }) => worker);
    let text = '';
    for (const [worker, own] of byWorker) {
      const events = own.flatMap(({ name, start, end }) => {
        const frame = frames.get(name) ?? frames.size;
        frames.set(name, frame);
        return [
          { type: 'O', frame, at: start },
          { type: 'C', frame, at: end },
        ];
      });
      const profile = {
        type: 'evented',
        name: worker,
        unit: 'nanoseconds',
        startValue: own[0]?.start ?? 0,
        endValue: own.at(-1)?.end ?? 0,
        events,
      };
      text += separator + JSON.stringify(profile);
      separator = ',\n';
    }
    yield text;
  }
  yield `],"shared":{"frames":${JSON.stringify([...frames.keys()].map((name) => ({ name })))}}}`;
}

async function serve(directory: string): Promise<{ readonly base: string; readonly close: () => void }> {
  const types: Readonly<Record<string, string>> = {
    html: 'text/html',
    js: 'text/javascript',
    css: 'text/css',
    json: 'application/json',
  };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = path.startsWith('/data/') ? join(directory, path.slice(6)) : join(RELEASE, path);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', types[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    base: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Ms until the profile's name stands in the title, a canvas is there and two frames were drawn since. */
async function speedscopePaint(browser: Browser, base: string, file: string): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  try {
    await page.waitForTimeout(1500);
    await page.goto(`${base}/index.html#profileURL=${encodeURIComponent(`${base}/data/${file}`)}&title=${file}`);
    const drawn = await page.waitForFunction(
      (title) =>
        document.title.includes(title) && document.querySelector('canvas') !== null
          ? new Promise<number>((done) =>
              requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))),
            )
          : null,
      file,
      { timeout: LIMIT_MS },
    );
    return Number(await drawn.jsonValue());
  } finally {
    await page.close();
  }
}

async function xrayPaint(browser: Browser, base: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.waitForTimeout(1500);
    await page.goto(`${base}/jobs/${JOB.jobId}/timeline?session=${JOB.session}`);
    return Number(await (await page.waitForFunction(FILLED, undefined, { timeout: LIMIT_MS })).jsonValue());
  } finally {
    await context.close();
  }
}

export async function run(report: Report): Promise<void> {
  if (!existsSync(RELEASE)) throw new Error(`${RELEASE} is not there: npm ci installs it`);
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  const browser = await chromium.launch({
    executablePath: found ?? chromium.executablePath(),
    args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  try {
    for (const size of SIZES) {
      const directory = mkdtempSync(join(tmpdir(), 'xray-bench-speedscope-'));
      const name = size >= 1e6 ? `${size / 1e6}M` : `${size / 1e3}k`;
      const say = (figure: string, value: number, unit: string) =>
        report({ suite: 'timeline-speedscope', figure: `${figure} ${name}`, value, unit });
      try {
        const data = join(directory, 'store');
        const attempts = await fill(data, size);
        const engine = await openEngine(data, null);
        await pipeline(evented(engine), createWriteStream(join(directory, 'evented.json')));
        await pipeline(chromeTrace(engine), createWriteStream(join(directory, 'chrome.json')));
        await engine.close();
        const server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: 'http://127.0.0.1:9', XRAY_DATA_DIR: data });
        const xray: number[] = [];
        try {
          await untilKept(server, attempts);
          await server.atRest(60);
          // The first visit loads the server's code.
          for (let visit = 0; visit <= VISITS; visit++) xray.push(await xrayPaint(browser, server.base));
        } finally {
          await server.close();
        }
        const own = median(xray.slice(1));
        say('xray-first-lanes', own, 'ms');
        const files = await serve(directory);
        try {
          for (const format of ['evented', 'chrome']) {
            const times: number[] = [];
            for (let visit = 0; visit < VISITS; visit++)
              times.push(await speedscopePaint(browser, files.base, `${format}.json`));
            say(`speedscope-${format}`, median(times), 'ms');
            say(`xray-over-speedscope-${format}`, own / median(times), 'ratio');
          }
        } finally {
          files.close();
        }
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
  } finally {
    await browser.close();
  }
}
