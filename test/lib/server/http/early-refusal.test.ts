/** Overload at the door: a body that cannot be stored in time is refused before a route is asked, in its protocol's own form. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDirectAnswers } from '../../../../lib/server/http/direct-answers.ts';
import { enter } from '../../../../lib/server/http/door.ts';
import { createIngest } from '../../../../lib/server/ingest/create-ingest.ts';
import { earlyRefusal } from '../../../../lib/server/ingest/early-refusal.ts';
import type { Ingest } from '../../../../lib/server/runtime/ingest.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { createDoor } from '../../../../lib/server/start/create-door.ts';
import { createTelemetry } from '../../../../lib/server/telemetry/telemetry.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { protobufRequest } from '../../../support/otlp-bodies.ts';

let runtime: Runtime;
let ingest: Ingest;
let server: Server;
let base = '';
/** Paths that reached a route. */
const routed: string[] = [];
/** Opens the store, which does not take rows until then. */
let openStore: () => void = () => undefined;

beforeAll(async () => {
  runtime = await openTestRuntime({ XRAY_LIMIT_WAIT_SECONDS: '1' });
  const opened = new Promise<void>((resolve) => {
    openStore = resolve;
  });
  const { engine, config } = runtime;
  const busy = {
    ...engine,
    insert: (...rows: Parameters<typeof engine.insert>) => opened.then(() => engine.insert(...rows)),
  };
  ingest = createIngest(busy, config, createTelemetry());
  const door = createDoor(config, {
    assets: null,
    closedShare: async () => null,
    expectPage: () => undefined,
    refuseEarly: (head) => earlyRefusal(ingest, head),
    direct: createDirectAnswers(new Map([['/api/health', async () => ({ status: 'ok' })]])),
    next: async (request, response) => {
      routed.push(request.url ?? '');
      request.resume();
      response.end('routed');
    },
  });
  server = createServer((request, response) => void enter(door, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);

afterAll(async () => {
  openStore();
  server.close();
  server.closeAllConnections();
  await ingest.close();
  await runtime.close();
});

const post = (path: string, contentType: string, bytes: number): Promise<Response> =>
  fetch(base + path, { method: 'POST', headers: { 'content-type': contentType }, body: Buffer.alloc(bytes, 32) });

test('what has room reaches its route; under overload nothing of that sender does, and all else still does', async () => {
  expect(await (await post('/v1/traces', 'application/x-protobuf', 1000)).text()).toBe('routed');

  // Nothing of this is stored yet: more than a second's worth at the rate that is assumed.
  const waiting = ingest.traces({
    bytes: protobufRequest(40_000),
    contentType: 'application/x-protobuf',
    contentEncoding: '',
    cluster: null,
    peer: '127.0.0.1',
  });
  const refusedWhenParsed = async (): Promise<Response> => {
    for (;;) {
      const answer = await post('/v1/traces', 'application/x-protobuf', 500_000);
      if (answer.status === 429) return answer;
      await answer.text();
    }
  };
  const protobuf = await refusedWhenParsed();
  routed.length = 0;
  expect(protobuf.headers.get('content-type')).toBe('application/x-protobuf');
  expect(Number(protobuf.headers.get('retry-after'))).toBeGreaterThan(0);
  // google.rpc.Status: code = 1 is RESOURCE_EXHAUSTED (8).
  expect([...new Uint8Array(await protobuf.arrayBuffer()).subarray(0, 2)]).toEqual([8, 8]);

  const json = await post('/v1/traces?cluster=', 'application/json', 500_000);
  expect(json.status).toBe(429);
  expect(await json.json()).toMatchObject({ code: 8, message: expect.stringContaining('send this again') });

  const events = await post('/v1/events?cluster=a', 'application/json', 9_000_000);
  expect(events.status).toBe(429);
  expect(events.headers.get('content-type')).toBe('application/problem+json');
  expect(await events.json()).toMatchObject({ code: 'overloaded', status: 429 });
  expect(routed).toEqual([]);

  // A body without an end is answered, and then ends with its connection.
  const endless = connect(Number(new URL(base).port), '127.0.0.1');
  let said = '';
  let written = 0;
  endless.on('data', (bytes) => {
    said += bytes.toString('latin1');
  });
  endless.on('error', () => undefined);
  endless.write(
    'POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.from(`10000\r\n${' '.repeat(65_536)}\r\n`);
  const more = (): void => {
    if (endless.destroyed) return;
    written += chunk.length;
    endless.write(chunk, () => setImmediate(more));
  };
  more();
  await new Promise((resolve) => endless.once('close', resolve));
  expect(said).toMatch(/^HTTP\/1\.1 429 /);
  expect(written).toBeLessThan(1e9);

  // What is too long is refused for that, by its route.
  const tooLong = ingest.check.bind(
    null,
    { contentType: '', contentEncoding: '', cluster: null, peer: '127.0.0.1' },
    'otlp',
  );
  expect(() => tooLong(runtime.config.limits.bodyBytes + 1)).not.toThrow();
  expect(await (await fetch(`${base}/api/health`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${base}/api/jobs`)).text()).toBe('routed');
  expect(await (await fetch(`${base}/v1/traces`)).status).toBe(405);

  openStore();
  expect((await waiting).acceptedSpans).toBe(40_000);
  expect(await (await post('/v1/traces', 'application/x-protobuf', 500_000)).text()).toBe('routed');
}, 60_000);
