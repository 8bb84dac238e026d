/** `xray import` of traces that hold NCCL operations: what the collectives page then says of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { collectiveRanks, collectives } from '../../lib/server/collectives.ts';
import { type ImportDesk, openImportDesk } from './import-desk.ts';
import { BASE_NS, operationsOf, type SyntheticTrace, syntheticTrace } from './synthetic-traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const FIELD = 'test/fixtures/torch/synthetic';
const signal = new AbortController().signal;
let desk: ImportDesk;
/** Each test has a day of its own, so that none sees what another stored. */
let day = 0;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

const DAY_US = 86_400e6;
const nextDay = (): number => {
  day += 1;
  return day * DAY_US;
};
const shownAt = (atUs: number, endUs = 60e6) =>
  collectives(
    desk.runtime,
    { from: BASE_NS + BigInt(atUs) * 1000n, to: BASE_NS + BigInt(atUs + endUs) * 1000n, points: 60 },
    signal,
  );
const write = (atUs: number, name: string, trace: SyntheticTrace): string =>
  desk.write(`${name}-${atUs}.json`, syntheticTrace({ atUs, ...trace }));
const ranksOf = async (atUs: number, communicator: string, collective: string) =>
  collectiveRanks(
    desk.runtime,
    {
      communicator,
      collective,
      from: BASE_NS + BigInt(atUs) * 1000n,
      to: BASE_NS + BigInt(atUs + 60e6) * 1000n,
      points: 60,
    },
    signal,
  );

const WORLD = { name: '0', description: 'default_pg', ranks: [0, 1] };

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

describe('SYNTHETIC traces of other versions and jobs', () => {
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

  it('FSDP: AllGather and ReduceScatter in their _base forms carry the verdict, not six AllReduces of 4 bytes', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `fsdp-${rank}`, {
        rank,
        operations: [
          ...operationsOf(
            40,
            rank,
            { name: '_allgather_base', inElements: 512, outElements: 1024, group: WORLD },
            { lateRank: 1 },
          ),
          ...operationsOf(
            40,
            rank,
            { name: '_reduce_scatter_base', inElements: 1024, outElements: 512, group: WORLD },
            { lateRank: 1, fromUs: 2000 },
          ),
          ...operationsOf(6, rank, { name: 'allreduce', inElements: 1, group: WORLD }, { lateRank: 0, fromUs: 90_000 }),
        ],
      }),
    );
    expect((await desk.importJson(paths)).code).toBe(0);
    const { communicators } = await shownAt(at);
    expect(communicators).toMatchObject([
      {
        collectives: ['AllGather', 'AllReduce', 'ReduceScatter'],
        messageSizesBytes: [4, 4096],
        verdict: 'late-rank',
        lateRank: { rank: '1' },
        coverage: { operations: 86, allOperations: 86, timeShare: 1 },
      },
    ]);
  });

  it('DLRM: six small AllReduces beside 482 AllToAlls accuse nobody', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `dlrm-${rank}`, {
        rank,
        operations: [
          ...operationsOf(482, rank, { name: 'alltoall_base', inElements: 1 << 20, group: WORLD }, { us: 900 }),
          ...operationsOf(
            6,
            rank,
            { name: 'allreduce', inElements: 1, group: WORLD },
            { lateRank: 0, us: 20, fromUs: 1_000_000 },
          ),
        ],
      }),
    );
    expect((await desk.importJson(paths)).code).toBe(0);
    const { communicators } = await shownAt(at);
    expect(communicators).toMatchObject([
      {
        collectives: ['AllReduce', 'AllToAll'],
        operations: 488,
        verdict: 'cannot-tell',
        lateRank: null,
        coverage: { operations: 6, allOperations: 488 },
      },
    ]);
    expect(communicators[0]?.reason).toMatch(
      /^Only 6 of 488 operations can be judged, 0\.\d % of their time; the rest is AllToAll\.$/,
    );
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

  it('tensor and data parallel groups, of which each rank knows its own, are communicators of one run', async () => {
    const at = nextDay();
    const groupsOf = (rank: number) => [
      { pg_name: '0', pg_desc: 'default_pg', pg_size: 4, ranks: [] },
      { pg_name: rank < 2 ? '1' : '2', pg_desc: 'tp', pg_size: 2, ranks: rank < 2 ? [0, 1] : [2, 3] },
    ];
    const paths = [0, 1, 2, 3].map((rank) =>
      write(at, `groups-${rank}`, {
        rank,
        info: { backend: 'nccl', rank, world_size: 4, pg_count: 2, pg_config: groupsOf(rank) },
        operations: [
          ...operationsOf(
            16,
            rank,
            { name: 'allreduce', group: { name: '0', description: 'default_pg', size: 4 } },
            { lateRank: 2 },
          ),
          ...operationsOf(
            16,
            rank,
            { name: 'allreduce', group: { name: rank < 2 ? '1' : '2', description: 'tp', size: 2 } },
            { lateRank: 3, fromUs: 2000 },
          ),
        ],
      }),
    );
    const { report } = await desk.importJson(paths);
    expect(report.files.flatMap(({ notes }) => notes)).toEqual([]);
    const { communicators } = await shownAt(at);
    const found = communicators.map(({ name, ranks, operations, lateRank }) => [
      name,
      ranks,
      operations,
      lateRank?.rank,
      lateRank?.globalRank,
    ]);
    expect(found.sort()).toEqual([
      ['default_pg', 4, 16, '2', null],
      ['tp (ranks 0-1)', 2, 16, undefined, undefined],
      ['tp (ranks 2-3)', 2, 16, '1', '3'],
    ]);
  });

  it('a recording that began later is matched by time, and that is said', async () => {
    const at = nextDay();
    const sizes = [4096, 1024, 2048, 4096, 1024, 512, 4096, 2048];
    const paths = [0, 1].map((rank) =>
      write(at, `cut-${rank}`, {
        rank,
        host: 'node-0',
        operations: operationsOf(16, rank, { name: 'allreduce', group: WORLD }, { lateRank: 0 })
          .map((one, i) => ({ ...one, inElements: sizes[i % 8] ?? 0 }))
          .slice(rank === 1 ? 1 : 0),
      }),
    );
    const { code, report } = await desk.importJson(paths);
    expect(code).toBe(0);
    expect(report.files.map(({ notes }) => notes)).toEqual([
      ['AllReduce of default_pg: a recording was cut: rank 1 holds 15 of 16, from the second on'],
      ['AllReduce of default_pg: a recording was cut: rank 1 holds 15 of 16, from the second on'],
    ]);
    const { communicators } = await shownAt(at);
    expect(communicators).toMatchObject([
      {
        operations: 16,
        lateRank: { rank: '0', latenessNs: '300000' },
        coverage: { operations: 15, allOperations: 16 },
      },
    ]);
  });

  it('a recording of which nothing says where it was cut is left out, and that is said', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `torn-${rank}`, {
        rank,
        host: `node-${rank}`,
        operations: operationsOf(8, rank, { name: 'allreduce', group: WORLD, inElements: 4096 })
          .map((one, i) => ({ ...one, inElements: [1, 2, 4, 8, 16, 32, 64, 128][rank === 1 ? 7 - i : i] ?? 0 }))
          .slice(rank),
      }),
    );
    const { report } = await desk.importJson(paths);
    expect(report.files[0]?.notes.join()).toMatch(
      /rank 1 holds 7 and rank 0 8, and neither sizes nor times say which are missing; left out/,
    );
    expect((await shownAt(at)).communicators).toEqual([]);
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

  it('the name of a file tells the rank where its content does not, and that is said; else no rank is made up', async () => {
    const at = nextDay();
    const named = [0, 1].map((rank) =>
      write(at, `rank${rank}`, {
        rank,
        info: null,
        operations: operationsOf(16, rank, { name: 'allreduce' }, { lateRank: 1 }),
      }),
    );
    const { report } = await desk.importJson(named);
    expect(report.files[1]?.notes).toEqual(['rank 1 is from the name of the file, because its content has none']);
    expect((await shownAt(at)).communicators).toMatchObject([{ ranks: 2, lateRank: { rank: '1' } }]);
    const other = nextDay();
    const nameless = write(other, 'nobody', {
      rank: null,
      info: null,
      operations: operationsOf(6, 0, { name: 'allreduce' }),
    });
    const alone = await desk.importJson([nameless]);
    expect(alone.report.files[0]?.notes.join()).toContain('does not say which rank wrote it');
    expect((await shownAt(other)).communicators).toEqual([]);
  });

  it('one rank of two: its times are shown, and no operation "lacks the span of a rank"', async () => {
    const at = nextDay();
    await desk.importJson([
      write(at, 'single', { rank: 1, operations: operationsOf(20, 1, { name: 'allreduce', group: WORLD }) }),
    ]);
    const { communicators, notices } = await shownAt(at);
    expect(communicators).toMatchObject([{ ranks: 2, reporting: 1, verdict: 'cannot-tell' }]);
    expect(communicators[0]?.reason).toContain('Only 1 of 2 ranks sent spans');
    expect(notices.filter(({ source }) => source === 'spans')).toEqual([]);
  });

  it('a world of one rank waits for nobody and has no bus', async () => {
    const at = nextDay();
    const info = { backend: 'nccl', rank: 0, world_size: 1 };
    await desk.importJson([
      write(at, 'world-of-one', { rank: 0, info, operations: operationsOf(20, 0, { name: 'allreduce' }) }),
    ]);
    const { communicators, notices } = await shownAt(at);
    expect(communicators).toMatchObject([
      { ranks: 1, verdict: 'cannot-tell', reason: 'It has one rank, which waits for nobody.', busbwNow: null },
    ]);
    expect(notices.filter(({ source }) => source === 'spans')).toEqual([]);
  });

  it('recordings of several steps of one run do not mix', async () => {
    const at = nextDay();
    const paths = [0, 1, 2].flatMap((cycle) =>
      [0, 1].map((rank) =>
        write(at + cycle * 90e6, `cycle${cycle}-${rank}`, {
          rank,
          operations: operationsOf(15 + cycle, rank, { name: 'allreduce', group: WORLD }, { lateRank: cycle % 2 }),
        }),
      ),
    );
    await desk.importJson(paths);
    const { communicators } = await shownAt(at, 600e6);
    expect(communicators.map(({ operations, lateRank }) => [operations, lateRank?.rank]).sort()).toEqual([
      [15, '0'],
      [16, '1'],
      [17, '0'],
    ]);
  });

  it('two runs at the same time, each in a folder of its own, do not mix', async () => {
    const at = nextDay();
    for (const [run, lateRank] of [
      ['a', 0],
      ['b', 1],
    ] as const) {
      mkdirSync(join(desk.folder, `at-once/${run}`), { recursive: true });
      for (const rank of [0, 1])
        writeFileSync(
          join(desk.folder, `at-once/${run}/${rank}.json`),
          syntheticTrace({
            rank,
            // The ranks of both begin in turn: a0, b0, a1, b1.
            atUs: at + rank * 20 + (run === 'a' ? 0 : 10),
            operations: operationsOf(16, rank, { name: 'allreduce', group: WORLD }, { lateRank }),
          }),
        );
    }
    await desk.importJson([join(desk.folder, 'at-once')]);
    const { communicators } = await shownAt(at);
    expect(communicators.map(({ operations, lateRank }) => [operations, lateRank?.rank]).sort()).toEqual([
      [16, '0'],
      [16, '1'],
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
