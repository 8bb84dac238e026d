/** `xray import` of traces that hold NCCL operations: which files are one run, and which operations of its ranks are one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openNcclDesk, WORLD } from './nccl-desk.ts';
import { BASE_NS, operationsOf, type SyntheticTrace, syntheticTrace } from './synthetic-traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { desk, nextDay, write, shownAt, ranksOf } = await openNcclDesk();
afterAll(() => desk.close());

describe('SYNTHETIC runs', () => {
  it('two jobs of a sweep that began in one minute and are imported one after another are two communicators', async () => {
    const at = nextDay();
    const jobs = ['a', 'b'].map((job, i) =>
      [0, 1].map((rank) =>
        write(at + i * 5e6, `sweep-${job}${rank}`, {
          rank,
          operations: operationsOf(16, rank, { name: 'allreduce', group: WORLD }, { lateRank: i }),
        }),
      ),
    );
    // Again, the ranks the other way round: nothing changes.
    for (const paths of [...jobs, ...jobs.map((paths) => [...paths].reverse())])
      expect((await desk.importJson(paths)).code).toBe(0);
    const found = (await shownAt(at)).communicators.map(({ operations, reporting, lateRank }) => [
      operations,
      reporting,
      lateRank?.rank,
    ]);
    expect(found.sort()).toEqual([
      [16, 2, '0'],
      [16, 2, '1'],
    ]);
  });

  it('ranks that are imported one by one meet by their session, also where a minute ends between them', async () => {
    const at = nextDay();
    // The base lies 40 s after a full minute: rank 0 begins 0.1 s before the next, rank 1 as much behind.
    const paths = [0, 1].map((rank) =>
      write(at + 19.9e6 + rank * 0.2e6, `minute-${rank}`, {
        rank,
        operations: operationsOf(16, rank, { name: 'allreduce', group: WORLD }),
      }),
    );
    const toMinute = (BigInt(BASE_NS) / 1000n + BigInt(at)) % 60_000_000n;
    expect(toMinute).toBe(40_000_000n);
    for (const path of paths) expect((await desk.importJson(['--session', 'run-7', path])).code).toBe(0);
    expect((await shownAt(at)).communicators).toMatchObject([{ operations: 16, ranks: 2, reporting: 2 }]);
  });

  it('ranks that are imported by different commands are told to need one session', async () => {
    const at = nextDay();
    const rankOf = (rank: number, size: number, info?: SyntheticTrace['info']) =>
      write(at, `of${size}-rank${rank}`, {
        rank,
        ...(info === undefined ? { info: { backend: 'nccl', rank, world_size: size } } : { info }),
        operations: operationsOf(4, rank, { name: 'allreduce' }),
      });
    const note = async (args: readonly string[]) => (await desk.importJson(args)).report.files[0]?.notes;
    const advice = 'import all in one command, or give each command the same --session';
    expect(await note([rankOf(3, 8)])).toEqual([
      `rank 3 of a run of 8: ranks that other commands import are not joined with it; ${advice}`,
    ]);
    expect(await note([rankOf(0, 8), rankOf(1, 8)])).toEqual([
      `2 ranks of a run of 8: ranks that other commands import are not joined with them; ${advice}`,
    ]);
    // Only the name of the file says the rank: there is a rank 0 then.
    expect((await note([rankOf(1, 2, null)]))?.join()).toContain('rank 1 of a run of 2: ');
    const group = { name: '0', description: 'default_pg', ranks: [0, 1, 2, 3] };
    const grouped = write(at, 'grouped', {
      rank: 0,
      info: { rank: 0 },
      operations: operationsOf(4, 0, { name: 'allreduce', group }),
    });
    expect((await note([grouped]))?.join()).toContain('rank 0 of a run of 4: ');
    expect(await note(['--session', 'run-8', rankOf(3, 8)])).toEqual([]);
    expect(await note([rankOf(0, 2), rankOf(1, 2)])).toEqual([]);
    expect(await note([rankOf(0, 1)])).toEqual([]);
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
});

describe('SYNTHETIC sequences', () => {
  const seqOf = (rank: number, count: number, from: number) =>
    operationsOf(count, rank, { name: 'allreduce', group: WORLD }, { lateRank: 1 }).map((one, i) => ({
      ...one,
      args: { Seq: from + i },
    }));

  /** The one group, so that a kernel that names none is of it. */
  const infoOf = (rank: number) => ({
    backend: 'nccl',
    rank,
    world_size: 2,
    pg_config: [{ pg_name: '0', pg_desc: 'default_pg', pg_size: 2, ranks: [0, 1] }],
  });

  it('a kernel that was launched before the recording began does not shift all that carry Seq', async () => {
    const at = nextDay();
    const [zero, one] = [seqOf(0, 20, 41), seqOf(1, 20, 42)];
    // Rank 0 recorded the end of number 41, of which no launch and no argument is there; then 42 to 60. Rank 1 42 to 61.
    const trace = syntheticTrace({ atUs: at, rank: 0, host: 'node-0', info: infoOf(0), operations: zero });
    const parsed = JSON.parse(trace);
    const [first] = parsed.traceEvents.filter(({ cat }: { cat: string }) => cat === 'kernel');
    first.args = { device: 0, stream: 40, correlation: 1 };
    const base = `,"baseTimeNanoseconds":${BASE_NS}}`;
    delete parsed.baseTimeNanoseconds;
    const early = desk.write(`early-${at}.json`, JSON.stringify(parsed).replace(/\}$/, base));
    const late = write(at + 2000, 'late', { rank: 1, host: 'node-1', info: infoOf(1), operations: one });
    const { code, report } = await desk.importJson([early, late]);
    expect(code).toBe(0);
    expect(report.files[0]?.notes).toEqual(['AllReduce of default_pg: left out: 1 without Seq of 20 of rank 0']);
    const [communicator] = (await shownAt(at)).communicators;
    expect(communicator).toMatchObject({ operations: 20, lateRank: { rank: '1', latenessNs: '300000' } });
    const { ranks } = await ranksOf(at, communicator?.id ?? '', 'AllReduce');
    expect(ranks.map(({ rank, meanWaitUs }) => [rank, Math.round(meanWaitUs ?? -1)]).sort()).toEqual([
      ['0', 300],
      ['1', 0],
    ]);
  });

  it('sends and receives in a batch are SendRecv, as their kernel says', async () => {
    const at = nextDay();
    const paths = [0, 1].map((rank) =>
      write(at, `batch-${rank}`, {
        rank,
        kernels: 'launch',
        operations: operationsOf(5, rank, { name: 'coalesced', group: WORLD }),
      }),
    );
    expect((await desk.importJson(paths)).code).toBe(0);
    expect((await shownAt(at)).communicators.map(({ collectives: found }) => found)).toEqual([['SendRecv']]);
  });
});
