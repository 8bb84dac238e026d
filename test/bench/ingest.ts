/**
 * Ingest over HTTP into the production server, one client that sends one body after the other: OTLP spans (synthetic,
 * protobuf, 1,000 a body), recorded Ray events, many small bodies, one of 60 MB. An answer means stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { attribute, protobufRequest, span, traceRequest } from '../support/otlp-bodies.ts';
import { eventBodies } from '../support/recordings.ts';
import { median, type Report } from './figure.ts';
import { startServer } from './server.ts';

const SPANS = 1_000_000;
const SPANS_PER_BODY = 1000;
const SETTLE_MS = 8_000;
/** Ten attributes, as an instrumented training step has. */
const ATTRIBUTES = Buffer.concat(
  Array.from({ length: 10 }, (_, i) => attribute(Buffer.from(`synthetic.key.${i}`), Buffer.from(`value ${i}`))),
);

export async function run(report: Report): Promise<void> {
  const server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: 'http://127.0.0.1:9' });
  const say = (figure: string, value: number, unit: string) => report({ suite: 'ingest', figure, value, unit });
  /** Milliseconds until the answer; throws where it is not 200. */
  async function post(path: string, type: string, body: string | Uint8Array): Promise<number> {
    const began = performance.now();
    const answer = await fetch(`${server.base}${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return performance.now() - began;
  }
  try {
    await fetch(`${server.base}/`);
    await sleep(SETTLE_MS);
    say('resident-idle', server.residentMiB(), 'MiB');

    const small = eventBodies('mixed').filter((body) => body.length < 20_000);
    const cpuBefore = await server.metric('xray_process_cpu_seconds_total');
    const times: number[] = [];
    for (const body of small) times.push(await post('/v1/events', 'application/json', body));
    const cpu = (await server.metric('xray_process_cpu_seconds_total')) - cpuBefore;
    say('small-body-p50', median(times), 'ms');
    say('small-body-cpu', (cpu * 1000) / small.length, 'ms');

    const bodies = eventBodies('truncated');
    let [spentMs, events] = [0, 0];
    for (const body of bodies) {
      spentMs += await post('/v1/events', 'application/json', body);
      events += (JSON.parse(body) as unknown[]).length;
    }
    say('ray-events-per-second', events / (spentMs / 1000), '1/s');

    spentMs = 0;
    for (let first = 0; first < SPANS; first += SPANS_PER_BODY) {
      spentMs += await post('/v1/traces', 'application/x-protobuf', protobufRequest(SPANS_PER_BODY, ATTRIBUTES, first));
      if (first % 100_000 === 0) process.stderr.write(`${first} spans, ${Math.round(server.residentMiB())} MiB\n`);
    }
    say('spans-per-second', SPANS / (spentMs / 1000), '1/s');
    await sleep(SETTLE_MS);
    say('resident-after-1m-spans', server.residentMiB(), 'MiB');

    const big = JSON.stringify(
      traceRequest(Array.from({ length: 60_000 }, (_, i) => span(i, { name: 'x'.repeat(800) }))),
    );
    // Reading the metric starts a new interval of the lag's maximum.
    await server.metric('xray_nodejs_eventloop_lag_max_seconds');
    await post('/v1/traces', 'application/json', big);
    say('event-loop-lag-60mb-body', (await server.metric('xray_nodejs_eventloop_lag_max_seconds')) * 1000, 'ms');
  } finally {
    await server.close();
  }
}
