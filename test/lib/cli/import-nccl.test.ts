/** `xray import` of traces that hold NCCL operations, as real versions of torch write them: what the collectives page then says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { collectiveRanks, collectives } from '../../../lib/server/collectives/collectives.ts';
import { openNcclDesk, WORLD } from './nccl-desk.ts';
import { operationsOf, syntheticTrace } from './synthetic-traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { desk, signal, nextDay, write, shownAt, ranksOf } = await openNcclDesk();
afterAll(() => desk.close());

const FIELD = 'test/fixtures/torch/synthetic';

describe('traces of the field', () => {
  it('kernels without Seq are operations by their order, and the rank that starts later is late', async () => {
    const { report } = await desk.importJson([`${FIELD}/kineto-nccl-noseq`]);
    expect([report.accepted, report.rejected]).toEqual([22, 0]);
    const at = { from: 1_795_990_000_000_000_000n, to: 1_795_990_060_000_000_000n, points: 60 };
    const { communicators, notices } = await collectives(desk.runtime, at, signal);
    expect(communicators).toMatchObject([
      {
        name: 'default_pg',
        ranks: 2,
        reporting: 2,
        collectives: ['AllReduce'],
        operations: 5,
        messageSizesBytes: [4194304],
        // Five coins that fall alike accuse nobody of two: the chance is 6 %.
        verdict: 'cannot-tell',
        reason:
          '5 operations among 2 ranks are too few to tell lateness from chance, which takes 11. Rank 1 was last in 5 of them.',
      },
    ]);
    expect(notices.filter(({ source }) => source === 'spans')).toEqual([]);
    // 4 MiB in 300 us, bus factor 1 of two ranks: of the kernels, not of the launches that take 30 us.
    expect(communicators[0]?.busbwNow?.max).toBeCloseTo(4194304 / 300e-6 / 1e9, 6);
    const { ranks } = await collectiveRanks(
      desk.runtime,
      { ...at, communicator: communicators[0]?.id ?? '', collective: 'AllReduce' },
      signal,
    );
    expect(
      ranks.map(({ rank, meanExecTimeUs, meanWaitUs, lastShare }) => [rank, meanExecTimeUs, meanWaitUs, lastShare]),
    ).toEqual([
      ['1', 300, 0, 1],
      ['0', 400, 100, 0],
    ]);
  });

  it('two runs with one name of the group are two communicators, imported together or one after another', async () => {
    const base = { from: 1_796_984_980_000_000_000n, to: 1_796_986_600_000_000_000n, points: 60 };
    const files = ['a-rank0', 'a-rank1', 'b-rank0', 'b-rank1'].map((name) => `${FIELD}/kineto-two-runs/${name}.json`);
    for (const together of [files, files.slice(2), files.slice(0, 2)]) {
      const { code } = await desk.importJson(together);
      expect(code).toBe(0);
      const { communicators } = await collectives(desk.runtime, base, signal);
      expect(
        communicators.map(({ name, operations, ranks, reporting }) => [name, operations, ranks, reporting]),
      ).toEqual([
        ['default_pg', 12, 2, 2],
        ['default_pg', 12, 2, 2],
      ]);
      // Exact, and what tells the two runs apart on the page; no host is named, so the number of nodes is not known.
      expect(communicators.map(({ firstNs, nodes }) => [firstNs, nodes]).sort()).toEqual([
        ['1796985000001000000', null],
        ['1796985600001000000', null],
      ]);
      const means: (number | null)[] = [];
      for (const { id, lateRank } of communicators) {
        // 800 of 1000 us is no straggler by the rule of 0.75, in neither run: but each waits for its own.
        expect(lateRank).toBeNull();
        const { ranks } = await collectiveRanks(
          desk.runtime,
          { ...base, communicator: id, collective: 'AllReduce' },
          signal,
        );
        for (const { rank, meanWaitUs } of ranks) expect(meanWaitUs).toBeCloseTo(rank === '1' ? 0 : 200, 6);
        means.push(...ranks.map(({ meanExecTimeUs }) => meanExecTimeUs));
      }
      expect(means.sort()).toEqual([1000, 2800, 3000, 800]);
    }
  });

  it('times are exact to the nanosecond', async () => {
    const files = ['t', 'frac'].map((name) => `${FIELD}/kineto-us-precision/${name}.json`);
    expect((await desk.importJson(files)).code).toBe(0);
    const rows = await desk.runtime.engine.select({
      name: 'exact-times',
      sql: `SELECT SpanName AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS start, toString(Duration) AS duration FROM xray.otel_traces
        WHERE name IN ('exact', 'outer', 'inner') ORDER BY name`,
      row: z.object({ name: z.string(), start: z.string(), duration: z.string() }),
    });
    expect(rows).toEqual([
      { name: 'exact', start: '1795990000000123000', duration: '10000' },
      { name: 'inner', start: '1795990000000129812', duration: '53090' },
      { name: 'outer', start: '1795990000000123047', duration: '63813' },
    ]);
  });
});

describe('SYNTHETIC traces of other versions', () => {
  it('torch 1.13: kernels without arguments are what their launch was called for', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `old-${rank}`, {
        rank,
        kernels: 'launch',
        isAbsolute: true,
        operations: operationsOf(16, rank, { name: 'allreduce', inElements: 4096 }, { lateRank: 0 }),
      }),
    );
    expect((await desk.importJson(paths)).code).toBe(0);
    const { communicators } = await shownAt(at);
    expect(communicators).toMatchObject([
      {
        name: 'all ranks',
        collectives: ['AllReduce'],
        messageSizesBytes: [16384],
        operations: 16,
        lateRank: { rank: '0', latenessNs: '300000' },
      },
    ]);
  });

  it.each([
    ['allgather_into_tensor_coalesced', 'AllGather'],
    ['reduce_scatter_tensor_coalesced', 'ReduceScatter'],
    ['allreduce_coalesced', 'AllReduce'],
    ['all_gather_single', 'AllGather'],
    ['all_to_allv', 'AllToAll'],
    ['_broadcast_oop', 'Broadcast'],
    ['barrier', 'Barrier'],
    ['frobnicate', 'frobnicate'],
  ])('%s is %s', async (name, op) => {
    const at = nextDay();
    const kernel = name === 'frobnicate' ? { kernel: 'ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)' } : {};
    const paths = [0, 1].map((rank) =>
      write(at, `${name}-${rank}`, { rank, operations: operationsOf(5, rank, { name, group: WORLD, ...kernel }) }),
    );
    expect((await desk.importJson(paths)).code).toBe(0);
    const { communicators } = await shownAt(at);
    expect(communicators.map(({ collectives: found }) => found)).toEqual([[op]]);
    if (name === 'frobnicate')
      expect(communicators[0]?.reason).toBe(
        'X-Ray does not know the operation "frobnicate", so it cannot say who was late to it.',
      );
  });

  it('annotations alone are launches: they are counted, and no time, no bandwidth and no rank comes of them', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `launches-${rank}`, {
        rank,
        kernels: 'none',
        operations: operationsOf(7, rank, { name: 'all_reduce' }, { lateRank: 1 }),
      }),
    );
    const { report } = await desk.importJson(paths);
    expect(report.files[0]?.notes.join()).toContain('7 collectives of which only the launch is known');
    const { communicators, busbw, notices } = await shownAt(at);
    expect(communicators).toMatchObject([{ operations: 7, verdict: 'cannot-tell', busbwNow: null }]);
    expect(communicators[0]?.reason).toContain('the trace holds no kernels');
    expect([busbw.series, notices.filter(({ source }) => source === 'spans')]).toEqual([[], []]);
    const { ranks } = await ranksOf(at, communicators[0]?.id ?? '', 'AllReduce');
    expect(ranks.map(({ meanExecTimeUs, meanWaitUs, lastShare }) => [meanExecTimeUs, meanWaitUs, lastShare])).toEqual([
      [null, null, null],
      [null, null, null],
    ]);
  });

  it('kernels that name no operation, and whose launch was not recorded, are counted as unknown', async () => {
    const at = nextDay();
    const kernel = 'ncclDevKernel_Generic_2(ncclDevKernelArgsStorage<4096ul>)';
    const paths = [0, 1].map((rank) =>
      write(at, `bare-${rank}`, {
        rank,
        kernels: 'bare',
        operations: operationsOf(5, rank, { name: 'allreduce', kernel }),
      }),
    );
    await desk.importJson(paths);
    expect((await shownAt(at)).communicators).toMatchObject([
      { collectives: ['unknown'], operations: 5, verdict: 'cannot-tell' },
    ]);
  });

  it('HTA: a rank and no more, gzip; the world is the ranks that are there', async () => {
    const at = nextDay();
    const paths = [0, 1, 2].map((rank) => {
      const path = join(desk.folder, `hta-${rank}.json.gz`);
      const operations = operationsOf(16, rank, { name: 'allreduce' }, { lateRank: 2 });
      writeFileSync(path, gzipSync(syntheticTrace({ atUs: at, rank, info: { rank }, operations })));
      return path;
    });
    expect((await desk.importJson(paths)).code).toBe(0);
    expect((await shownAt(at)).communicators).toMatchObject([
      { name: 'all ranks', ranks: 3, reporting: 3, lateRank: { rank: '2' } },
    ]);
  });

  it('kernels without their launches, as where only the GPU was recorded', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `gpu-only-${rank}`, {
        rank,
        kernels: 'bare',
        operations: operationsOf(16, rank, { name: 'allreduce' }, { lateRank: 0 }),
      }),
    );
    await desk.importJson(paths);
    const { communicators } = await shownAt(at);
    expect(communicators).toMatchObject([
      { collectives: ['AllReduce'], operations: 16, busbwNow: null, lateRank: { rank: '0' } },
    ]);
  });

  it('a list of ranks that is cut, a Seq that a graph repeats, elements of eight bits', async () => {
    const at = nextDay();
    const group = { name: '7', description: 'dp', ranks: '[0, 1, ..., 15]', size: 2 };
    const paths = [0, 1].map((rank) =>
      write(at, `odd-${rank}`, {
        rank,
        operations: operationsOf(
          16,
          rank,
          { name: 'allreduce', group, dtype: 'Float8_e4m3fn', inElements: 4096, args: { Seq: 12 } },
          { lateRank: 1 },
        ),
      }),
    );
    await desk.importJson(paths);
    expect((await shownAt(at)).communicators).toMatchObject([
      { name: 'dp', ranks: 2, operations: 16, messageSizesBytes: [4096], lateRank: { rank: '1' } },
    ]);
  });
});
