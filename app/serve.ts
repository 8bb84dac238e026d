/**
 * X-Ray's server process: makes the runtime, then lets Next answer. Every request passes here, so this is where
 * security headers, access and request telemetry are.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import next from 'next';
import { createAccessRule, SESSION_COOKIE } from '../lib/server/access.ts';
import { ConfigError, loadConfig } from '../lib/server/config.ts';
import { freePort } from '../lib/server/free-port.ts';
import { startOwnTraces } from '../lib/server/own-traces.ts';
import { requestDurations } from '../lib/server/request-durations.ts';
import { routeLabel } from '../lib/server/route-label.ts';
import { signInPage } from '../lib/server/sign-in-page.ts';
import { startRuntime } from '../lib/server/start-runtime.ts';
import { createStaticAssets } from '../lib/server/static-assets.ts';
import { expectTimeline } from '../lib/server/tiles/held.ts';

const dev = process.argv.includes('--dev');

/** What keeps X-Ray from starting is said in one sentence, without a stack. */
function refuse(error: unknown): never {
  const words = error instanceof Error ? error.message : String(error);
  const expected = error instanceof ConfigError || (error instanceof Error && 'code' in error);
  process.stderr.write(`X-Ray cannot start: ${expected ? words : error instanceof Error ? error.stack : words}\n`);
  process.exit(1);
}

async function configured() {
  const config = loadConfig(process.env);
  return config.port === 0 ? { ...config, port: await freePort() } : config;
}

const config = await configured().catch(refuse);
const runtime = await startRuntime(config).catch(refuse);
const web = next({ dev, hostname: config.host, port: config.port });
const handle = web.getRequestHandler();
await web.prepare();
const assets = dev
  ? null
  : createStaticAssets(join(import.meta.dirname, '..', process.env.XRAY_NEXT_DIST ?? '.next', 'static'));
const access = createAccessRule(config.authToken, config.allowedHosts);
const durations = requestDurations(runtime.telemetry.registry);
const traces = startOwnTraces(config.ownTraces, { port: config.port, version: runtime.version }, runtime.telemetry);

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  // Next puts its data into inline scripts; nothing may come from, or go to, another origin.
  [
    'content-security-policy',
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  ],
];

function problem(response: ServerResponse, status: number, code: string, title: string, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ type: `urn:xray:problem:${code}`, title, status, code, detail }));
}

/** The body of the sign-in form; more than a token's worth is cut off. */
async function form(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > 8192) break;
  }
  return new URLSearchParams(text);
}

async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const given = await form(request);
  const session = access.signIn(given.get('token') ?? '');
  const wish = given.get('path') ?? '/';
  const path = /^\/(?!\/|signin)/.test(wish) ? wish : '/';
  if (session === null) {
    response.writeHead(401, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(signInPage(path, true));
    return;
  }
  response.writeHead(303, {
    location: path,
    'set-cookie': `${SESSION_COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000`,
  });
  response.end();
}

async function answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const { host, authorization, cookie, origin } = request.headers;
  const allowed = access.of({ method: request.method ?? 'GET', path, host, authorization, cookie, origin });
  if (allowed === 'allowed') {
    if (assets?.answer(request, response, path) === true) return;
    if (request.method === 'GET' && path.startsWith('/jobs/')) expectTimeline(runtime, request.url ?? '/');
    await handle(request, response);
  } else if (allowed === 'wrong-host')
    problem(
      response,
      421,
      'forbidden',
      'Unknown host name',
      `this X-Ray does not answer to ${JSON.stringify(host ?? '')}: use 127.0.0.1 or localhost, or add the name to XRAY_ALLOWED_HOSTS`,
    );
  else if (allowed === 'wrong-origin')
    problem(
      response,
      403,
      'forbidden',
      'Another site',
      `a page of ${JSON.stringify(origin)} may not send to this X-Ray`,
    );
  else if (path === '/signin' && request.method === 'POST') await signIn(request, response);
  else if (request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')) {
    response.writeHead(401, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(signInPage(request.url ?? '/', false));
  } else {
    response.setHeader('www-authenticate', 'Bearer');
    problem(
      response,
      401,
      'unauthorized',
      'Authentication needed',
      'send Authorization: Bearer with the value of XRAY_AUTH_TOKEN',
    );
  }
}

const server = createServer((request, response) => {
  if (!dev) for (const [name, value] of HEADERS) response.setHeader(name, value);
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = routeLabel(path);
  const method = request.method ?? 'GET';
  const done = durations.start(method, route);
  response.on('close', () => done(response.statusCode));
  traces
    .request(
      method,
      route,
      () => answer(request, response, path),
      () => response.statusCode,
    )
    .catch((error: unknown) => {
      runtime.telemetry.log('error', 'request', { method, route, reason: String(error) });
      if (!response.headersSent) problem(response, 500, 'internal', 'Internal error', 'X-Ray failed; its log says why');
      else response.destroy();
    });
});
server.on('error', (error: NodeJS.ErrnoException) => {
  const words =
    error.code === 'EADDRINUSE'
      ? `port ${config.port} of ${config.host} is in use: stop what listens there, or set PORT to another`
      : error.message;
  void runtime.close().finally(() => refuse(Object.assign(new Error(words), { code: error.code ?? 'listen' })));
});
server.listen(config.port, config.host, () => console.log(`X-Ray is ready on http://${config.host}:${config.port}`));

let closing = false;
async function shutdown(): Promise<void> {
  if (closing) return;
  closing = true;
  server.close();
  server.closeIdleConnections();
  await runtime.close();
  await traces.close().catch(() => undefined);
  process.exit(0);
}
process.on('SIGTERM', () => void shutdown());
process.on('SIGINT', () => void shutdown());
