/**
 * An HTTP server in front of the real route handlers and a real runtime, for tests of programs that talk to X-Ray. What
 * it does not prove: Next's routing and app/serve.ts, which the browser tests run.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { GET as health } from '../../../app/api/health/route.ts';
import { POST as events } from '../../../app/v1/events/route.ts';
import { POST as timeline } from '../../../app/v1/timeline/route.ts';
import { POST as traces } from '../../../app/v1/traces/route.ts';
import { type Runtime, setRuntime } from '../../../lib/server/runtime/runtime.ts';

type Route = (request: Request) => Promise<Response>;

export interface RouteFront {
  readonly url: string;
  /** Answers to give before the routes are asked again: for a queue that is full. */
  readonly interrupt: (answers: readonly Response[]) => void;
  /** Requests that came, without those of health. */
  readonly seen: () => number;
  readonly close: () => Promise<void>;
}

/** `token`: asked of every request, as app/serve.ts does; null for none. */
export async function openRouteFront(runtime: Runtime, token: string | null = null): Promise<RouteFront> {
  setRuntime(runtime);
  const routes: Readonly<Record<string, Route>> = {
    'GET /api/health': (request) => health(request, { params: Promise.resolve({}) }),
    'POST /v1/events': events,
    'POST /v1/timeline': timeline,
    'POST /v1/traces': traces,
  };
  let interruptions: Response[] = [];
  let seen = 0;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const method = incoming.method ?? 'GET';
    const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const body = method === 'POST' ? Readable.toWeb(incoming) : null;
    const request = new Request(url, { method, headers, ...(body ? { body, duplex: 'half' } : {}) });
    const route = routes[`${method} ${url.pathname}`];
    if (method === 'POST') seen += 1;
    const refused = token !== null && incoming.headers.authorization !== `Bearer ${token}`;
    const interruption = method === 'POST' ? interruptions.shift() : undefined;
    const response = refused
      ? new Response('', { status: 401 })
      : (interruption ?? (route ? await route(request) : new Response('', { status: 404 })));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  }

  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    interrupt(answers) {
      interruptions = [...answers];
    },
    seen: () => seen,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
