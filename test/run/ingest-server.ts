/**
 * The ingest endpoints alone, for tests and benches: app/v1's own handlers over the real engine, without Next and
 * without sources. Prints `ready <port>`; on SIGTERM it stores what it has and ends. XRAY_DATA_DIR is where it stores.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { POST as events } from '../../app/v1/events/route.ts';
import { POST as timeline } from '../../app/v1/timeline/route.ts';
import { POST as traces } from '../../app/v1/traces/route.ts';
import { PEER_HEADER } from '../../lib/server/http/client-address.ts';
import { setRuntime } from '../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../support/open-runtime.ts';

const { XRAY_DATA_DIR: directory } = process.env;
if (!directory) throw new Error('set XRAY_DATA_DIR');
const runtime = await openTestRuntime({
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) =>
      key.startsWith('XRAY_LIMIT_') && value ? [[key, value]] : [],
    ),
  ),
  XRAY_DATA_DIR: directory,
});
setRuntime(runtime);
const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();

/** Resident memory, the longest time the event loop was held since the last call, and what is stored. */
async function figures(): Promise<Response> {
  const [stored] = await runtime.engine.select({
    name: 'stored-rows',
    sql: 'SELECT (SELECT count() FROM xray.otel_traces) AS spans, (SELECT count() FROM xray.ingest_rejects) AS rejects',
    row: z.object({ spans: z.coerce.number(), rejects: z.coerce.number() }),
  });
  const body = { residentBytes: process.memoryUsage.rss(), maxLagMs: lag.max / 1e6, ...stored };
  lag.reset();
  return Response.json(body);
}

const POSTS: ReadonlyMap<string, (request: Request) => Promise<Response>> = new Map([
  ['/v1/traces', traces],
  ['/v1/events', events],
  ['/v1/timeline', timeline],
]);

/** Spans that are stored. */
async function spans(): Promise<Response> {
  const [row] = await runtime.engine.select({
    name: 'stored-spans',
    sql: 'SELECT count() AS spans FROM xray.otel_traces',
    row: z.object({ spans: z.coerce.number() }),
  });
  return Response.json(row);
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) if (typeof value === 'string') headers.set(name, value);
  const url = new URL(message.url ?? '/', 'http://127.0.0.1');
  const post = POSTS.get(url.pathname);
  const left = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) left.abort();
  });
  headers.set(PEER_HEADER, String(message.headers['x-test-peer'] ?? message.socket.remoteAddress));
  const given =
    url.pathname === '/api/health'
      ? Response.json(runtime.health())
      : post
        ? await post(
            new Request(url, {
              method: message.method ?? 'POST',
              headers,
              body: Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>,
              duplex: 'half',
              signal: left.signal,
            } as RequestInit),
          )
        : url.pathname === '/spans'
          ? await spans()
          : await figures();
  response.writeHead(given.status, Object.fromEntries(given.headers));
  response.end(Buffer.from(await given.arrayBuffer()));
}

const server = createServer((message, response) => void answer(message, response).catch(() => response.destroy()));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) console.log(`ready ${address.port}`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void runtime.close().then(() => process.exit(0));
});
