/** Spans of one trace in columns, through the real engine: against the same spans in full, at scale, and of bad input. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnsOfSpans } from '../../../../lib/analysis/columns-of-spans.ts';
import { criticalPath } from '../../../../lib/analysis/critical-path.ts';
import { parentsOf, visibleRows, waterfallRows } from '../../../../lib/chart/trace/waterfall.ts';
import {
  decodeTraceColumns,
  encodeTraceColumns,
  indexOfSpan,
  ORPHAN,
  ROOT,
  spanIdText,
  type TraceColumns,
} from '../../../../lib/model/trace-columns.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { findSpans, getSpan, getTraceColumns, getTraceSize } from '../../../../lib/server/traces/trace-columns.ts';
import { getTrace } from '../../../../lib/server/traces/traces.ts';
import { syntheticTrace } from '../../../bench/synthetic-trace.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type SyntheticSpan, traceRequest } from '../../../support/otlp-bodies.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime?.close());

const columnsOf = async (traceId: string, limit = 500_000): Promise<TraceColumns> => {
  const { body } = await getTraceColumns(runtime, { traceId, limit });
  return decodeTraceColumns(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
};

const hex = (number: number, digits = 16): string => number.toString(16).padStart(digits, '0');
const START = 1_795_469_322_000_000_000n;

interface Made {
  readonly id: number;
  readonly parent?: number;
  readonly from?: bigint;
  readonly to?: bigint;
  readonly fields?: SyntheticSpan;
}

/** Sends spans as OTLP JSON, as a client does; what was set aside, in words. */
async function send(trace: number, made: readonly Made[]): Promise<string> {
  const spans = made.map(({ id, parent, from = 0n, to = 1000n, fields }) => ({
    traceId: hex(trace, 32),
    spanId: hex(id),
    ...(parent === undefined ? {} : { parentSpanId: hex(parent) }),
    name: `synthetic ${id}`,
    startTimeUnixNano: String(START + from),
    endTimeUnixNano: String(START + to),
    ...fields,
  }));
  const body = { bytes: Buffer.from(JSON.stringify(traceRequest(spans))), contentType: 'application/json' };
  const answer = await runtime.ingest.traces({ ...body, contentEncoding: '', cluster: null });
  return answer.reason;
}

/** Everything the page does with columns before it draws, and that it does so in time. */
function drawn(columns: TraceColumns): { readonly rows: number; readonly depth: number; readonly parts: number } {
  const begun = performance.now();
  const rows = waterfallRows(columns.parent);
  const shown = visibleRows(rows, new Uint8Array(rows.span.length), null);
  const path = criticalPath(parentsOf(rows), columns.start, columns.duration);
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(new Set(rows.span).size).toBe(columns.id.length);
  return {
    rows: shown.length,
    depth: rows.depth.reduce((most, each) => Math.max(most, each), 0),
    parts: path.span.length,
  };
}

describe('a trace at scale', () => {
  const traceId = 'a'.repeat(32);
  const SPANS = 30_001;
  beforeAll(async () => {
    await runtime.engine.command(syntheticTrace(traceId, SPANS));
    // As an exporter does after a time-out: a part of it again.
    await runtime.engine.command(syntheticTrace(traceId, 1000));
  });

  it('holds every span once, the same as in full', async () => {
    expect((await getTraceSize(runtime, { traceId })).spans).toBe(SPANS);
    const columns = await columnsOf(traceId);
    const full = await getTrace(runtime, { traceId, limit: 100_000 });
    const { columns: expected } = columnsOfSpans(full);
    expect([columns.id.length, columns.omitted]).toEqual([SPANS, 0]);
    expect([columns.startNs, columns.durationNs]).toEqual([expected.startNs, expected.durationNs]);
    const reported = (from: TraceColumns) =>
      [...from.id.keys()]
        .map((i) => {
          const above = from.parent[i] ?? ROOT;
          const group = from.groups[from.group[i] ?? 0];
          return [
            spanIdText(from.id[i] ?? 0n),
            above < 0 ? above : spanIdText(from.id[above] ?? 0n),
            from.start[i],
            from.duration[i],
            from.names[from.name[i] ?? 0],
            group?.service,
            group?.process,
            from.lanes[from.lane[i] ?? 0],
            from.failed[i],
          ].join(' ');
        })
        .sort();
    expect(reported(columns)).toEqual(reported(expected));
    expect(columns.failed.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);
    expect(
      new Set(columns.groups.map(({ process }) => process).filter((process) => process.startsWith('rank'))),
    ).toEqual(new Set(Array.from({ length: 8 }, (_, rank) => `rank ${rank}`)));
    expect(drawn(columns)).toMatchObject({ rows: SPANS, depth: 3 });
  });

  it('counts what is beyond the limit', async () => {
    const columns = await columnsOf(traceId, 1000);
    expect([columns.id.length, columns.omitted]).toEqual([1000, SPANS - 1000]);
    const full = await getTrace(runtime, { traceId, limit: 1000 });
    expect([full.spans.length, full.omitted]).toEqual([1000, SPANS - 1000]);
  });

  it('answers one span in full, and where a name, a value and a key=value are found', async () => {
    const columns = await columnsOf(traceId);
    const spanId = spanIdText(columns.id[2] ?? 0n);
    const full = await getTrace(runtime, { traceId, limit: 100_000 });
    expect(await getSpan(runtime, { traceId, spanId })).toEqual(full.spans.find((span) => span.spanId === spanId));
    expect(indexOfSpan(columns, spanId)).toBe(2);
    const found = async (text: string) => new Set((await findSpans(runtime, { traceId, text })).spanIds);
    const where = (passes: (span: (typeof full.spans)[number]) => boolean) =>
      new Set(full.spans.filter(passes).map((span) => span.spanId));
    expect(await found('PHASE_3')).toEqual(where(({ name }) => name.includes('phase_3')));
    expect(await found('synthetic.step=17')).toEqual(where(({ attributes }) => attributes['synthetic.step'] === '17'));
    expect(await found(spanId)).toEqual(new Set([spanId]));
    expect((await found('Operations')).size).toBe(
      where(({ attributes }) => attributes['thread.name'] === 'operations').size,
    );
    await expect(getSpan(runtime, { traceId, spanId: hex(1) })).rejects.toThrow('has no span');
    await expect(columnsOf('b'.repeat(32))).rejects.toThrow('no span of trace');
  });
});

describe('what traces should not hold', () => {
  it('zero-length spans are drawn; a reversed one is kept with duration 0 and marked', async () => {
    const message = await send(1, [
      { id: 1, to: 0n },
      { id: 2, parent: 1, to: 0n },
      { id: 3, from: 5n, to: 4n },
    ]);
    expect(message).toBe('');
    const columns = await columnsOf(hex(1, 32));
    expect([...columns.duration]).toEqual([0, 0, 0]);
    expect([...columns.noEnd]).toEqual([0, 0, 1]);
    expect(drawn(columns)).toMatchObject({ rows: 3, depth: 1 });
  });

  it('an old span, the far future and a span of 30 days stand on one axis; beyond 2095 is refused', async () => {
    // What is older than traces are kept (1970, say) goes with the next merge of the store, as retention wants.
    const [old, future] = [1_577_836_800_000_000_000n, 3_800_000_000_000_000_000n];
    const message = await send(2, [
      { id: 1, fields: { startTimeUnixNano: String(old), endTimeUnixNano: String(old + 1n) } },
      { id: 2, to: 30n * 86_400_000_000_000n },
      { id: 3, fields: { startTimeUnixNano: String(future), endTimeUnixNano: String(future + 10n) } },
      { id: 4, fields: { endTimeUnixNano: '7000000000000000000' } },
    ]);
    expect(message).toContain('endTimeUnixNano is 7000000000000000000, after 2095');
    const columns = await columnsOf(hex(2, 32));
    expect(columns.startNs).toBe(old);
    expect([...columns.duration]).toEqual([1, 30 * 86_400e9, 10]);
    // 70 years apart, a float64 tells 512 ns.
    expect(Math.abs((columns.start[2] ?? 0) - Number(future - old))).toBeLessThan(2000);
    expect(drawn(columns).rows).toBe(3);
    const since1970 = decodeTraceColumns(encodeTraceColumns({ ...columns, startNs: 1n }).buffer);
    expect([since1970.startNs, drawn(since1970).rows]).toEqual([1n, 3]);
  });

  it('a cycle of parents is cut, a span that is its own parent and one without its parent are roots', async () => {
    await send(3, [
      { id: 1, parent: 2 },
      { id: 2, parent: 3, from: 1n },
      { id: 3, parent: 1, from: 2n },
      { id: 4, parent: 4, from: 3n },
      { id: 5, parent: 99, from: 4n },
    ]);
    const columns = await columnsOf(hex(3, 32));
    expect([...columns.parent]).toEqual([1, 2, 0, ROOT, ORPHAN]);
    expect(drawn(columns)).toMatchObject({ rows: 5, depth: 2 });
  });

  it('of two spans with one id the earlier is drawn', async () => {
    await send(4, [
      { id: 1 },
      { id: 2, parent: 1, from: 10n },
      { id: 2, parent: 1, from: 20n, fields: { name: 'second' } },
    ]);
    const columns = await columnsOf(hex(4, 32));
    expect([columns.id.length, columns.start[1], columns.omitted]).toEqual([2, 10, 0]);
  });

  it('a name of a million characters costs the page 300', async () => {
    const message = await send(5, [
      { id: 1, fields: { name: 'n'.repeat(1_000_000) } },
      { id: 2, parent: 1 },
    ]);
    const columns = await columnsOf(hex(5, 32));
    if (message === '') expect(columns.names.map((name) => name.length).sort((a, b) => b - a)[0]).toBe(300);
    expect(drawn(columns).rows).toBe(columns.id.length);
  });

  it('300,000 children of one parent, and a chain 100,000 deep, do not freeze', () => {
    const count = 300_000;
    const columns = (parent: Int32Array): TraceColumns =>
      decodeTraceColumns(
        encodeTraceColumns({
          startNs: START,
          durationNs: count * 10,
          omitted: 0,
          id: BigUint64Array.from({ length: parent.length }, (_, i) => BigInt(i + 1)),
          parent,
          start: Float64Array.from({ length: parent.length }, (_, i) => i),
          duration: Float64Array.from({ length: parent.length }, (_, i) => count * 2 - i),
          name: new Uint32Array(parent.length),
          group: new Uint16Array(parent.length),
          lane: new Uint16Array(parent.length),
          failed: new Uint8Array(parent.length),
          isTask: new Uint8Array(parent.length),
          noEnd: new Uint8Array(parent.length),
          names: ['synthetic'],
          groups: [{ service: 'synthetic', process: '' }],
          lanes: [''],
        }).buffer,
      );
    const wide = columns(Int32Array.from({ length: count }, (_, i) => (i === 0 ? ROOT : 0)));
    expect(drawn(wide)).toMatchObject({ rows: count, depth: 1 });
    const deep = columns(Int32Array.from({ length: 100_000 }, (_, i) => i - 1));
    expect(drawn(deep)).toMatchObject({ rows: 100_000, depth: 99_999 });
  });

  it('bytes that are no columns are refused in words', () => {
    expect(() => decodeTraceColumns(new ArrayBuffer(8))).toThrow('no spans of a trace');
    const some = encodeTraceColumns({
      ...{ startNs: 0n, durationNs: 1, omitted: 0, id: new BigUint64Array(1), parent: new Int32Array(1) },
      ...{
        start: new Float64Array(1),
        duration: new Float64Array(1),
        name: new Uint32Array(1),
        group: new Uint16Array(1),
      },
      ...{
        lane: new Uint16Array(1),
        failed: new Uint8Array(1),
        isTask: new Uint8Array(1),
        noEnd: new Uint8Array(1),
        names: [],
        groups: [],
        lanes: [],
      },
    });
    expect(() => decodeTraceColumns(some.buffer.slice(0, some.byteLength - 1))).toThrow('cut short');
    new DataView(some.buffer).setUint16(4, 2, true);
    expect(() => decodeTraceColumns(some.buffer)).toThrow('version 2');
  });
});
