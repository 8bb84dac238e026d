/** Recorded OTLP/HTTP bodies of a training run (torch/2.15.0/otlp-steps): both encodings, sent twice, read back. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracesRoute } from '../../../../lib/contract/traces.ts';
import type { Span } from '../../../../lib/model/span.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getTrace, listTraces } from '../../../../lib/server/traces/traces.ts';
import { type SpanVisitor, spanDecoder } from '../../../../lib/sources/otlp/decode.ts';
import { readTraceRequestJson } from '../../../../lib/sources/otlp/json.ts';
import { readExportTraceServiceRequest } from '../../../../lib/sources/otlp/protobuf.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const folder = new URL('../../../fixtures/torch/2.15.0/otlp-steps/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => /^\d+\.json\.gz$/.test(name))
  .map((name) => name.slice(0, 3));
const json = (name: string): Buffer => gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder)));
function protobuf(name: string): Buffer {
  const packed = readdirSync(folder).includes(`${name}.pb.gz`);
  const bytes = readFileSync(new URL(packed ? `${name}.pb.gz` : `${name}.pb`, folder));
  return packed ? gunzipSync(bytes) : bytes;
}
const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as { spans: number }[];
const spansSent = index.reduce((sum, body) => sum + body.spans, 0);

const LIMITS = { depth: 64, spend: () => undefined };

/** Everything that a reader tells. */
function decoded(read: (visitor: SpanVisitor) => void): { spans: Span[]; rejects: string[] } {
  const [spans, rejects]: [Span[], string[]] = [[], []];
  read(
    spanDecoder(
      (some) => spans.push(...some),
      (_, reason) => rejects.push(reason),
    ),
  );
  return { spans, rejects };
}

describe('OTLP bodies', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime({ XRAY_LIMIT_DECOMPRESSED_BYTES: '20000000' });
    for (const name of names) {
      await runtime.ingest.traces({
        bytes: gzipSync(protobuf(name)),
        contentType: 'application/x-protobuf',
        contentEncoding: 'gzip',
        cluster: null,
      });
      await runtime.ingest.traces({
        bytes: json(name),
        contentType: 'application/json',
        contentEncoding: '',
        cluster: null,
      });
    }
  });
  afterAll(() => runtime.close());

  it('protobuf and JSON decode to the same spans', async () => {
    for (const name of names) {
      const one = decoded((visitor) => readExportTraceServiceRequest(protobuf(name), LIMITS, visitor));
      const two = decoded((visitor) => readTraceRequestJson(json(name), LIMITS, visitor));
      expect(one.spans.length).toBeGreaterThan(0);
      expect(one).toEqual(two);
      expect(one.rejects).toEqual([]);
    }
  });

  it('every span is stored once, though each was sent twice', async () => {
    const { traces, matched } = await listTraces(runtime, { limit: 1000 });
    expect(traces.length).toBe(matched);
    expect(traces.reduce((sum, trace) => sum + trace.spans, 0)).toBe(spansSent);
  });

  it('a trace has its tree, though children may come one body before their parent', async () => {
    const { traces } = await listTraces(runtime, { limit: 1000, name: 'train.step' });
    const first = traces[0];
    if (!first) throw new Error('no trace with train.step');
    const trace = await getTrace(runtime, { traceId: first.traceId, limit: 1000 });
    const ids = new Set(trace.spans.map((span) => span.spanId));
    expect(trace.spans.filter((span) => span.parentSpanId !== '' && !ids.has(span.parentSpanId))).toEqual([]);
    expect(first.rootName).toBe('train.step');
    expect(trace.spans.filter((span) => span.name.includes('all_reduce')).length).toBeGreaterThan(1);
  });

  it('filters by attribute, duration and window', async () => {
    const all = await listTraces(runtime, { limit: 1000 });
    const rank1 = await listTraces(runtime, tracesRoute.query.parse({ limit: 1000, attributes: 'rank=1' }));
    expect(rank1.matched).toBeGreaterThan(0);
    expect(rank1.matched).toBeLessThanOrEqual(all.matched);
    expect((await listTraces(runtime, { limit: 10, minDurationMs: 3_600_000 })).matched).toBe(0);
    expect((await listTraces(runtime, { limit: 10, to: 1n })).matched).toBe(0);
  });

  it('a bad span is rejected alone, with its position and reason', async () => {
    const good = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      name: 'ok',
      startTimeUnixNano: '1795469322000000000',
      endTimeUnixNano: '1795469322000000001',
    };
    const spans = [good, { ...good, spanId: '00' }, { ...good, spanId: 'b7ad6b7169203332', startTimeUnixNano: '-1' }];
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const stored = await runtime.ingest.traces({
      bytes: Buffer.from(body),
      contentType: 'application/json',
      contentEncoding: '',
      cluster: null,
    });
    expect(stored).toMatchObject({ acceptedSpans: 1, rejectedSpans: 2 });
    expect(stored.reason).toMatch(/^span 1: spanId/);
  });

  it.each([
    ['not JSON', Buffer.from('{'), '', 400],
    ['an unknown encoding', Buffer.from('{}'), 'zstd', 415],
    ['broken gzip', Buffer.from('{}'), 'gzip', 400],
    ['nesting without end', Buffer.from('['.repeat(100_000)), '', 400],
  ])('refuses %s', async (_, bytes, contentEncoding, status) => {
    await expect(
      runtime.ingest.traces({ bytes, contentType: 'application/json', contentEncoding, cluster: null }),
    ).rejects.toMatchObject({ problem: { status } });
  });

  it('refuses broken protobuf', async () => {
    const bytes = Buffer.from([0x0a, 0xff, 0xff]);
    await expect(
      runtime.ingest.traces({ bytes, contentType: 'application/x-protobuf', contentEncoding: '', cluster: null }),
    ).rejects.toMatchObject({ problem: { status: 400 } });
  });

  it('refuses a body that grows beyond the limit when decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(21_000_000));
    await expect(
      runtime.ingest.traces({ bytes: bomb, contentType: 'application/json', contentEncoding: 'gzip', cluster: null }),
    ).rejects.toMatchObject({ problem: { status: 413 } });
  });
});
