import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLimitedServer } from '../../../../lib/server/http/limited-server.ts';
import { rawRequest } from '../../../support/raw-request.ts';

const MOST = 50;
let server: Server;
let port: number;
let sockets: Socket[];
beforeEach(async () => {
  server = createLimitedServer(async (request, response) => {
    if (request.url === '/slow') await sleep(1_500);
    request.on('error', () => undefined).resume();
    if (request.method === 'GET') response.end('well');
  }, MOST);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
  sockets = [];
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  server.close();
});

function hold(text: string): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}
const health = async () => {
  const began = performance.now();
  const { status, body } = await rawRequest(port, ['GET / HTTP/1.1', 'host: x'], '', 5_000);
  return { status, body, ms: performance.now() - began };
};

describe('many connections', () => {
  it.each([
    ['say nothing', ''],
    ['send their head slowly', 'GET / HTTP/1.1\r\nhost: x\r\nx-a:'],
    ['send their body slowly', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nabc'],
  ])('that %s keep nobody out', async (_, text) => {
    for (let i = 0; i < 4 * MOST; i++) hold(text);
    await sleep(300);
    for (let i = 0; i < 5; i++) {
      const answer = await health();
      expect([answer.status, answer.body]).toEqual([200, 'well']);
      expect(answer.ms).toBeLessThan(1_000);
    }
    const open = await new Promise<number>((done) => server.getConnections((_error, count) => done(count)));
    expect(open).toBeLessThanOrEqual(MOST);
  });

  it('do not end what is being answered', async () => {
    const slow = rawRequest(port, ['GET /slow HTTP/1.1', 'host: x']);
    await sleep(100);
    for (let i = 0; i < 2 * MOST; i++) hold('GET / HTTP/1.1\r\n');
    expect((await slow).body).toBe('well');
  });
});

describe('what cannot be read', () => {
  it.each([
    [['FROB / HTTP/1.1', 'host: x'], 405],
    [['CONNECT example.com:443 HTTP/1.1', 'host: example.com:443'], 405],
    [['GET / HTTP/1.1', 'host: x', `x-long: ${'a'.repeat(20_000)}`], 431],
    [[`GET /${'a'.repeat(20_000)} HTTP/1.1`, 'host: x'], 431],
    [['GET / HTTP/1.1', 'host: x', 'bad header'], 400],
    [['\x16\x03\x01\x02'], 400],
    [['GET / HTTP/1.1', 'host: x', 'content-length: 1', 'content-length: 2'], 400],
    [['POST / HTTP/1.1', 'host: x', 'content-length: 1', 'transfer-encoding: chunked'], 400],
    [['GET / HTTP/1.1', 'host: x', 'expect: a-pony'], 417],
  ])('%j', async (head, status) => {
    const answer = await rawRequest(port, head);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).not.toMatch(/ at |HPE_|node:/);
    expect(JSON.parse(answer.body)).toMatchObject({ status });
    if (status === 405) expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, DELETE, OPTIONS');
  });

  it('ends a head that takes too long, as a problem', { timeout: 30_000 }, async () => {
    const answer = await new Promise<string>((done) => {
      let text = '';
      const socket = hold('GET / HTTP/1.1\r\nhost: x\r\n');
      const drip = setInterval(() => socket.write('x-a: b\r\n'), 500);
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('close', () => {
        clearInterval(drip);
        done(text);
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 408 .*application\/problem\+json/s);
  });
});
