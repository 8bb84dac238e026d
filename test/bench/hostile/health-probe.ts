/**
 * Asks `/api/health` every 100 ms from a process of its own, so that the bench's own work is not measured: `node health-probe.ts
 * BASE [TOKEN]`. A line on stdin is answered with one of JSON: the figures since the last line that said `reset`.
 */
import { request } from 'node:http';
import { createInterface } from 'node:readline';

const EVERY_MS = 100;
/** What has not answered by then is counted as this late. */
const LIMIT_MS = 60_000;

const [base = '', token] = process.argv.slice(2);
let [worstMs, requested, failed, inARow] = [0, 0, 0, 0];
/** Starts of the requests that wait for their answer. */
const waiting = new Set<number>();

function answered(began: number, isWell: boolean): void {
  if (!waiting.delete(began)) return;
  const took = performance.now() - began;
  worstMs = Math.max(worstMs, took);
  if (!isWell) failed += 1;
  inARow = isWell && took < 500 ? inARow + 1 : 0;
}

function ask(): void {
  const began = performance.now();
  requested += 1;
  waiting.add(began);
  const asking = request(
    `${base}/api/health`,
    { agent: false, timeout: LIMIT_MS, headers: token ? { authorization: `Bearer ${token}` } : {} },
    (answer) => {
      answer.resume();
      answer.on('close', () => answered(began, answer.statusCode === 200));
    },
  );
  asking.on('timeout', () => asking.destroy());
  asking.on('error', () => answered(began, false));
  asking.end();
}

// Not more than fifty wait: a server that stands still must not be buried by the probe.
setInterval(() => {
  if (waiting.size < 50) ask();
}, EVERY_MS);
createInterface(process.stdin)
  .on('line', (line) => {
    // One that still waits has been late for as long as it waits.
    for (const began of waiting) worstMs = Math.max(worstMs, performance.now() - began);
    process.stdout.write(`${JSON.stringify({ worstMs, asked: requested, failed, inARow })}\n`);
    if (line === 'reset') [worstMs, requested, failed] = [0, 0, 0];
  })
  .on('close', () => process.exit(0));
