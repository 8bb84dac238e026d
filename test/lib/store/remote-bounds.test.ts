/** A ClickHouse that answers more than X-Ray can hold, or sends it elsewhere: an HTTP server of its own, because the engine does neither. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openRemote } from '../../../lib/store/remote.ts';

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
  const engine = openRemote({ url, headers: {} }, 5_000_000);
  await expect(engine.select(query)).rejects.toThrow(
    'query "synthetic" failed: the answer has more than 5000000 bytes',
  );
  expect(sent).toBeLessThan(50_000_000);
});

test('a redirect is not followed, so credentials stay', async () => {
  const engine = openRemote({ url: `${url}/moved`, headers: { authorization: 'Bearer of-the-store' } });
  await expect(engine.select(query)).rejects.toThrow(/query "synthetic" failed/);
  expect(elsewhere).toBe(0);
});
