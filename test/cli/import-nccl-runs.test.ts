/** `xray import` of traces that hold NCCL operations: which files are one run, and which operations of its ranks are one. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { collectiveRanks, collectives } from '../../lib/server/collectives.ts';
import { type ImportDesk, openImportDesk } from './import-desk.ts';
import { BASE_NS, operationsOf, type SyntheticTrace, syntheticTrace } from './synthetic-traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const signal = new AbortController().signal;
let desk: ImportDesk;
let day = 0;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

/** Each test has a day of its own, so that none sees what another stored. us. */
const nextDay = (): number => {
  day += 1;
  return day * 86_400e6;
};
const windowAt = (atUs: number) => ({
  from: BASE_NS + BigInt(atUs - 60e6) * 1000n,
  to: BASE_NS + BigInt(atUs + 120e6) * 1000n,
  points: 60,
});
const shownAt = async (atUs: number) => (await collectives(desk.runtime, windowAt(atUs), signal)).communicators;
const write = (atUs: number, name: string, trace: SyntheticTrace): string =>
  desk.write(`${name}-${atUs}.json`, syntheticTrace({ atUs, ...trace }));
const WORLD = { name: '0', description: 'default_pg', ranks: [0, 1] };

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
    const found = (await shownAt(at)).map(({ operations, reporting, lateRank }) => [
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
    expect(await shownAt(at)).toMatchObject([{ operations: 16, ranks: 2, reporting: 2 }]);
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
    const [communicator] = await shownAt(at);
    expect(communicator).toMatchObject({ operations: 20, lateRank: { rank: '1', latenessNs: '300000' } });
    const { ranks } = await collectiveRanks(
      desk.runtime,
      { ...windowAt(at), communicator: communicator?.id ?? '', collective: 'AllReduce' },
      signal,
    );
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
    expect((await shownAt(at)).map(({ collectives: found }) => found)).toEqual([['SendRecv']]);
  });
});
