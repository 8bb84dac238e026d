/**
 * The door of a real server with a token: every route of app/, found in the tree so that a new one is covered by itself,
 * with every credential, method and trick of a path that Next, or a proxy, would read as another path.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShareCreated } from '../../lib/contract/shares.ts';
import { allowedMethods } from '../../lib/server/http/allowed-methods.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { pathTricks } from './path-tricks.ts';
import { startServer, type TestServer, until } from './server.ts';

const TOKEN = 'the-token-of-this-test';
const SECRET = 'cluster-that-nobody-may-see';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

interface Route {
  /** With `[name]` for parameters. */
  readonly route: string;
  readonly methods: readonly string[];
}

/** Every page and route handler, from the tree. */
function routes(): Route[] {
  const app = resolve(import.meta.dirname, '../../app');
  const found: Route[] = [];
  for (const entry of readdirSync(app, { recursive: true, withFileTypes: true })) {
    if (!/^(page|route)\.tsx?$/.test(entry.name)) continue;
    const below = entry.parentPath.slice(app.length).split('/');
    const route = below.filter((part) => !/^\(.*\)$/.test(part)).join('/') || '/';
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    const exported = [...text.matchAll(/export (?:async )?(?:const|function) (GET|HEAD|POST|PUT|PATCH|DELETE)\b/g)];
    const methods = entry.name.startsWith('page') ? ['GET'] : exported.flatMap(([, method]) => method ?? []);
    found.push({ route, methods });
  }
  return found;
}
const ROUTES = routes();

let server: TestServer;
let port: number;
let share: string;
beforeAll(async () => {
  server = await startServer({ XRAY_DEMO: '0', XRAY_RAY_DISCOVERY: 'off', XRAY_AUTH_TOKEN: TOKEN });
  port = Number(new URL(server.base).port);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  await until(server, 60, 'answer', async () => (await fetch(`${server.base}/api/health`, { headers: bearer })).ok);
  const created = await fetch(`${server.base}/api/shares`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ path: '/jobs', title: SECRET }),
  });
  share = ShareCreated.parse(await created.json()).token;
});
afterAll(() => server?.stop());

const withParameters = (route: string, value = 'x') =>
  route.replace(/\[(\w+)\]/g, (_, name: string) => (name === 'token' ? 'B'.repeat(22) : value));

const ask = (path: string, method = 'GET', headers: readonly string[] = []): Promise<RawAnswer> =>
  rawRequest(port, [`${method} ${path} HTTP/1.1`, 'host: xray.example.com', 'content-length: 0', ...headers]);

async function session(): Promise<string> {
  const answer = await fetch(`${server.base}/signin`, {
    method: 'POST',
    body: new URLSearchParams({ token: TOKEN, path: '/jobs' }),
    redirect: 'manual',
  });
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

/** No wrong bearer token: those are throttled, and have a test of their own. */
const WRONG: readonly (readonly string[])[] = [
  [],
  [`cookie: xray-session=${TOKEN}`],
  ['cookie: xray-session=v1.aaaaaa.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  [`authorization: Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`],
  [`x-xray-session: 1`, 'x-middleware-subrequest: middleware:middleware:middleware', 'x-forwarded-for: 127.0.0.1'],
];

const isHarmless = (answer: RawAnswer) =>
  expect([400, 401, 404, 405, 414], `${answer.status} ${answer.body.slice(0, 200)}`).toContain(answer.status);

describe('every route', () => {
  it('was found', () => {
    expect(ROUTES.length).toBeGreaterThan(40);
    expect(ROUTES.map(({ route }) => route)).toEqual(
      expect.arrayContaining(['/', '/metrics', '/s/[token]', '/v1/traces', '/api/health', '/jobs/[jobId]/timeline']),
    );
  });

  it.each(ROUTES)('$route takes the methods that the door says', ({ route, methods }) => {
    const says = allowedMethods(withParameters(route)).filter((method) => method !== 'OPTIONS' && method !== 'HEAD');
    expect(says).toEqual(methods.filter((method) => method !== 'HEAD'));
  });

  it.each(ROUTES)('$route answers nothing without the token', { timeout: 60_000 }, async ({ route }) => {
    const path = withParameters(route);
    for (const credentials of WRONG)
      for (const method of METHODS) {
        const answer = await ask(path, method, credentials);
        // A share's page and answers are for whoever has its link; nobody has this one.
        if (/^\/(s|api\/shares)\/B/.test(path)) expect([401, 404, 405]).toContain(answer.status);
        else expect([401, 405], `${method} ${path}`).toContain(answer.status);
        if (answer.status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET, HEAD, .*)?(POST, )?OPTIONS$/);
      }
  });

  it.each(ROUTES)('$route answers nothing by another name', { timeout: 60_000 }, async ({ route }) => {
    for (const path of pathTricks(withParameters(route), port, share))
      for (const headers of [[], ['rsc: 1'], ['accept: text/html'], ['connection: upgrade', 'upgrade: websocket']]) {
        const answer = await ask(path, 'GET', headers);
        // A share's own address may be asked for with a slash too many.
        if (/^\/(s|api\/shares)\/B+\/$/.test(path)) expect([answer.status, answer.body]).toEqual([308, '']);
        else isHarmless(answer);
        expect(answer.body).not.toContain(SECRET);
        expect(answer.body).not.toMatch(/"sources"|"jobs"|"shares"|"clusters"|xray_|self\.__next_f|^1:/);
      }
  });

  it.each(ROUTES)(
    '$route opens with the token, as a bearer or a session',
    { timeout: 60_000 },
    async ({ route, methods }) => {
      const method = methods.includes('GET') ? 'GET' : (methods[0] ?? 'GET');
      for (const credential of [`authorization: Bearer ${TOKEN}`, `cookie: ${await session()}`]) {
        const { status } = await ask(withParameters(route), method, [credential]);
        expect([401, 403, 421, 429]).not.toContain(status);
        expect(status).toBeLessThan(500);
      }
    },
  );

  it.each(ROUTES)('$route fails for no method and no path', { timeout: 60_000 }, async ({ route }) => {
    const bearer = [`authorization: Bearer ${TOKEN}`];
    for (const method of METHODS) {
      const { status, headers, body } = await ask(withParameters(route, 'zz%20y'), method, bearer);
      expect(status, `${method} ${route}: ${body.slice(0, 200)}`).toBeLessThan(500);
      if (status === 405) expect(headers.get('allow')).toContain('OPTIONS');
    }
    for (const path of pathTricks(withParameters(route), port, share).slice(0, -1)) {
      const { status, body } = await ask(path, 'GET', bearer);
      expect(status, `${path}: ${body.slice(0, 200)}`).toBeLessThan(500);
    }
    expect((await ask(`${withParameters(route)}%ff`, 'GET', bearer)).status).toBe(400);
  });
});

describe('an icon', () => {
  // Browsers ask for the second one where they have not yet read of the first.
  it.each([
    ['/icon.svg', 'image/svg+xml'],
    ['/favicon.ico', 'image/x-icon'],
  ])('%s needs no token', async (path, type) => {
    const { status, headers } = await ask(path);
    expect([status, headers.get('content-type')]).toEqual([200, type]);
    expect([(await ask(path, 'HEAD')).status, (await ask(path, 'POST')).status]).toEqual([200, 401]);
  });
});

describe('a share', () => {
  it('opens with its link, and opens nothing else', async () => {
    expect((await ask(`/api/shares/${share}`)).body).toContain(SECRET);
    const page = await ask(`/s/${share}`);
    expect(page.status).toBe(200);
    const files = [...page.body.matchAll(/(?:src|href)="(\/_next\/static\/[^"?]+)/g)].flatMap(([, file]) => file ?? []);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect((await ask(file)).status).toBe(200);
      expect((await ask(file, 'HEAD')).status).toBe(200);
      expect((await ask(file, 'POST')).status).toBe(401);
    }
    for (const { route } of ROUTES)
      if (!route.includes('[token]'))
        expect(
          (
            await ask(withParameters(route), 'GET', [
              `referer: ${server.base}/s/${share}`,
              `authorization: Bearer ${share}`,
            ])
          ).status,
        ).not.toBe(200);
  });

  it('opens nothing by another method', async () => {
    for (const method of ['POST', 'DELETE', 'PUT', 'TRACE'])
      for (const path of [`/s/${share}`, `/api/shares/${share}`])
        expect([401, 405]).toContain((await ask(path, method)).status);
    expect((await ask(`/api/shares/${share}`)).status).toBe(200);
  });

  it('that is not there, or no more, says so in the status of its page', async () => {
    const bearer = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    for (const method of ['GET', 'HEAD']) {
      expect((await ask(`/s/${'Z'.repeat(22)}`, method)).status).toBe(404);
      expect((await ask(`/s/${share}`, method)).status).toBe(200);
    }
    const body = JSON.stringify({ path: '/jobs' });
    const made = await fetch(`${server.base}/api/shares`, { method: 'POST', headers: bearer, body });
    const { token } = ShareCreated.parse(await made.json());
    await fetch(`${server.base}/api/shares/${token}`, { method: 'DELETE', headers: bearer });
    for (const method of ['GET', 'HEAD']) {
      const closed = await ask(`/s/${token}`, method);
      expect([closed.status, closed.headers.get('content-type')]).toEqual([410, 'text/html; charset=utf-8']);
      expect(closed.body === '').toBe(method === 'HEAD');
      expect((await ask(`/api/shares/${token}`, method)).status).toBe(410);
    }
  });
});

describe('what the door answers', () => {
  it('is a problem without a stack, with the headers that browsers need', async () => {
    const bearer = [`authorization: Bearer ${TOKEN}`];
    const refused = [
      await ask('/%ff'),
      await ask('/', 'TRACE', bearer),
      await ask(`/${'a'.repeat(6000)}`),
      await ask('/', 'FROB'),
      await ask('*', 'OPTIONS'),
      await ask('/', 'GET', [`x-long: ${'a'.repeat(20_000)}`]),
      await ask('/_next/image?url=http%3A%2F%2F169.254.169.254%2F&w=64&q=75', 'GET', bearer),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 405, 414, 405, 400, 431, 404]);
    for (const { headers, body } of refused) {
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(body).not.toMatch(/\bat \S+:\d+|node_modules|HPE_/);
    }
    const page = await ask('/jobs', 'GET', bearer);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-[\w+/=]{24}';/);
    expect(page.headers.get('content-security-policy')?.replace("style-src-attr 'unsafe-inline'", '')).not.toContain(
      'unsafe',
    );
    for (const name of ['cross-origin-opener-policy', 'cross-origin-resource-policy'])
      expect(page.headers.get(name)).toBe('same-origin');
    expect(page.headers.get('permissions-policy')).toContain('geolocation=()');
  });

  it('cannot be told the nonce, nor that somebody is signed in', async () => {
    const page = await ask('/jobs', 'GET', [
      `authorization: Bearer ${TOKEN}`,
      "content-security-policy: script-src 'nonce-bWluZW1pbmVtaW5lbWluZQ=='",
      'x-xray-nonce: bWluZW1pbmVtaW5lbWluZQ==',
      'x-xray-session: 1',
    ]);
    expect(page.body).not.toContain('bWluZW1pbmVtaW5lbWluZQ');
    expect(page.body).not.toContain('Sign out');
    const nonces = new Set([...page.body.matchAll(/<script[^>]* nonce="([^"]*)"/g)].map(([, nonce]) => nonce));
    expect([...nonces]).toEqual([/'nonce-([^']+)'/.exec(page.headers.get('content-security-policy') ?? '')?.[1]]);
    expect(page.body).not.toMatch(/<script(?![^>]*nonce=)/);
  });

  it('asks for no body that it will not read', async () => {
    const wants = (headers: readonly string[]) =>
      rawRequest(
        port,
        ['POST /v1/traces HTTP/1.1', 'host: x', 'expect: 100-continue', 'content-length: 9', ...headers],
        '',
        3_000,
      );
    expect((await wants([])).status).toBe(401);
    expect((await wants([`authorization: Bearer ${TOKEN}`])).status).toBe(100);
  });

  it('is given by nobody who upgrades', async () => {
    for (const path of ['/api/jobs', '/_next/hmr', '/_next/webpack-hmr', 'http://127.0.0.1:1/'])
      isHarmless(await ask(path, 'GET', ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13']));
  });
});
