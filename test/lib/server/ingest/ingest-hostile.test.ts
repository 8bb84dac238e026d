/** Hostile bodies through the real doors of a process of its own: what they are answered, and what others notice of them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HOSTILE, honestBody } from '../../../support/hostile-bodies.ts';
import { type IngestProcess, startIngestProcess } from '../../../support/ingest-process.ts';

const Figures = z.object({ residentBytes: z.number(), spans: z.number(), rejects: z.number() });
const directory = mkdtempSync(join(tmpdir(), 'xray-hostile-'));
let server: IngestProcess;
let honest = 0;
beforeAll(async () => {
  server = await startIngestProcess(directory);
}, 60_000);
afterAll(async () => {
  await server.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const figures = async () => Figures.parse(await (await fetch(`${server.url}/figures`)).json());
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

/** A connection of its own for each request: a reused one may be closed by the server at the same time. */
function postOnce(
  url: string,
  body: Uint8Array,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Answer & { retryS: number }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: 'POST', agent: false, headers, ...(signal ? { signal } : {}) },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            retryS: Number(response.headers['retry-after']),
            bytes: Buffer.concat(parts),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** As exporters do: 429 is tried again when the server says. */
async function post(url: string, body: Uint8Array, headers: Record<string, string>): Promise<Answer> {
  for (;;) {
    const answer = await postOnce(url, body, headers);
    if (answer.status !== 429) return answer;
    expect(answer.retryS).toBeGreaterThan(0);
    await sleep(answer.retryS * 1000);
  }
}
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

async function slowestHealth(until: Promise<unknown>): Promise<number> {
  let [done, slowest] = [false, 0];
  void until.finally(() => {
    done = true;
  });
  while (!done) {
    const began = performance.now();
    await (await fetch(`${server.url}/api/health`)).arrayBuffer();
    slowest = Math.max(slowest, performance.now() - began);
    await sleep(50);
  }
  return slowest;
}

describe('a hostile body', () => {
  it.each(Object.entries(HOSTILE))(
    '%s',
    async (_, { path, headers, make, status, says }) => {
      const body = make();
      const hostile = post(`${server.url}${path}`, body, { ...headers, 'x-test-peer': '10.0.0.66' });
      const health = slowestHealth(hostile);
      const other = await post(`${server.url}/v1/traces`, honestBody(honest), {
        ...PROTOBUF,
        'x-test-peer': '10.0.0.7',
      });
      expect(other.status).toBe(200);
      honest += 500;
      const answer = await hostile;
      expect([answer.status, answer.bytes.toString()]).toEqual([status, expect.stringMatching(says)]);
      expect(await health).toBeLessThan(1_000);
      const { residentBytes, spans } = await figures();
      expect(spans).toBe(honest);
      expect(residentBytes).toBeLessThan(1.5e9);
    },
    120_000,
  );

  it('is answered in the encoding of OTLP: a Status with the reason', async () => {
    const body = Buffer.alloc(22_000_000, Buffer.from([0x0a, 0]));
    const { status, type, bytes } = await post(`${server.url}/v1/traces`, body, PROTOBUF);
    expect([status, type]).toEqual([413, 'application/x-protobuf']);
    // google.rpc.Status: code = RESOURCE_EXHAUSTED, message.
    expect([...bytes.subarray(0, 3)]).toEqual([0x08, 8, 0x12]);
    expect(bytes.toString()).toContain('send smaller batches');
  }, 60_000);
});

describe('senders that leave or never finish', () => {
  it('a body whose sender left is not stored', async () => {
    const before = await figures();
    const left = new AbortController();
    const bodies = Array.from({ length: 6 }, (_, i) => honestBody(1_000_000 + i * 500));
    const sent = bodies.map((body) =>
      postOnce(`${server.url}/v1/traces`, body, PROTOBUF, left.signal).catch(() => null),
    );
    await sleep(5);
    left.abort();
    await Promise.all(sent);
    await sleep(1_000);
    const after = await figures();
    // What was being inserted already is stored; nothing waits or is parsed any more.
    expect((after.spans - before.spans) % 500).toBe(0);
    expect((await post(`${server.url}/v1/traces`, honestBody(2_000_000), PROTOBUF)).status).toBe(200);
  }, 60_000);

  it('a body that comes a byte at a time is refused with 408', async () => {
    const own = mkdtempSync(join(tmpdir(), 'xray-slow-'));
    const slow = await startIngestProcess(own, { XRAY_LIMIT_BODY_SECONDS: '2' });
    const began = performance.now();
    const status = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${slow.url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '1000000' },
      });
      const drip = setInterval(() => request.write(' '), 100);
      request.on('error', reject);
      request.on('response', (response) => {
        clearInterval(drip);
        resolve(response.statusCode ?? 0);
        response.resume();
        request.destroy();
      });
    });
    expect(status).toBe(408);
    expect(performance.now() - began).toBeLessThan(10_000);
    await slow.end('SIGKILL');
    rmSync(own, { recursive: true, force: true });
  }, 60_000);
});

it('SIGTERM ends it while all parsers are busy', async () => {
  const own = mkdtempSync(join(tmpdir(), 'xray-term-'));
  const busy = await startIngestProcess(own, {
    XRAY_LIMIT_VALUES: '1000000000',
    XRAY_LIMIT_PARSE_SECONDS: '600',
  });
  const hog = Buffer.alloc(60_000_000, Buffer.from([0x0a, 0]));
  const sent = ['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((peer) =>
    postOnce(`${busy.url}/v1/traces`, hog, { ...PROTOBUF, 'x-test-peer': peer }).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  await sleep(1_500);
  const began = performance.now();
  await busy.end('SIGTERM');
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await Promise.all(sent)).not.toContain(200);
  rmSync(own, { recursive: true, force: true });
}, 60_000);
