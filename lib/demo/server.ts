/**
 * The demo's HTTP server: scrape targets, Ray's dashboard API, the ranks' Flight Recorders and Spark's event log on one port of
 * the loopback interface.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { wholeBody } from './emit/api-answer.ts';
import { prometheusText, type Sample } from './emit/exposition.ts';
import { flightRecord } from './emit/flight-recorder.ts';
import { rayApi } from './emit/ray-api.ts';
import { sparkEventLog, sparkLogPath } from './emit/spark-log.ts';
import type { Tally } from './state/tally.ts';
import { targetsOf } from './targets.ts';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface DemoServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Samples of all targets with their `job` and other target labels inside, for a scrape with `honor_labels`. */
export function federatedSamples(tally: Tally): Sample[] {
  return targetsOf(tally.world).flatMap((target) => {
    const own = { job: target.job, ...target.labels };
    const up: Sample = {
      name: 'up',
      type: 'gauge',
      help: 'Whether the simulated target answers.',
      labels: own,
      value: 1,
    };
    return [up, ...target.samples(tally).map((sample) => ({ ...sample, labels: { ...sample.labels, ...own } }))];
  });
}

/**
 * Serves the targets of all tallies, and the dashboard of the first; each is moved to the present before it answers. Port 0 takes a
 * free one.
 */
export async function startServer(tallies: readonly Tally[], port: number): Promise<DemoServer> {
  const targets = new Map(
    tallies.flatMap((tally) => targetsOf(tally.world).map((target) => [target.path, { target, tally }] as const)),
  );
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://demo');
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const found = targets.get(url.pathname);
    if (found) {
      found.tally.advance(Date.now());
      return send(200, METRICS_TYPE, prometheusText(found.target.samples(found.tally)));
    }
    const [training] = tallies;
    if (training && url.pathname === sparkLogPath(training.world))
      return send(200, 'application/octet-stream', sparkEventLog(training.world));
    const recorder = /^\/flight-recorder\/([^/]+)\/comm_lib_trace_rank_(\d+)$/.exec(url.pathname);
    if (recorder) {
      const of = tallies.find(({ world }) => world.cluster === recorder[1]);
      const record = of ? flightRecord(of.world, Number(recorder[2]), Date.now()) : null;
      return record === null
        ? send(404, 'text/plain; charset=utf-8', '404: Not Found')
        : send(200, 'application/json', JSON.stringify(record));
    }
    for (const tally of tallies) tally.advance(Date.now());
    if (url.pathname === '/metrics') return send(200, METRICS_TYPE, prometheusText(tallies.flatMap(federatedSamples)));
    const [first] = tallies;
    const answer = first ? rayApi(first, url, request.headers.host ?? '') : null;
    if (answer && typeof answer.body !== 'string' && request.method !== 'HEAD') {
      response.writeHead(answer.status, { 'content-type': answer.contentType });
      // One that hangs up early is no error.
      return void pipeline(Readable.from(answer.body), response).catch(() => undefined);
    }
    if (answer) return send(answer.status, answer.contentType, wholeBody(answer));
    return send(404, 'text/plain; charset=utf-8', '404: Not Found');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
