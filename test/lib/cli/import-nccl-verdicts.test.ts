/** `xray import` of traces that hold NCCL operations: groups of ranks, recordings that were cut, and on how much a verdict rests. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openNcclDesk, WORLD } from './nccl-desk.ts';
import { operationsOf } from './synthetic-traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { desk, nextDay, write, shownAt } = await openNcclDesk();
afterAll(() => desk.close());

describe('SYNTHETIC jobs', () => {
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
});
