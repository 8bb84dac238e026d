/**
 * Every page of the production build on the simulated cluster: kilobytes (1000 bytes, gzip) of the scripts that its HTML
 * names, which leaves out what is loaded lazily, of those that all pages have in common (the shell), and the first contentful paint
 * in a real Chromium (median of three).
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { median, type Report } from './figure.ts';
import { type BenchServer, root, startServer } from './server.ts';

const VISITS = 3;
const FILL_S = 90;

/** Addresses of the pages without parameters, read from the tree. */
function plainPages(): string[] {
  const folder = join(root, 'app/(dashboard)');
  const pages = existsSync(join(folder, 'page.tsx')) ? ['/'] : [];
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory() && existsSync(join(folder, entry.name, 'page.tsx'))) pages.push(`/${entry.name}`);
  return pages;
}

/** A job, its timeline and a trace of the simulated cluster, once it has them. */
async function deepPages(base: string): Promise<string[]> {
  const ask = async (path: string): Promise<Record<string, { jobId?: string; traceId?: string }[]>> =>
    fetch(base + path).then(
      (answer) => answer.json(),
      () => ({}),
    );
  for (const end = performance.now() + FILL_S * 1000; performance.now() < end; await sleep(1000)) {
    const job = (await ask('/api/jobs')).jobs?.[0]?.jobId;
    const trace = (await ask('/api/traces')).traces?.[0]?.traceId;
    if (job && trace) return [`/jobs/${job}`, `/jobs/${job}/timeline`, `/traces/${trace}`];
  }
  throw new Error('the simulated cluster brought no job and trace');
}

/** Kilobytes of each script that the page names, by its address. */
async function scriptsOf(server: BenchServer, page: string): Promise<ReadonlyMap<string, number>> {
  const html = await (await fetch(server.base + page)).text();
  const scripts = new Set(
    [...html.matchAll(/(?:src|href)="(\/_next\/static\/[^"]+\.js)[^"]*"/g)].map((found) => found[1]),
  );
  const kilobytes = new Map<string, number>();
  for (const script of scripts) {
    const answer = await fetch(server.base + script);
    if (!answer.ok) throw new Error(`${script}: ${answer.status}`);
    kilobytes.set(script ?? '', gzipSync(await answer.text()).length / 1000);
  }
  if (scripts.size === 0) throw new Error(`${page} names no script`);
  return kilobytes;
}

const sum = (values: Iterable<number>): number => [...values].reduce((whole, value) => whole + value, 0);

export async function run(report: Report): Promise<void> {
  const server = await startServer({ XRAY_DEMO: '1' });
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  const browser = await chromium.launch({
    executablePath: found ?? chromium.executablePath(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const pages = [...plainPages(), ...(await deepPages(server.base))];
    const paints: number[] = [];
    const sizes: number[] = [];
    const loads: ReadonlyMap<string, number>[] = [];
    for (const page of pages) {
      // The ids of the simulated cluster differ from run to run; the name of the figure must not.
      const name = page.replace(/[0-9a-f]{32}/, '<traceId>').replace(/^\/jobs\/[^/]+/, '/jobs/<jobId>');
      const scripts = await scriptsOf(server, page);
      const kilobytes = sum(scripts.values());
      loads.push(scripts);
      sizes.push(kilobytes);
      report({ suite: 'pages', figure: `script-gzip ${name}`, value: kilobytes, unit: 'kB' });
      const times: number[] = [];
      for (let visit = 0; visit < VISITS; visit++) {
        // A context of its own: nothing is cached.
        const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
        const tab = await context.newPage();
        await tab.goto(server.base + page, { waitUntil: 'load' });
        const paint = await tab.waitForFunction(
          () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
        );
        times.push(Number(await paint.jsonValue()));
        await context.close();
      }
      paints.push(median(times));
      report({ suite: 'pages', figure: `first-paint ${name}`, value: median(times), unit: 'ms' });
    }
    const shell = [...(loads[0] ?? [])].filter(([script]) => loads.every((scripts) => scripts.has(script)));
    report({ suite: 'pages', figure: 'shell-gzip', value: sum(shell.map(([, size]) => size)), unit: 'kB' });
    report({ suite: 'pages', figure: 'script-gzip largest', value: Math.max(...sizes), unit: 'kB' });
    report({ suite: 'pages', figure: 'first-paint slowest', value: Math.max(...paints), unit: 'ms' });
  } finally {
    await browser.close();
    await server.close();
  }
}
