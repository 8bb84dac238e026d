/** Nobody without the token reads anything, however the address is written and however often the token is guessed. */
import { connect } from 'node:net';
import { atMost, type Case } from './case.ts';

const TOKEN = 'a-token-that-nobody-guesses-0123456789';
const PRIVATE = [
  '/api/jobs',
  '/api/health',
  '/api/shares',
  '/metrics',
  '/api/clusters',
  '/jobs',
  '/v1/traces',
  '/sources',
];
/** Ways to say that a path begins where everybody may read. */
const TRICKS: readonly ((path: string) => string)[] = [
  (path) => path,
  ...['/icon', '/icon.svg', '/_next/static', '/signin', '/s', '/s/x', '/api/shares', '/favicon.ico'].flatMap((open) =>
    ['..', '%2e%2e', '%2E%2e', '.%2e', '%252e%252e', '..;', '..%00', '..\\', '%2e%2e%5c'].flatMap((dots) => [
      (path: string) => `${open}/${dots}${path}`,
      (path: string) => `${open}/${dots}/${dots}${path}`,
      (path: string) => `${open}%2f${dots}${path}`,
      (path: string) => `${open}\\${dots}${path}`,
    ]),
  ),
  (path) => `/.${path}`,
  (path) => `/${path}`,
  (path) => `/_next/data/x${path}.json`,
  (path) => `/_next/image?url=${encodeURIComponent(path)}&w=64&q=75`,
  (path) => `${path}?_rsc=1`,
  (path) => `http://127.0.0.1${path}`,
  (path) => `${path}/.`,
  (path) => `${path}%00/icon.svg`,
  (path) => `${path};/icon.svg`,
  (path) => path.toUpperCase(),
];
/** What says that somebody else has looked already, or that the request is one of Next's own. */
const HEADERS = ['x-middleware-subrequest: middleware', 'x-original-url: /icon.svg', 'x-forwarded-host: localhost'];

/** Status of one request whose target is sent as it stands; 0 where the connection closed without one. */
async function statusOf(base: string, target: string, header: string): Promise<number> {
  const { hostname, port } = new URL(base);
  return new Promise((done) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET ${target} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n${header === '' ? '' : `${header}\r\n`}\r\n`,
        'latin1',
      ),
    );
    let text = '';
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.length > 64) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)));
  });
}

export const accessCases: readonly Case[] = [
  {
    name: 'access',
    environment: () => ({ XRAY_AUTH_TOKEN: TOKEN }),
    async attack({ base }) {
      const targets = PRIVATE.flatMap((path) => TRICKS.map((trick) => trick(path)));
      const tries = [
        ...targets.map((target) => ({ target, header: '' })),
        ...PRIVATE.flatMap((target) => HEADERS.map((header) => ({ target, header }))),
      ];
      let leaks = 0;
      await atMost(16, tries.length, async (i) => {
        const { target, header } = tries[i] ?? { target: '/', header: '' };
        const status = await statusOf(base, target, header);
        if (status < 200 || status > 299) return;
        leaks += 1;
        process.stderr.write(`leak: ${status} ${target} ${header}\n`);
      });
      return { leaks: [leaks, '1'], tries: [tries.length, '1'] };
    },
  },
  {
    name: 'sign-in',
    environment: () => ({ XRAY_AUTH_TOKEN: TOKEN }),
    async attack({ base }) {
      const statuses = new Map<number, number>();
      const began = performance.now();
      await atMost(40, 4_000, async (i) => {
        const answer = await fetch(`${base}/signin`, {
          method: 'POST',
          redirect: 'manual',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: `token=guess-${i}&path=/`,
        }).catch(() => null);
        await answer?.arrayBuffer().catch(() => undefined);
        const status = answer?.status ?? 0;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      process.stderr.write(`sign-in: ${[...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')}\n`);
      // 401: the guess was judged; 429: it was not looked at.
      const judged = (statuses.get(401) ?? 0) / ((performance.now() - began) / 1000);
      return { 'guesses-judged': [judged, '1/s'], leaks: [statuses.get(303) ?? 0, '1'] };
    },
  },
];
