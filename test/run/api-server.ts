/**
 * Every route of app/ over the real runtime, without Next and its pages, for tests that measure the process that answers. Handlers are
 * found in the file system, so a new route is served too. Prints `ready <port>`; XRAY_DATA_DIR and all other settings come
 * from the environment.
 *   GET  /__figures  most CPU time of the event loop's thread between two timers since the call before, ms: its longest turn, whatever
 *                    else the machine does; and resident memory
 *   POST /__rows?table=  JSONEachRow, for tables that no door fills so quickly
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { loadConfig } from '../../lib/server/runtime/config.ts';
import { startRuntime } from '../../lib/server/start/start-runtime.ts';
import { routeFiles } from '../scale/route-files.ts';

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>;
interface Route {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly handlers: Readonly<Record<string, Handler>>;
}

const routes: readonly Route[] = await Promise.all(
  routeFiles().map(async ({ path, file }) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '([^/]+)')}$`),
    names: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
    handlers: (await import(file)) as Readonly<Record<string, Handler>>,
  })),
);
const runtime = await startRuntime(loadConfig(process.env));
const EVERY_MS = 5;
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let turnMs = 0;
let before = cpuMs();
const look = (): void => {
  const now = cpuMs();
  turnMs = Math.max(turnMs, now - before);
  before = now;
};
setInterval(look, EVERY_MS);

async function body(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function own(message: IncomingMessage, url: URL): Promise<Response | null> {
  if (url.pathname === '/__figures') {
    look();
    const figures = { turnMs, residentBytes: process.memoryUsage.rss() };
    turnMs = 0;
    return Response.json(figures);
  }
  if (url.pathname !== '/__rows') return null;
  const lines = await body(message);
  await runtime.engine.insert(url.searchParams.get('table') ?? '', { count: 1, lines });
  return new Response(null, { status: 204 });
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(message.url ?? '/', 'http://127.0.0.1');
  let given = await own(message, url);
  for (const { pattern, names, handlers } of given ? [] : routes) {
    const found = pattern.exec(url.pathname);
    const handler = handlers[message.method ?? 'GET'];
    if (!found || !handler) continue;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const headers = Object.entries(message.headers).filter(
      (one): one is [string, string] => typeof one[1] === 'string',
    );
    const request = new Request(url, {
      method: message.method ?? 'GET',
      headers,
      signal: gone.signal,
      ...(message.method === 'GET' ? {} : { body: Readable.toWeb(message), duplex: 'half' }),
    } as RequestInit);
    const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1] ?? '')]));
    given = await handler(request, { params: Promise.resolve(params) });
    break;
  }
  given ??= new Response(null, { status: 404 });
  response.writeHead(given.status, Object.fromEntries(given.headers));
  if (given.body === null) response.end();
  else Readable.fromWeb(given.body as Parameters<typeof Readable.fromWeb>[0]).pipe(response);
}

const server = createServer((message, response) => {
  answer(message, response).catch((error: unknown) => {
    process.stderr.write(`${message.url}: ${error instanceof Error ? error.stack : String(error)}\n`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) console.log(`ready ${address.port}`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void runtime.close().then(() => process.exit(0));
});
