/**
 * The ingest endpoints alone, for tests and benches: app/v1's own handlers over the real engine, without Next and
 * without sources. Prints `ready <port>`; on SIGTERM it stores what it has and ends. XRAY_DATA_DIR is where it stores.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { POST as events } from '../../app/v1/events/route.ts';
import { POST as traces } from '../../app/v1/traces/route.ts';
import { setRuntime } from '../../lib/server/runtime.ts';
import { openTestRuntime } from '../server/open-runtime.ts';

const { XRAY_DATA_DIR: directory } = process.env;
if (!directory) throw new Error('set XRAY_DATA_DIR');
const runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
setRuntime(runtime);
const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();

/** Resident memory and the longest time the event loop was held since the last call. */
function figures(): Response {
  const body = { residentBytes: process.memoryUsage.rss(), maxLagMs: lag.max / 1e6 };
  lag.reset();
  return Response.json(body);
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) if (typeof value === 'string') headers.set(name, value);
  const url = new URL(message.url ?? '/', 'http://127.0.0.1');
  const post = url.pathname === '/v1/traces' ? traces : events;
  const given =
    url.pathname === '/figures'
      ? figures()
      : await post(
          new Request(url, {
            method: message.method ?? 'POST',
            headers,
            body: Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>,
            duplex: 'half',
          } as RequestInit),
        );
  response.writeHead(given.status, Object.fromEntries(given.headers));
  response.end(Buffer.from(await given.arrayBuffer()));
}

const server = createServer((message, response) => void answer(message, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) console.log(`ready ${address.port}`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void runtime.close().then(() => process.exit(0));
});
