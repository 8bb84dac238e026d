/** `xray import` of PyTorch profiler traces, recorded from a DDP run of four ranks; and of broken ones. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { decodeTraceColumns } from '../../../lib/model/trace-columns.ts';
import { getTraceColumns } from '../../../lib/server/traces/trace-columns.ts';
import { getTrace, listTraces } from '../../../lib/server/traces/traces.ts';
import { fixture, type ImportDesk, openImportDesk } from './import-desk.ts';
import { root } from './run-xray.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const KINETO = 'test/fixtures/torch/2.15.0/kineto-ddp';
const RANKS = [0, 1, 2, 3];
const Recorded = z.object({
  traceEvents: z.array(
    z.looseObject({
      ph: z.string(),
      cat: z.string().optional(),
      name: z.string().optional(),
      ts: z.number().optional(),
      dur: z.number().optional(),
    }),
  ),
});
const Truth = z.object({
  ranks: z.number(),
  steps: z.number(),
  injected_slow_rank_per_step: z.record(z.string(), z.number().nullable()),
  trace_has: z.object({ ProfilerStep: z.array(z.string()) }),
});
const truth = Truth.parse(JSON.parse(readFileSync(`${root}/${KINETO}/truth.json`, 'utf8')));
const eventsOf = (rank: number) =>
  Recorded.parse(JSON.parse(gunzipSync(fixture(`${KINETO}/rank${rank}.pt.trace.json.gz`)).toString())).traceEvents;
const spansIn = RANKS.reduce((sum, rank) => sum + eventsOf(rank).filter(({ ph }) => ph === 'X').length, 0);

let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

const profiled = async () => (await listTraces(desk.runtime, { limit: 100, service: 'torch' })).traces;

describe('the ranks of a DDP run', () => {
  it('become one trace with every event that has a duration, the same at every import', async () => {
    for (let again = 0; again < 2; again++) {
      const { code, report } = await desk.importJson([KINETO]);
      const files = report.files.filter(({ kind }) => kind === 'kineto');
      expect([code, files.length, report.accepted, report.rejected]).toEqual([0, truth.ranks, spansIn, 0]);
      const traces = await profiled();
      expect(traces.map(({ spans }) => spans)).toEqual([spansIn]);
    }
  });

  it('has the steps, categories, ranks and threads of the recording, nested as they ran', async () => {
    const [trace] = await profiled();
    const { spans, startNs } = await getTrace(desk.runtime, { traceId: trace?.traceId ?? '', limit: 100_000 });
    const first = Math.min(
      ...RANKS.flatMap((rank) => eventsOf(rank).flatMap(({ ph, ts }) => (ph === 'X' && ts ? [ts] : []))),
    );
    // 2026-11-23, the day of the recording: baseTimeNanoseconds and ts together.
    expect(BigInt(startNs) - 1_790_857_026_000_000_000n).toBe(BigInt(Math.round(first * 1000)));
    for (const rank of RANKS) {
      const own = spans.filter(({ resourceAttributes }) => resourceAttributes['xray.rank'] === String(rank));
      const recorded = eventsOf(rank).filter(({ ph }) => ph === 'X');
      const counts = (names: readonly (string | undefined)[]) =>
        Object.fromEntries(
          [...new Set(names)].sort().map((name) => [name, names.filter((each) => each === name).length]),
        );
      expect(counts(own.map(({ attributes }) => attributes['kineto.category']))).toEqual(
        counts(recorded.map(({ cat }) => cat)),
      );
      expect(counts(own.map(({ name }) => name))).toEqual(counts(recorded.map(({ name }) => name)));
      const steps = own.filter(({ name }) => name.startsWith('ProfilerStep#'));
      expect(steps.map(({ name }) => name)).toEqual(truth.trace_has.ProfilerStep);
      const parents = new Map(own.map((span) => [span.spanId, span]));
      const loads = own.filter(({ name }) => name === 'load_batch');
      expect(loads.map(({ parentSpanId }) => parents.get(parentSpanId)?.name)).toEqual(truth.trace_has.ProfilerStep);
      for (const span of own) {
        const above = parents.get(span.parentSpanId);
        if (above === undefined || above.attributes['kineto.category'] === 'Trace') continue;
        expect(above.attributes['thread.id']).toBe(span.attributes['thread.id']);
        expect(BigInt(above.startNs) <= BigInt(span.startNs)).toBe(true);
      }
      // The recording itself is the root of its rank.
      expect(own.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name)).toEqual([
        'PyTorch Profiler (0)',
      ]);
      // Each backward operation knows its forward one.
      const flows = eventsOf(rank).filter(({ ph }) => ph === 'f').length;
      expect(own.reduce((sum, { links }) => sum + links.length, 0)).toBe(flows);
      expect(own.every(({ links }) => links.every(({ spanId }) => parents.has(spanId)))).toBe(true);
    }
    const { body } = await getTraceColumns(desk.runtime, { traceId: trace?.traceId ?? '', limit: 500_000 });
    const columns = decodeTraceColumns(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
    expect(
      columns.groups
        .map(({ process }) => process)
        .filter((process) => process.startsWith('rank'))
        .sort(),
    ).toEqual(RANKS.map((rank) => `rank ${rank}`));
    expect(columns.lanes.filter((lane) => lane.startsWith('thread')).length).toBeGreaterThan(4);
  });

  it('has collectives: each with all ranks and one size, and the injected slow rank starts last', async () => {
    const rows = await desk.runtime.engine.select({
      name: 'collectives-of-kineto',
      sql: `SELECT seq, groupArray(rank) AS ranks, uniqExact(size) AS sizes, any(op) AS op, any(nranks) AS nranks, max(size) AS bytes,
          argMax(rank, start_ns) AS last, min(start_ns) AS first_ns FROM xray.collective_spans FINAL GROUP BY seq ORDER BY seq`,
      row: z.object({
        seq: z.string(),
        ranks: z.array(z.number()),
        sizes: z.string(),
        op: z.string(),
        nranks: z.number(),
        bytes: z.number(),
        last: z.number(),
        first_ns: z.string(),
      }),
    });
    const annotated = eventsOf(0).filter(({ name }) => name === 'gloo:all_reduce').length;
    expect(rows.length).toBe(annotated);
    for (const row of rows) {
      expect([...row.ranks].sort()).toEqual(RANKS);
      expect([row.sizes, row.op, row.nranks]).toEqual(['1', 'AllReduce', truth.ranks]);
    }
    // One reduction of all gradients a step: 102,928 float32 values.
    const gradients = rows.filter(({ bytes }) => bytes === 102_928 * 4);
    expect(gradients.length).toBe(truth.steps);
    for (const [step, rank] of Object.entries(truth.injected_slow_rank_per_step))
      if (rank !== null) expect([step, gradients[Number(step)]?.last]).toEqual([step, rank]);
  });

  it('a rank alone is a trace of its own; with --session ranks imported apart are one', async () => {
    const before = (await profiled()).length;
    await desk.importJson([`${KINETO}/rank0.pt.trace.json.gz`]);
    expect((await profiled()).length).toBe(before + 1);
    for (const rank of RANKS) await desk.importJson(['--session', 'ddp', `${KINETO}/rank${rank}.pt.trace.json.gz`]);
    const traces = await profiled();
    expect(traces.length).toBe(before + 2);
    expect(traces.filter(({ spans }) => spans === spansIn).length).toBe(2);
  });
});

describe('what cannot be taken', () => {
  const whole = gunzipSync(fixture(`${KINETO}/rank1.pt.trace.json.gz`)).toString();
  it('a file that is cut off: what stands before the cut is taken, and the cut is said', async () => {
    const cut = desk.write('cut.json', whole.slice(0, Math.floor(whole.length / 2)));
    const { code, report } = await desk.importJson([cut]);
    expect([code, report.rejected]).toEqual([1, 1]);
    expect(report.files[0]?.rejects[0]?.reason).toMatch(/ends inside an event|ends before its list/);
    expect(report.accepted).toBeGreaterThan(500);
  });
  it('a file without a base time, an event that is none; a reversed event and broken facts cost nothing', async () => {
    const event = { ph: 'X', cat: 'cpu_op', name: 'synthetic', pid: 1, tid: 1, ts: 5, dur: 1, args: {} };
    const file = (top: object, events: readonly unknown[]) =>
      JSON.stringify({ schemaVersion: 1, ...top, traceEvents: events });
    const timeless = await desk.importJson([desk.write('timeless.json', file({}, [event]))]);
    expect(timeless.report.files[0]?.rejects[0]?.reason).toContain('no baseTimeNanoseconds');
    const base = { baseTimeNanoseconds: 1_790_857_026_000_000_000 };
    const bad = [event, { ...event, ts: 9, dur: -4 }, { ...event, ts: undefined }, 7, { ph: 3 }];
    const { report } = await desk.importJson([desk.write('bad.json', file(base, bad))]);
    expect([report.accepted, report.rejected]).toEqual([2, 3]);
    expect(report.files[0]?.rejects.map(({ position, reason }) => [position, reason])).toEqual([
      [2, 'line 1: an event without ts'],
      [3, 'line 1: not an event of a Chrome trace: it is not an object'],
      [4, 'line 1: not an event of a Chrome trace: it has no phase (ph)'],
    ]);
    const [open] = await desk.runtime.engine.select({
      name: 'reversed',
      sql: `SELECT toString(Duration) AS duration FROM xray.otel_traces WHERE SpanAttributes['xray.clock'] LIKE 'it has no end%' AND ServiceName = 'torch'`,
      row: z.object({ duration: z.string() }),
    });
    expect(open?.duration).toBe('0');
    const wrong = file({ ...base, distributedInfo: { rank: 'first' } }, [event]);
    const taken = await desk.importJson([desk.write('wrong.json', wrong)]);
    expect([taken.code, taken.report.accepted]).toEqual([0, 1]);
    expect(taken.report.files[0]?.notes).toEqual(['distributedInfo.rank is "first": left out']);
  });
  it('SYNTHETIC kernels say their collective, and follow from what launched them', async () => {
    const args = {
      'Collective name': 'allgather',
      Seq: 7,
      'Group size': 2,
      'Process Group Name': '1',
      dtype: 'BFloat16',
    };
    const kernel = { ...args, 'In msg nelems': 8, 'Out msg nelems': 16, correlation: 42 };
    const content = JSON.stringify({
      baseTimeNanoseconds: 1_790_857_026_000_000_000,
      host_name: 'node-9',
      distributedInfo: {
        backend: 'nccl',
        rank: 3,
        world_size: 4,
        pg_config: [{ pg_name: '1', pg_size: 2, ranks: [1, 3] }],
      },
      traceEvents: [
        { ph: 'M', name: 'process_labels', pid: 0, tid: 0, ts: 0, args: { labels: 'GPU 0' } },
        { ph: 'M', name: 'thread_name', pid: 0, tid: 7, ts: 0, args: { name: 'stream 7' } },
        {
          ph: 'X',
          cat: 'cuda_runtime',
          name: 'cudaLaunchKernel',
          pid: 9,
          tid: 9,
          ts: 1,
          dur: 2,
          args: { correlation: 42 },
        },
        { ph: 'X', cat: 'user_annotation', name: 'nccl:all_gather', pid: 9, tid: 9, ts: 1, dur: 3, args: {} },
        { ph: 'X', cat: 'kernel', name: 'ncclDevKernel_AllGather', pid: 0, tid: 7, ts: 4, dur: 5, args: kernel },
      ],
    });
    const { report } = await desk.importJson([desk.write('synthetic-kernels.json', content)]);
    expect(report.accepted).toBe(3);
    const [trace] = (await profiled()).filter(({ spans }) => spans === 3);
    const { spans } = await getTrace(desk.runtime, { traceId: trace?.traceId ?? '', limit: 10 });
    const found = spans.find(({ name }) => name.startsWith('ncclDevKernel'));
    expect(found?.attributes).toMatchObject({
      op_type: 'allgather',
      'nccl.seq': '7',
      nranks: '2',
      rank: '1',
      'xray.global_rank': '3',
      'nccl.message.size_bytes': '32',
      'thread.name': 'GPU 0 stream 7',
    });
    expect(found?.links.map(({ spanId }) => spans.find((span) => span.spanId === spanId)?.name)).toEqual([
      'cudaLaunchKernel',
    ]);
    expect(spans.filter(({ attributes }) => 'op_type' in attributes).length).toBe(1);
  });
});
