/** Bodies that are small and cost much, each a kind of its own. Synthetic. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { attribute, field, protobufRequest } from './otlp-bodies.ts';

export interface HostileBody {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly make: () => Uint8Array;
  /** What it is answered with. */
  readonly status: number;
  readonly says: RegExp;
}

const filled = (bytes: number, pattern: string): Buffer => Buffer.alloc(bytes, Buffer.from(pattern, 'latin1'));
const protobuf = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json' };
const gzip = { 'content-encoding': 'gzip' };
const listOf = (element: string, count: number): Buffer =>
  Buffer.from(`[${`${element},`.repeat(count - 1)}${element}]`);
const inSpan = (fields: Uint8Array): Buffer => field(1, field(2, field(2, fields)));

/** One record of `count` members whose names are all different. */
const wide = (record: number, count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${record}x${i}":{}`).join(',')}}`;

export const HOSTILE: Readonly<Record<string, HostileBody>> = {
  'gzip of 200 MB of empty messages': {
    path: '/v1/traces',
    headers: { ...protobuf, ...gzip },
    make: () => gzipSync(filled(200_000_000, '\n\0'), { level: 1 }),
    status: 413,
    says: /more than \d+ (times larger|values)/,
  },
  '30 MB of empty messages': {
    path: '/v1/traces',
    headers: protobuf,
    make: () => filled(30_000_000, '\n\0'),
    status: 413,
    says: /more than 10000000 values/,
  },
  'empty scopes in one resource': {
    path: '/v1/traces',
    headers: protobuf,
    make: () => field(1, filled(24_000_000, '\x12\0')),
    status: 413,
    says: /more than 10000000 values/,
  },
  'empty spans': {
    path: '/v1/traces',
    headers: protobuf,
    make: () => field(1, field(2, filled(4_000_000, '\x12\0'))),
    status: 413,
    says: /over 200000 spans/,
  },
  'a span of millions of empty attributes': {
    path: '/v1/traces',
    headers: protobuf,
    make: () => inSpan(filled(8_000_000, 'J\0')),
    status: 200,
    says: /over 100000 values/,
  },
  'unknown fields, padded varints': {
    path: '/v1/traces',
    headers: protobuf,
    // Field 100, varint 0 in ten bytes.
    make: () => filled(12 * 3_000_000, '\xa0\x06\x80\x80\x80\x80\x80\x80\x80\x80\x80\0'),
    status: 200,
    says: /^$/,
  },
  groups: {
    path: '/v1/traces',
    headers: protobuf,
    make: () => filled(5_000_000, '\x0b'),
    status: 400,
    says: /wire type 3/,
  },
  'a resource that is stored with each of 50,000 spans': {
    path: '/v1/traces',
    headers: protobuf,
    make: () => {
      const resource = field(1, attributeOfResource(500_000));
      const spans = protobufRequest(50_000);
      // The request's one ResourceSpans, with a resource in front of its scope.
      return field(1, Buffer.concat([resource, spans.subarray(spans.indexOf(0x12))]));
    },
    status: 413,
    says: /rows of this body have more than/,
  },
  'lists in a list': {
    path: '/v1/traces',
    headers: json,
    make: () => listOf('[]', 15_000_000),
    status: 413,
    says: /values/,
  },
  'objects as events': {
    path: '/v1/events',
    headers: json,
    make: () => listOf('{}', 5_000_000),
    status: 413,
    says: /over 200000 records/,
  },
  'numbers as a timeline': {
    path: '/v1/timeline',
    headers: json,
    make: () => listOf('1', 20_000_000),
    status: 413,
    says: /values/,
  },
  'events with names that are all different': {
    path: '/v1/events',
    headers: json,
    make: () => Buffer.from(`[${Array.from({ length: 100 }, (_, i) => wide(i, 5_000)).join(',')}]`),
    status: 200,
    says: /eventType is missing/,
  },
  'one event of a million members': {
    path: '/v1/events',
    headers: json,
    make: () => Buffer.from(`[${wide(0, 1_000_000)}]`),
    status: 200,
    says: /over 100000 values/,
  },
  'one key again and again': {
    path: '/v1/traces',
    headers: json,
    make: () => Buffer.from(`{${'"resourceSpans":[],'.repeat(2_000_000)}"resourceSpans":[]}`),
    status: 200,
    says: /^\{\}$/,
  },
  'nested without end': {
    path: '/v1/events',
    headers: json,
    make: () => filled(20_000_000, '['),
    status: 400,
    says: /nested deeper/,
  },
  'one string of 40 MB': {
    path: '/v1/events',
    headers: json,
    make: () => Buffer.from(`["${'x'.repeat(40_000_000)}"]`),
    status: 200,
    says: /the record has 40000002 bytes/,
  },
  'a million gzips': {
    path: '/v1/events',
    headers: { ...json, ...gzip },
    make: () => filledWith(gzipSync(''), 1_000_000),
    status: 400,
    says: /ends inside a value/,
  },
  'a gzip that is cut': {
    path: '/v1/events',
    headers: { ...json, ...gzip },
    make: () => gzipSync(filled(1_000_000, '[1]')).subarray(0, 500),
    status: 400,
    says: /gzip/,
  },
  'gzip with something behind it': {
    path: '/v1/events',
    headers: { ...json, ...gzip },
    make: () => Buffer.concat([gzipSync('[]'), filled(1_000_000, 'x')]),
    status: 400,
    says: /gzip/,
  },
  deflate: {
    path: '/v1/events',
    headers: { ...json, 'content-encoding': 'deflate' },
    make: () => deflateSync('[]'),
    status: 415,
    says: /use gzip or none/,
  },
  br: {
    path: '/v1/events',
    headers: { ...json, 'content-encoding': 'br' },
    make: () => brotliCompressSync('[]'),
    status: 415,
    says: /use gzip or none/,
  },
  'an encoding that objects know': {
    path: '/v1/events',
    headers: { ...json, 'content-encoding': 'constructor' },
    make: () => Buffer.from('[]'),
    status: 415,
    says: /use gzip or none/,
  },
};

const attributeOfResource = (bytes: number): Buffer =>
  field(1, Buffer.concat([field(1, Buffer.from('k')), field(2, field(1, filled(bytes, 'v')))]));

const filledWith = (part: Uint8Array, count: number): Buffer => Buffer.alloc(part.byteLength * count, part);

/** What a sender with nothing in mind sends meanwhile: too large to be parsed on the event loop. */
export const honestBody = (first: number): Buffer =>
  protobufRequest(500, attribute(Buffer.from('key'), filled(400, 'v')), first);
