/**
 * X-Ray's server process: makes the runtime, then lets Next answer. Every request passes here, so this is where
 * security headers and authentication are.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import next from 'next';
import { loadConfig } from '../lib/server/config.ts';
import { startRuntime } from '../lib/server/start-runtime.ts';

const dev = process.argv.includes('--dev');
const config = await loadConfig(process.env);
const runtime = await startRuntime(config);
const web = next({ dev, hostname: config.host, port: config.port });
const handle = web.getRequestHandler();
await web.prepare();
const secret = config.authToken === null ? null : createHash('sha256').update(config.authToken).digest();

/** Where a token is configured, every request needs it; digests are compared, so that timing tells nothing. */
function isAllowed(request: IncomingMessage): boolean {
  if (secret === null) return true;
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(createHash('sha256').update(given).digest(), secret);
}

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  // Next puts its data into inline scripts; nothing may come from, or go to, another origin.
  [
    'content-security-policy',
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
  ],
];

const server = createServer((request, response) => {
  if (!dev) for (const [name, value] of HEADERS) response.setHeader(name, value);
  if (isAllowed(request)) void handle(request, response);
  else {
    response.writeHead(401, { 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' });
    response.end(
      JSON.stringify({
        type: 'urn:xray:problem:unauthorized',
        title: 'Authentication needed',
        status: 401,
        code: 'unauthorized',
        detail: 'send Authorization: Bearer with the value of XRAY_AUTH_TOKEN',
      }),
    );
  }
});
server.listen(config.port, config.host, () => console.log(`X-Ray is ready on http://${config.host}:${config.port}`));

let closing = false;
async function shutdown(): Promise<void> {
  if (closing) return;
  closing = true;
  server.close();
  server.closeIdleConnections();
  await runtime.close();
  process.exit(0);
}
process.on('SIGTERM', () => void shutdown());
process.on('SIGINT', () => void shutdown());
