/**
 * What the simulated cluster costs: through the real product, how long after the first page its past is there, and what its process
 * takes when it is live; without it, how long 4,096 GPUs take for an hour (XRAY_BENCH_GPUS): metrics in one process as they are written
 * for promtool, events and spans in this one as they would be sent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthRoute } from '../../lib/contract/health.ts';
import { createWorld } from '../../lib/demo/clusters/worlds.ts';
import { taskEvents } from '../../lib/demo/emit/ray-events.ts';
import { stepSpans, stepsEnding } from '../../lib/demo/emit/spans.ts';
import { asker } from '../support/ask.ts';
import type { Report } from './figure.ts';
import { root, startServer } from './server.ts';

const GPUS = Number(process.env.XRAY_BENCH_GPUS ?? '4096');
const MINUTES = 60;
const LIVE_S = 60;
/** Seconds until X-Ray has acknowledged all of the past: its newest minutes come first, and through the State API even sooner. */
export async function untilComplete(base: string): Promise<number> {
  const began = performance.now();
  const ask = asker(base);
  for (; performance.now() - began < 180_000; await sleep(200)) {
    const { sources } = await ask(healthRoute, {});
    if (sources.find(({ kind }) => kind === 'demo')?.details.historyShare === 1)
      return (performance.now() - began) / 1000;
  }
  throw new Error('the past of the simulated cluster was not there after three minutes');
}

/** Process id of the simulation that sends to this address. */
function simulationOf(base: string): string {
  const found = readdirSync('/proc').find((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return command.some((one) => one.endsWith('lib/demo/main.ts')) && command.includes(base);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('the simulation does not run');
  return found;
}

const cpuS = (pid: string): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const residentMb = (pid: string): number =>
  (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;

async function live(report: Report): Promise<void> {
  const server = await startServer({ XRAY_DEMO: '1' });
  try {
    report({ suite: 'demo', figure: 'history', value: await untilComplete(server.base), unit: 's' });
    await server.atRest(30);
    const pid = simulationOf(server.base);
    const before = cpuS(pid);
    await sleep(LIVE_S * 1000);
    report({ suite: 'demo', figure: 'live-cores', value: (cpuS(pid) - before) / LIVE_S, unit: 'cores' });
    report({ suite: 'demo', figure: 'resident', value: residentMb(pid), unit: 'MB' });
  } finally {
    await server.close();
  }
}

async function generated(report: Report): Promise<void> {
  const began = performance.now();
  const anchor = Date.now();
  const flags = [
    '--out',
    '/dev/null',
    '--minutes',
    String(MINUTES),
    '--gpus',
    String(GPUS),
    '--anchor',
    String(anchor),
  ];
  const metrics = spawn(process.execPath, [join(root, 'lib/demo/backfill.ts'), ...flags], {
    stdio: ['ignore', 2, 2],
  });
  const written = once(metrics, 'exit');
  const world = createWorld(7, anchor, GPUS);
  let bytes = 0;
  for (let from = anchor - MINUTES * 60_000; from < anchor; from += 10_000) {
    bytes += JSON.stringify(taskEvents(world, from, from + 10_000)).length;
    for (const step of stepsEnding(world, from, from + 10_000)) bytes += JSON.stringify(stepSpans(world, step)).length;
    await sleep(0);
  }
  const [code] = await written;
  if (code !== 0) throw new Error('metrics were not written');
  process.stderr.write(`${GPUS} GPUs: ${Math.round(bytes / 1e6)} MB of events and spans\n`);
  report({ suite: 'demo', figure: `generate-hour ${GPUS}`, value: (performance.now() - began) / 1000, unit: 's' });
}

export async function run(report: Report): Promise<void> {
  await live(report);
  await generated(report);
}
