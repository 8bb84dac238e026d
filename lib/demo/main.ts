/**
 * The demo cluster as a process of its own.
 * `node lib/demo/main.ts --xray URL --port 0 --seed 7 --gpus 64 --history-minutes 60 --ready-file FILE [--anchor MS] [--incident hang]`
 * Its standard output says what share of the past has been sent, a line of JSON for each hundredth. It ends on SIGTERM, and when its standard input (a pipe of its parent) closes.
 */
import { rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { errorMessage } from '../model/error-message.ts';
import { chosenWorlds } from './clusters/incidents.ts';
import { createDelivery } from './deliver.ts';
import { sparkLogPath } from './emit/spark-log.ts';
import type { HistoryTask } from './history.ts';
import { readOptions } from './options.ts';
import { startServer } from './server.ts';
import { Tally } from './state/tally.ts';
import { targetsOf } from './targets.ts';

/** Two pieces of the past are in hand at a time: of 64 GPUs, and what each more takes. */
const HISTORY_HEAP_MB = 124;
const HISTORY_HEAP_MB_OF_GPU = 1 / 16;

/** Ray's workers report tasks once a second, or as RAY_task_events_report_interval_ms says: 2000 in the simulated cluster. */
const EVENTS_EVERY_MS = 2_000;
/** OpenTelemetry's batch processor sends this often unless OTEL_BSP_SCHEDULE_DELAY says otherwise. */
const SPANS_EVERY_MS = 5_000;

/** What is asked for, or a sentence on what is wrong with it. */
function orSay<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    console.error(errorMessage(error));
    process.exit(2);
  }
}

const options = orSay(() => readOptions(process.argv.slice(2), Date.now()));
const worlds = orSay(() => chosenWorlds(options));
const living = worlds.filter(({ end }) => end === null).map((world) => new Tally(world));
for (const tally of living) tally.advance(Date.now());
const server = await startServer(living, options.port);
const stop = new AbortController();

if (options.readyFile !== null) {
  const host = `127.0.0.1:${server.port}`;
  const ready = {
    port: server.port,
    dashboardUrl: `http://${host}`,
    session: worlds[0].session,
    anchor: worlds[0].anchor,
    sparkLog: `http://${host}${sparkLogPath(worlds[0])}`,
    targets: living
      .flatMap(({ world }) => targetsOf(world))
      .map((target) => ({
        job: target.job,
        targets: [host],
        labels: { __metrics_path__: target.path, ...target.labels },
      })),
  };
  await writeFile(`${options.readyFile}.part`, JSON.stringify(ready, null, 1));
  await rename(`${options.readyFile}.part`, options.readyFile);
}

function end(): void {
  stop.abort();
  void server.close().then(() => process.exit(0));
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.stdin.on('end', end);
process.stdin.on('close', end);
process.stdin.on('error', end);
process.stdin.resume();

const started = Date.now();
const task: HistoryTask = { ...options, from: started - options.historyMinutes * 60_000, to: started };
const history = new Worker(new URL('./history.ts', import.meta.url), {
  workerData: task,
  resourceLimits: { maxOldGenerationSizeMb: HISTORY_HEAP_MB + HISTORY_HEAP_MB_OF_GPU * options.gpus },
});
history.on('message', (historyShare: number) => console.log(JSON.stringify({ historyShare })));
history.on('error', (error) => console.error(`demo: the past is not sent: ${error.message}`));

const deliveries = living.map(({ world }) =>
  createDelivery(world, options.xray, stop.signal, process.env.XRAY_AUTH_TOKEN || null),
);
/** Sends what happened since the last time, again and again, until the simulation ends. */
async function every(pause: number, send: (from: number, to: number) => Promise<unknown>): Promise<void> {
  for (let reported = started; ; ) {
    await sleep(pause, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    const now = Date.now();
    await send(reported, now);
    reported = now;
  }
}
await Promise.all([
  every(EVENTS_EVERY_MS, (from, to) => Promise.all(deliveries.map((delivery) => delivery.events(from, to)))),
  every(SPANS_EVERY_MS, (from, to) => Promise.all(deliveries.map((delivery) => delivery.spans(from, to)))),
]);
