/**
 * Shares over the real engine and the real route handlers on a real port, with a recorded cluster's events. Next's own
 * routing is left out: test/e2e/shares.test.ts has it. Over 300 lines: one life of a share, from making to its end.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as logs from '../../../../app/api/jobs/[jobId]/logs/route.ts';
import * as job from '../../../../app/api/jobs/[jobId]/route.ts';
import * as slowNodes from '../../../../app/api/jobs/[jobId]/slow-nodes/route.ts';
import * as tasks from '../../../../app/api/jobs/[jobId]/tasks/route.ts';
import * as summary from '../../../../app/api/jobs/[jobId]/tasks/summary/route.ts';
import * as jobs from '../../../../app/api/jobs/route.ts';
import * as share from '../../../../app/api/shares/[token]/route.ts';
import * as shares from '../../../../app/api/shares/route.ts';
import { findPage } from '../../../../lib/contract/pages/find-page.ts';
import { pageRequests } from '../../../../lib/contract/pages/page-requests.ts';
import { isSameQuestion } from '../../../../lib/contract/pages/same-question.ts';
import { SHAREABLE_ROUTES, shareRefusal } from '../../../../lib/contract/pages/shareable-requests.ts';
import { withFixedWindow } from '../../../../lib/contract/pages/with-fixed-window.ts';
import { pathPattern } from '../../../../lib/contract/requests/path-pattern.ts';
import { ShareCreated, ShareRequest, ShareResponse, SharesResponse } from '../../../../lib/contract/shares.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { createShare, SHARE_LIMITS, shareIdOf } from '../../../../lib/server/shares/create-share.ts';
import { createOwnApi, ownOrigin } from '../../../../lib/server/shares/own-api.ts';
import { checkShare, openShare } from '../../../../lib/server/shares/shares.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents, truth } from '../../../support/recordings.ts';

type Handlers = Readonly<
  Record<string, (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>>
>;
const ROUTES: readonly (readonly [string, Handlers])[] = [
  ['/api/jobs', { ...jobs }],
  ['/api/jobs/{jobId}', { ...job }],
  ['/api/jobs/{jobId}/logs', { ...logs }],
  ['/api/jobs/{jobId}/slow-nodes', { ...slowNodes }],
  ['/api/jobs/{jobId}/tasks', { ...tasks }],
  ['/api/jobs/{jobId}/tasks/summary', { ...summary }],
  ['/api/shares', { ...shares }],
  ['/api/shares/{token}', { ...share }],
];

/** The handlers behind a port, as Next stands in front of them. */
async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    for (const [path, handlers] of ROUTES) {
      const match = pathPattern(path).exec(url.pathname);
      const handler = handlers[incoming.method ?? ''];
      if (!match || !handler) continue;
      const request = new Request(url, {
        method: incoming.method ?? 'GET',
        headers: Object.entries(incoming.headers).map(([key, value]) => [key, String(value)] as [string, string]),
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      });
      const response = await handler(request, { params: Promise.resolve({ ...match.groups }) });
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(Buffer.from(await response.arrayBuffer()));
      return;
    }
    outgoing.writeHead(404).end('{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

let runtime: Runtime;
let server: Server;
let base: string;
const session = truth('mixed').session_name;
const jobId = Object.keys(truth('mixed').executions_per_job_and_function)[0] ?? '';
const jobPath = `/jobs/${jobId}?session=${session}`;

beforeAll(async () => {
  const listening = await listen();
  server = listening.server;
  runtime = await openTestRuntime({ PORT: String(listening.port) });
  setRuntime(runtime);
  base = `http://127.0.0.1:${listening.port}`;
  await postEvents(runtime, eventBodies('mixed'));
  // What a timeline holds is part of what is frozen.
  await runtime.timelines.keep();
});
afterAll(async () => {
  server.close();
  await runtime.close();
});

const post = (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${base}/api/shares`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const make = async (body: unknown) => {
  const response = await post(body);
  expect([response.status, response.headers.get('cache-control')]).toEqual([201, 'private, no-store']);
  return ShareCreated.parse(await response.json());
};
const open = (token: string, method = 'GET') => fetch(`${base}/api/shares/${token}`, { method });
const codeOf = async (response: Response) => [response.status, (await response.json()).code];
const stored = async () =>
  (
    await runtime.engine.select({
      name: 'all-of-shares',
      sql: 'SELECT toString(tuple(*)) AS row FROM xray.shares',
      row: z.object({ row: z.string() }),
    })
  ).map(({ row }) => row);
const openedTimes = async (id: string) =>
  SharesResponse.parse(await (await fetch(`${base}/api/shares`)).json()).shares.find((one) => one.id === id)?.opened;

describe('a share', () => {
  it('freezes what the page draws, byte for byte as the API said it', async () => {
    const { token, bytes, expiresAt } = await make({ path: jobPath, title: 'Look', note: 'at this' });
    const text = await (await open(token)).text();
    const frozen = ShareResponse.parse(JSON.parse(text));
    expect(frozen).toMatchObject({ path: jobPath, title: 'Look', note: 'at this', version: 1, demo: false });
    expect(Date.parse(frozen.expiresAt ?? '') - Date.parse(frozen.createdAt)).toBe(30 * 86_400_000);
    expect(frozen.expiresAt).toBe(expiresAt);
    const page = findPage(jobPath);
    expect(Object.keys(frozen.responses)).toEqual(page && pageRequests(page, Date.now(), new Map()));
    expect(Object.keys(frozen.responses).length).toBe(5);
    for (const path of Object.keys(frozen.responses)) {
      const live = await (await fetch(base + path)).text();
      expect(live.length).toBeGreaterThan(20);
      // No page draws the environment of a job, so the share does not hold it.
      const drawn = live.replace(/"runtimeEnv":"(?:[^"\\]|\\.)*"/, '"runtimeEnv":null');
      expect(text).toContain(`${JSON.stringify(path)}:{"status":200,"body":${drawn}}`);
    }
    expect(text.length).toBeGreaterThan(bytes);
  });

  it('stays as it was when the data change, and freezes errors too', async () => {
    const requests = ['/api/jobs', '/api/jobs/nope', '/api/jobs?nope=1'];
    const { token } = await make({ path: '/jobs', requests });
    const before = await (await open(token)).text();
    const live = await (await fetch(`${base}/api/jobs`)).text();
    await postEvents(runtime, eventBodies('oom'));
    expect(before).toContain(live);
    expect(await (await fetch(`${base}/api/jobs`)).text()).not.toBe(live);
    expect(await (await open(token)).text()).toBe(before);
    const { responses } = ShareResponse.parse(JSON.parse(before));
    expect(Object.values(responses).map((one) => one.status)).toEqual([200, 404, 400]);
  });

  it('is named by the hash of its token; the token is nowhere in the store', async () => {
    const { token, id, path } = await make({ path: '/jobs', requests: [] });
    expect([token, path, id]).toEqual([expect.stringMatching(/^[\w-]{22}$/), `/s/${token}`, shareIdOf(token)]);
    const rows = await stored();
    expect(rows.filter((row) => row.includes(id)).length).toBe(1);
    expect(rows.filter((row) => row.includes(token))).toEqual([]);
    expect(JSON.stringify(await (await fetch(`${base}/api/shares`)).json())).not.toContain(token);
    expect(await codeOf(await open(id))).toEqual([404, 'not-found']);
  });

  it('counts GET as opened, and neither HEAD nor the list', async () => {
    const { token, id } = await make({ path: '/jobs', requests: [] });
    expect([(await open(token, 'HEAD')).status, await openedTimes(id), await openedTimes(id)]).toEqual([200, 0, 0]);
    const first = await open(token);
    expect([first.headers.get('cache-control'), first.headers.get('x-robots-tag')]).toEqual([
      'private, no-store',
      'noindex, nofollow',
    ]);
    await open(token);
    expect(await openedTimes(id)).toBe(2);
  });

  it('expires by the clock of the server', async () => {
    const { token } = await make({ path: '/jobs', requests: [], expiresInSeconds: 60 });
    const soon = Date.now() + 59_000;
    await expect(checkShare(runtime, token, soon)).resolves.toBeUndefined();
    await expect(openShare(runtime, token, soon + 2_000)).rejects.toMatchObject({ problem: { status: 410 } });
    await expect(checkShare(runtime, token, soon + 2_000)).rejects.toMatchObject({ problem: { code: 'gone' } });
    const forever = await make({ path: '/jobs', requests: [], expiresInSeconds: null });
    expect(forever.expiresAt).toBeNull();
    await expect(checkShare(runtime, forever.token, soon * 2)).resolves.toBeUndefined();
  });

  it.each(['token', 'id'] as const)('is gone at once when revoked by %s, and its rows with it', async (by) => {
    const made = await make({ path: jobPath, note: `note-of-${by}` });
    const other = await make({ path: '/jobs', requests: [] });
    expect((await open(made[by], 'DELETE')).status).toBe(204);
    expect(await codeOf(await open(made.token))).toEqual([410, 'gone']);
    expect((await open(made.token, 'HEAD')).status).toBe(410);
    expect(await codeOf(await open(made[by], 'DELETE'))).toEqual([410, 'gone']);
    expect((await stored()).filter((row) => row.includes(made.id) || row.includes(`note-of-${by}`))).toEqual([]);
    expect(await openedTimes(made.id)).toBeUndefined();
    expect((await open(other.token)).status).toBe(200);
  });

  it('is not found under a token that was never given out', async () => {
    expect(await codeOf(await open('AAAAAAAAAAAAAAAAAAAAAA'))).toEqual([404, 'not-found']);
    expect(await codeOf(await open('AAAAAAAAAAAAAAAAAAAAAA', 'DELETE'))).toEqual([404, 'not-found']);
    expect(await codeOf(await open('AAAAAAAAAAAAAAAAAAAAAA?x=1'))).toEqual([400, 'unknown-parameter']);
  });

  it('takes no more than its bytes, and says so', async () => {
    const request = ShareRequest.parse({ path: jobPath });
    const api = createOwnApi(runtime.config);
    const few = { ...SHARE_LIMITS, answerBytes: 2_000 };
    await expect(createShare(runtime, request, api, AbortSignal.timeout(9e4), few)).rejects.toMatchObject({
      problem: { status: 413, detail: expect.stringContaining('2000 bytes') },
    });
    const none = { ...SHARE_LIMITS, shares: 1 };
    await expect(createShare(runtime, request, api, AbortSignal.timeout(9e4), none)).rejects.toMatchObject({
      problem: { status: 429 },
    });
  });

  it('says when X-Ray cannot be asked', async () => {
    const api = createOwnApi({ ...runtime.config, port: 1 });
    const made = createShare(runtime, ShareRequest.parse({ path: '/jobs' }), api, AbortSignal.timeout(9e4));
    await expect(made).rejects.toMatchObject({
      problem: { status: 503, detail: expect.stringContaining('/api/jobs') },
    });
  });
});

describe('a bad request for a share', () => {
  it.each([
    ['no JSON', '{', 400, 'not valid JSON'],
    ['an unknown key', { path: '/jobs', token: 'x' }, 400, 'token'],
    ['no path', {}, 400, 'field "path"'],
    ['another site', { path: '//evil.example/jobs' }, 400, 'field "path"'],
    ['no page', { path: '/s/AAAAAAAAAAAAAAAAAAAAAA' }, 400, 'not a page that can be shared'],
    ['the list of shares', { path: '/jobs', requests: ['/api/shares'] }, 400, 'field "requests.0": a share'],
    ['a share', { path: '/jobs', requests: ['/api/jobs', '/api/shares/x'] }, 400, 'field "requests.1"'],
    ['too many', { path: '/jobs', requests: Array(65).fill('/api/jobs') }, 400, 'field "requests"'],
    ['a short expiry', { path: '/jobs', expiresInSeconds: 5 }, 400, 'field "expiresInSeconds"'],
    ['a long title', { path: '/jobs', title: 'x'.repeat(201) }, 400, 'field "title"'],
    ['a big body', { path: '/jobs', note: 'x'.repeat(1024 ** 2) }, 413, '1048576'],
  ])('is refused by its field: %s', async (_, body, status, message) => {
    const response = await post(body);
    const problem = await response.json();
    expect([response.status, problem.detail]).toEqual([status, expect.stringContaining(message)]);
  });

  it('is refused without the content type that needs leave from another site', async () => {
    expect((await post({ path: '/jobs' }, { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('what a share may hold', () => {
  it.each([
    '/api/shares',
    '/api/%73hares',
    '/api/jobs/../shares/x',
    '/api/jobs/%2e%2e/shares',
    '/api//shares',
    '/api/jobs#x',
    '/metrics',
    '//evil.example/api/jobs',
    'http://evil.example/api/jobs',
  ])('is not %s', (path) => expect(shareRefusal(path)).not.toBeNull());

  it('is every resource of the API that answers GET, but shares, the store, what the API is, tiles and the pieces of large traces', () => {
    const root = resolve(import.meta.dirname, '../../../../app/api');
    const resources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('route.ts') && /export const GET\b/.test(readFileSync(join(root, file), 'utf8')))
      .map((file) => `/api/${file.replace(/\/route\.ts$/, '').replace(/\[(\w+)\]/g, '{$1}')}`);
    expect(resources.length).toBeGreaterThan(8);
    const held = SHAREABLE_ROUTES.map((route) => route.path);
    expect(resources.filter((path) => !held.includes(path)).sort()).toEqual([
      '/api/jobs/{jobId}/timeline/first-tile',
      '/api/jobs/{jobId}/timeline/tile',
      '/api/openapi.json',
      '/api/shares',
      '/api/shares/{token}',
      '/api/store',
      '/api/traces/{traceId}/found',
      '/api/traces/{traceId}/size',
      '/api/traces/{traceId}/spans',
      '/api/traces/{traceId}/spans/{spanId}',
    ]);
  });
});

describe('the window of a shared page', () => {
  const live = ['/api/memory/heatmap?by=node&from=1764000000000&to=1764003600000', '/api/health'];

  it('is the one that was asked for where the page was live', () => {
    const path = withFixedWindow('/memory?cluster=a', live);
    expect(path).toBe('/memory?cluster=a&from=1764000000000&to=1764003600000&v=1');
    expect(findPage(path)?.window).toEqual({ fromMs: 1764000000000, toMs: 1764003600000 });
  });

  it('stays as it is where there is one, or the page has none', () => {
    expect(withFixedWindow('/memory?from=1&to=2', live)).toBe('/memory?from=1&to=2');
    expect(withFixedWindow('/jobs', live)).toBe('/jobs');
  });

  it('ends at the step of now where a live page is shared without a list', () => {
    const page = findPage('/memory');
    expect(page && pageRequests(page, 1764003609999, new Map())[0]).toContain('from=1764000000000&to=1764003600000');
  });
});

describe('two requests', () => {
  const at = (from: number, to: number, rest = '') => `/api/memory/heatmap?by=node&from=${from}&to=${to}${rest}`;
  const [from, to] = [1764000000000, 1764003600000];

  it.each([
    ['another resolution', at(from, to, '&bins=360'), true],
    ['a window that moved on by 10 s', at(from + 10_000, to + 10_000), true],
    [
      'the same moments in ns',
      at(from, to)
        .replaceAll('00000&', '00000000000&')
        .replace(/to=\d+/, `to=${to}000000`),
      true,
    ],
    ['a window that moved on by 2 min', at(from + 120_000, to + 120_000), false],
    ['another end', at(from, to + 3_600_000), false],
    ['other rows', at(from, to).replace('node', 'gpu'), false],
    ['no window', '/api/memory/heatmap?by=node', false],
    ['another resource', at(from, to).replace('heatmap', 'oom'), false],
  ])('ask the same thing, or not: %s', (_, other, same) => expect(isSameQuestion(at(from, to), other)).toBe(same));

  it('of a short window are the same within a tenth of it', () => {
    expect(isSameQuestion(at(from, from + 5_000), at(from, from + 5_400))).toBe(true);
    expect(isSameQuestion(at(from, from + 5_000), at(from, from + 6_000))).toBe(false);
  });
});

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['[::1]', 'http://[::1]:80'],
  ['localhost', 'http://localhost:80'],
])('X-Ray listening on %s asks itself at %s', (host, origin) => expect(ownOrigin({ host, port: 80 })).toBe(origin));
