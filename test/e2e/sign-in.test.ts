/** Signing in and out of a real server with a token, as a program and in a real browser; and clients who only hold connections. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawRequest } from '../support/raw-request.ts';
import { expectSound, launchBrowser, openPage, VIEWS } from './harness.ts';
import { startServer, type TestServer, until } from './server.ts';

const TOKEN = 'the-token-of-this-test';
const CONNECTIONS = 64;

let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  server = await startServer({
    XRAY_DEMO: '0',
    XRAY_RAY_DISCOVERY: 'off',
    XRAY_AUTH_TOKEN: TOKEN,
    XRAY_LIMIT_CONNECTIONS: String(CONNECTIONS),
  });
  browser = await launchBrowser();
  await until(server, 60, 'answer', async () => (await ask('/api/health')).status === 200);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const ask = (path: string) =>
  rawRequest(Number(new URL(server.base).port), [
    `GET ${path} HTTP/1.1`,
    'host: xray.example.com',
    `authorization: Bearer ${TOKEN}`,
  ]);
const signIn = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${server.base}/signin`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual', headers });
const session = async (): Promise<string> =>
  (await signIn({ token: TOKEN })).headers.getSetCookie()[0]?.split(';')[0] ?? '';

/** Chromium logs every answer of 401, 404 and 410 as an error of its own. */
const own = (errors: readonly string[]) => errors.filter((text) => !/status of (401|404|410)/.test(text));

describe.each(VIEWS)('in a browser of %i x %i, %s', (...view) => {
  it('a reader signs in, goes where it wanted to, and signs out', async () => {
    const { page, errors } = await openPage(browser, view);
    await page.goto(`${server.base}/sources?from=here`, { waitUntil: 'load' });
    await page.getByLabel('Token').fill('not-the-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('That is not the token.').waitFor();
    await expectSound(page, own(errors));
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Sources' }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/sources?from=here');
    await page.getByText('ingest:ray-events').first().waitFor({ state: 'attached' });
    await expectSound(page, own(errors));
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ name: 'xray-session', httpOnly: true, sameSite: 'Strict' }]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    const cookie = `xray-session=${cookies[0]?.value}`;
    expect((await fetch(`${server.base}/api/jobs`, { headers: { cookie } })).status).toBe(401);
    await page.context().close();
  });

  it('a share that is not there is said on a page that is sound', async () => {
    const { page, errors } = await openPage(browser, view);
    const answer = await page.goto(`${server.base}/s/${'A'.repeat(22)}`, { waitUntil: 'load' });
    expect(answer?.status()).toBe(404);
    await page.getByRole('heading', { name: 'There is no such share' }).waitFor();
    await expectSound(page, own(errors));
    await page.context().close();
  });
});

describe('clients who only hold connections', () => {
  it.each([
    ['that say nothing', ''],
    ['whose head does not end', 'GET /api/health HTTP/1.1\r\nhost: x\r\nx-a: '],
    ['whose body does not end', `POST /signin HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\ntoken=`],
  ])('%s keep nobody from /api/health', async (_, text) => {
    const { port } = new URL(server.base);
    const sockets: Socket[] = [];
    for (let i = 0; i < 5 * CONNECTIONS; i++) {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
    await sleep(500);
    for (let i = 0; i < 5; i++) {
      const began = performance.now();
      expect((await ask('/api/health')).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(1_000);
    }
    for (const socket of sockets) socket.destroy();
  });
});

describe('signing in and out', () => {
  it.each([
    ['/jobs?cluster=a', '/jobs?cluster=a'],
    ['/\\evil.example', '/'],
    ['//evil.example', '/'],
    ['/%5cevil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/jobs\r\nset-cookie: a=b', '/'],
    ['https://evil.example', '/'],
  ])('goes from %j to %s', async (path, location) => {
    const answer = await signIn({ token: TOKEN, path });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, location]);
    expect(answer.headers.getSetCookie()).toHaveLength(1);
  });

  it('asks for TLS where the browser speaks it', async () => {
    const host = new URL(server.base).host;
    const plain = await signIn({ token: TOKEN }, { origin: server.base });
    expect(plain.headers.get('set-cookie')).toMatch(/^xray-session=v1\.(?!.*Secure)/);
    const secure = await signIn({ token: TOKEN }, { origin: `https://${host}` });
    expect(secure.headers.get('set-cookie')).toMatch(/^__Host-xray-session=v1\..*; Secure/);
    const foreign = await signIn({ token: TOKEN }, { origin: 'https://evil.example' });
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it('ends on the server', async () => {
    const cookie = await session();
    const get = async () => (await fetch(`${server.base}/api/jobs`, { headers: { cookie } })).status;
    expect(await get()).toBe(200);
    const out = await fetch(`${server.base}/signout`, { method: 'POST', headers: { cookie }, redirect: 'manual' });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/']);
    expect(out.headers.getSetCookie().every((each) => each.includes('Max-Age=0'))).toBe(true);
    expect(await get()).toBe(401);
  });

  it('reads no endless form', async () => {
    const answer = await signIn({ token: 'a'.repeat(100_000) });
    expect(answer.status).toBe(413);
  });

  it('slows down guesses, and lets the token in meanwhile', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 14; i++) statuses.push((await signIn({ token: `guess-${i}` })).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    const refused = await signIn({ token: TOKEN });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('/api/jobs')).status).toBe(200);
  });
});
