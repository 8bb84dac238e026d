/** A ClickHouse that answers more than X-Ray can hold, or sends it elsewhere: an HTTP server of its own, because the engine does neither. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openRemote } from '../../../../lib/store/remote/remote.ts';

const query = { name: 'synthetic', sql: 'SELECT 1 AS one', row: z.object({ one: z.number() }) };
let url = '';
let sent = 0;
let elsewhere = 0;
const server = createServer((request, response) => {
  request.resume();
  if (request.url?.startsWith('/moved')) {
    response.writeHead(307, { location: '/elsewhere' }).end();
    return;
  }
  if (request.url?.startsWith('/elsewhere')) {
    elsewhere += 1;
    response.end('{"one":1}\n');
    return;
  }
  const line = Buffer.from('{"one":1}\n'.repeat(10_000));
  const more = (): void => {
    sent += line.length;
    if (!response.destroyed) response.write(line, () => setImmediate(more));
  };
  more();
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test('an answer without an end is ended, with the reason', async () => {
  const engine = openRemote({ url, headers: {}, caFile: null }, 5_000_000);
  await expect(engine.select(query)).rejects.toThrow(
    'query "synthetic" failed: the answer has more than 5000000 bytes',
  );
  expect(sent).toBeLessThan(50_000_000);
});

test('a redirect is not followed, so credentials stay', async () => {
  const engine = openRemote({ url: `${url}/moved`, headers: { authorization: 'Bearer of-the-store' }, caFile: null });
  await expect(engine.select(query)).rejects.toThrow(/query "synthetic" failed/);
  expect(elsewhere).toBe(0);
});

test('a private certificate authority is believed where it is given, and nowhere else', async () => {
  const file = (name: string) => fileURLToPath(new URL(`../../../fixtures/tls/synthetic/${name}`, import.meta.url));
  const pem = (name: string) => readFileSync(file(name));
  const headers: (string | undefined)[] = [];
  const tls = createTlsServer({ key: pem('server.key'), cert: pem('server.pem') }, (request, response) => {
    headers.push(request.headers.authorization);
    request.resume().on('end', () => response.end('{"one":1}\n'));
  });
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const target = {
    url: `https://127.0.0.1:${(tls.address() as AddressInfo).port}`,
    headers: { authorization: 'Bearer of-the-store' },
  };
  try {
    expect(await openRemote({ ...target, caFile: file('ca.pem') }).select(query)).toEqual([{ one: 1 }]);
    await expect(openRemote({ ...target, caFile: null }).select(query)).rejects.toThrow(/failed: .*certificate/);
    expect(headers).toEqual(['Bearer of-the-store']);
  } finally {
    tls.close();
    tls.closeAllConnections();
  }
});
