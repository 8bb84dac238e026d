/** Bodies that are small on the wire and large, deep or endless for who reads them. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { field, span, traceRequest } from '../../support/otlp-bodies.ts';
import { atMost, type Case } from './case.ts';
import type { Ask, Target } from './target.ts';

const MIB = 1024 ** 2;
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };
const GZIP = { 'content-encoding': 'gzip' };

/** A gzip file of `times` times `piece`. */
async function gzipOf(piece: Uint8Array, times: number, around: readonly [string, string] = ['', '']): Promise<Buffer> {
  const gzip = createGzip({ level: 1 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const write = (bytes: Uint8Array | string) => new Promise((done) => gzip.write(bytes, done));
  await write(around[0]);
  for (let i = 0; i < times; i++) await write(piece);
  await write(around[1]);
  await new Promise((done) => gzip.end(done));
  return Buffer.concat(chunks);
}

const filled = (text: string, bytes: number): Buffer => Buffer.alloc(bytes, text);

/** A valid body that goes to a parser, while others are hostile: how long the slowest of them took, in seconds. */
async function validBeside(target: Target, attack: Promise<unknown>): Promise<number> {
  const spans = Array.from({ length: 2_500 }, (_, i) => span(i + 10, { name: 'n'.repeat(80) }));
  const body = JSON.stringify(traceRequest(spans));
  let [worst, isOver] = [0, false];
  void attack.finally(() => {
    isOver = true;
  });
  await sleep(500);
  while (!isOver) {
    const began = performance.now();
    let status = 0;
    // An exporter that is refused for a while sends again.
    for (let tries = 0; tries < 60 && status !== 200 && target.isAlive(); tries++) {
      ({ status } = await target.ask('/v1/traces', { method: 'POST', headers: JSON_TYPE, body }));
      if (status !== 200) await sleep(500);
    }
    worst = Math.max(worst, (performance.now() - began) / 1000);
    await sleep(250);
  }
  return worst;
}

async function postAll(target: Target, path: string, asks: readonly Ask[], atOnce: number): Promise<void> {
  await atMost(atOnce, asks.length, async (i) => {
    const { status, ms, text } = await target.ask(path, { method: 'POST', timeoutMs: 90_000, ...asks[i] });
    process.stderr.write(`${path}: ${status} after ${Math.round(ms)} ms ${text.slice(0, 140)}\n`);
  });
}

const besideValid =
  (attack: (target: Target) => Promise<unknown>): Case['attack'] =>
  async (target) => ({ 'valid-wait': [await validBeside(target, attack(target)), 's'] });

/** Never ends: chunks of `piece`, one every `pauseMs`. Resolves with the server's status, 0 where it closed or `forMs` passed. */
function endless(base: string, path: string, piece: string, pauseMs: number, forMs: number): Promise<number> {
  return new Promise((done) => {
    const sending = request(`${base}${path}`, { method: 'POST', agent: false, headers: JSON_TYPE }, (answer) => {
      answer.resume();
      done(answer.statusCode ?? 0);
      sending.destroy();
    });
    const end = setTimeout(() => sending.destroy(), forMs);
    const more = () => {
      if (sending.destroyed) return;
      if (pauseMs > 0) setTimeout(() => sending.write(piece, more), pauseMs);
      else sending.write(piece, () => setImmediate(more));
    };
    sending.on('error', () => undefined);
    sending.on('close', () => {
      clearTimeout(end);
      done(0);
    });
    sending.write('[', more);
  });
}

export const bodyCases: readonly Case[] = [
  {
    // "0a 00" is an empty ResourceSpans.
    name: 'parser-hog',
    attack: besideValid(async (target) => {
      const body = await gzipOf(filled('\n\0', MIB), 255);
      await postAll(target, '/v1/traces', [{ headers: { ...PROTOBUF_TYPE, ...GZIP }, body }], 1);
    }),
  },
  {
    name: 'parser-hogs',
    attack: besideValid(async (target) => {
      const hogs = [
        // Empty spans, empty attributes, empty scope spans; unknown fields.
        field(1, field(2, filled('\x12\0', 4 * MIB))),
        field(1, field(1, filled('\n\0', 4 * MIB))),
        field(1, field(2, field(2, filled('J\0', 4 * MIB)))),
        field(1, filled('\x12\0', 4 * MIB)),
        filled('\x7a\0', 4 * MIB),
      ];
      const bodies = await Promise.all(hogs.map((hog) => gzipOf(hog, 60)));
      const asks = bodies.map((body) => ({ headers: { ...PROTOBUF_TYPE, ...GZIP }, body }));
      await postAll(target, '/v1/traces', [...asks, ...asks], 6);
    }),
  },
  {
    name: 'gzip-bombs',
    attack: besideValid(async (target) => {
      const zeros = await gzipOf(Buffer.alloc(MIB), 1_500);
      const members = Buffer.concat(Array.from({ length: 2_000 }, () => gzipSync(Buffer.alloc(MIB / 4), { level: 1 })));
      const bombs: readonly Buffer[] = [
        zeros,
        gzipSync(zeros),
        members,
        zeros.subarray(0, zeros.length / 2),
        await gzipOf(filled('{},', 3 * MIB), 80, ['[', '{}]']),
        await gzipOf(filled('0,', MIB), 250, ['[', '0]']),
        await gzipOf(filled('" "', MIB), 250, ['[', ']']),
        Buffer.concat([gzipSync('[]'), Buffer.alloc(16 * MIB)]),
      ];
      for (const path of ['/v1/events', '/v1/traces', '/v1/timeline'])
        await postAll(
          target,
          path,
          bombs.map((body) => ({ headers: { ...JSON_TYPE, ...GZIP }, body })),
          4,
        );
    }),
  },
  {
    name: 'deep-json',
    attack: besideValid(async (target) => {
      const deep = [
        filled('[', 60 * MIB),
        filled('{"a":', 60 * MIB),
        Buffer.from(`[${'['.repeat(60)}${']'.repeat(60)}${`,${'['.repeat(60)}${']'.repeat(60)}`.repeat(400_000)}]`),
        Buffer.from(`{"resourceSpans":[${'{"scopeSpans":[{"spans":[{}]}]},'.repeat(1_500_000)}{}]}`),
      ];
      for (const path of ['/v1/events', '/v1/traces', '/v1/timeline', '/api/shares'])
        await postAll(
          target,
          path,
          deep.map((body) => ({ headers: JSON_TYPE, body })),
          2,
        );
      // Values of attributes that lie in each other, in protobuf.
      let value: Uint8Array = field(1, Buffer.from('x'));
      for (let i = 0; i < 5_000; i++) value = field(5, field(1, value));
      const body = field(1, field(2, field(2, field(9, field(2, value)))));
      await postAll(target, '/v1/traces', [{ headers: PROTOBUF_TYPE, body }], 1);
    }),
  },
  {
    name: 'endless-body',
    async attack({ base }) {
      const fast = filled('{},', MIB).toString();
      const statuses = await Promise.all([
        ...Array.from({ length: 6 }, (_, i) =>
          endless(base, ['/v1/events', '/v1/traces', '/api/shares'][i % 3] ?? '', fast, 0, 20_000),
        ),
        ...Array.from({ length: 300 }, (_, i) => endless(base, i % 2 ? '/v1/events' : '/v1/traces', '1,', 500, 20_000)),
        endless(base, '/signin', fast, 0, 10_000),
      ]);
      process.stderr.write(`endless: the fast ones were answered with ${statuses.slice(0, 6).join(', ')}\n`);
      return undefined;
    },
  },
];
