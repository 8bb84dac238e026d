/** Collectives out of real spans (torch/2.15.0/otlp-steps): the rank that slept is named, and nobody where none did. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SPLITTABLE } from '../../../../lib/analysis/wait-transfer.ts';
import { judgeLateness, nowhere } from '../../../../lib/server/collectives/collective-lateness.ts';
import { collectiveRanks, collectives } from '../../../../lib/server/collectives/collectives.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { collectiveBlocks } from '../../../../lib/store/queries/collectives.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const folder = new URL('../../../fixtures/torch/2.15.0/otlp-steps/', import.meta.url);
const truth = JSON.parse(readFileSync(new URL('truth.json', folder), 'utf8')) as {
  ranks: number;
  collectives_per_rank: number;
  injected_slow_rank_per_step: Record<string, number | null>;
  mean_all_reduce_ms_per_rank: number[];
  wait_ms_per_rank: number[];
  transfer_ms_per_seq: number[];
  late_rank_per_seq_by_shortest: number[];
};
const WINDOW = { from: 1795467000000000000n, to: 1795467600000000000n, points: 60 };
const COMMUNICATOR = 'spans:ddp-trainer/0/default_pg';
const signal = new AbortController().signal;
let runtime: Runtime;

/** Spans as an exporter sends them; `attributes` beside those of an AllReduce. */
async function send(
  spans: readonly { rank: number; seq: number; startMs: number; ms: number; attributes?: Record<string, string> }[],
): Promise<void> {
  const body = {
    resourceSpans: spans.map(({ rank, seq, startMs, ms, attributes }, i) => ({
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: 'synthetic' } },
          { key: 'host.name', value: { stringValue: `synthetic-node-${rank % 2}` } },
        ],
      },
      scopeSpans: [
        {
          scope: { name: 'xray.collective' },
          spans: [
            {
              traceId: (BigInt(seq) + 1n).toString(16).padStart(32, '0'),
              spanId: (BigInt(startMs) * 4096n + BigInt(rank * 97 + i) + 1n).toString(16).padStart(16, '0').slice(-16),
              name: 'all_reduce',
              startTimeUnixNano: String(BigInt(startMs) * 1_000_000n),
              endTimeUnixNano: String(BigInt(startMs + ms) * 1_000_000n),
              attributes: Object.entries({
                op_type: 'all_reduce',
                rank: String(rank),
                nranks: '4',
                'nccl.seq': String(seq),
                'nccl.message.size_bytes': '1048576',
                ...attributes,
              }).map(([key, value]) => ({ key, value: { stringValue: value } })),
            },
          ],
        },
      ],
    })),
  };
  await runtime.ingest.traces({
    bytes: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    contentEncoding: '',
    cluster: null,
  });
}

beforeAll(async () => {
  runtime = await openTestRuntime();
  const bodies = readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));
  // Sent twice, as an exporter does after a time-out: nothing may change.
  for (const name of [...bodies, ...bodies])
    await runtime.ingest.traces({
      bytes: gunzipSync(readFileSync(new URL(name, folder))),
      contentType: 'application/json',
      contentEncoding: '',
      cluster: null,
    });
});
afterAll(() => runtime.close());

describe('a recorded training run with a rank that sleeps in 7 of 20 steps', () => {
  it('names that rank, and goes on without Prometheus', async () => {
    const answer = await collectives(runtime, WINDOW, signal);
    expect(answer.communicators).toHaveLength(1);
    expect(answer.communicators[0]).toMatchObject({
      id: COMMUNICATOR,
      name: 'default_pg',
      source: 'spans',
      ranks: truth.ranks,
      reporting: truth.ranks,
      nodes: 2,
      operations: truth.collectives_per_rank,
      verdict: 'late-rank',
      lateRank: { rank: '1', host: 'node-0', of: 'operations' },
    });
    expect(answer.notices.map((notice) => [notice.source, notice.kind])).toEqual([['prometheus', 'down']]);
  });

  it('waits, transfers and times per rank equal the truth', async () => {
    const answer = await collectiveRanks(
      runtime,
      { ...WINDOW, communicator: COMMUNICATOR, collective: 'AllReduce' },
      signal,
    );
    expect(answer.ranks.map((rank) => rank.isLate)).toEqual([true, false, false, false]);
    // The recorder timed with a clock of its own inside the span: within half a percent.
    const near = (found: number | null | undefined, wanted: number) =>
      expect(Math.abs((found ?? 0) / 1000 / wanted - 1)).toBeLessThan(0.005);
    for (const rank of answer.ranks) {
      const index = Number(rank.rank);
      near(rank.meanExecTimeUs, truth.mean_all_reduce_ms_per_rank[index] ?? 0);
      near(rank.meanWaitUs, (truth.wait_ms_per_rank[index] ?? 0) / truth.collectives_per_rank);
      const last = truth.late_rank_per_seq_by_shortest.filter((late) => late === index).length;
      expect(rank.lastShare).toBeCloseTo(last / truth.collectives_per_rank, 9);
    }
    const transfers = truth.transfer_ms_per_seq.reduce((sum, ms) => sum + ms, 0);
    near(answer.ranks[0]?.meanTransferUs, transfers / truth.collectives_per_rank);
  });

  it('accuses nobody in the steps in which no rank slept, in either bucket', async () => {
    const blocks = await runtime.engine.select(collectiveBlocks, {
      from: WINDOW.from,
      to: WINDOW.to,
      comms: [],
      judged: 16_384,
      op: '',
      sizeClass: -1,
      everywhere: 1,
      nodes: [],
      hosts: [],
      blocks: 64,
      ops: [...SPLITTABLE],
    });
    // Two operations per step, in order.
    expect(blocks).toHaveLength(40);
    const slept = (block: number) => truth.injected_slow_rank_per_step[String(Math.floor(block / 2))] !== null;
    const verdict = (keep: (block: number) => boolean) =>
      judgeLateness(
        blocks
          .filter((_, i) => keep(i))
          .map((row) => ({
            fromNs: row.from_ns,
            operations: row.operations,
            durationsNs: row.mean_ns,
            last: row.ranks.map((rank) => row.late_counts[row.late_ranks.indexOf(rank)] ?? 0),
          })),
        [0, 1, 2, 3].map((rank) => nowhere(String(rank))),
        'operations',
      );
    expect(verdict((block) => !slept(block)).verdict).toBe('no-late-rank');
    expect(verdict((block) => block < 12).verdict).toBe('no-late-rank');
    // The second bucket starts in step: mostly noise (PROVENANCE).
    expect(verdict((block) => block % 2 === 1).verdict).toBe('no-late-rank');
    expect(verdict((block) => slept(block) && block % 2 === 0)).toMatchObject({
      verdict: 'late-rank',
      lateRank: { rank: '1', share: 1 },
    });
  });

  it('narrows by message size, and refuses what is not there', async () => {
    const requested = { ...WINDOW, communicator: COMMUNICATOR, collective: 'AllReduce' };
    const small = await collectiveRanks(runtime, { ...requested, messageSize: 16384 }, signal);
    expect(small.verdict).toBe('late-rank');
    const large = await collectiveRanks(runtime, { ...requested, messageSize: 262144 }, signal);
    expect(large.verdict).toBe('no-late-rank');
    for (const wrong of [
      { ...requested, messageSize: 4 },
      { ...requested, communicator: 'spans:none' },
      { ...requested, communicator: 'neither' },
      { ...requested, collective: 'AllGather' },
    ])
      await expect(collectiveRanks(runtime, wrong, signal)).rejects.toMatchObject({ problem: { code: 'not-found' } });
    await expect(collectives(runtime, { ...WINDOW, to: WINDOW.from }, signal)).rejects.toMatchObject({
      problem: { code: 'invalid-parameter' },
    });
  });

  it('says what is missing where there is no collective', async () => {
    const answer = await collectives(runtime, { from: 1n, to: 3_600_000_000_000n, points: 60 }, signal);
    expect(answer.communicators).toEqual([]);
    expect(answer.notices.map((notice) => [notice.source, notice.kind])).toEqual([
      ['prometheus', 'down'],
      ['spans', 'nothing-measured'],
    ]);
  });
});

describe('synthetic spans', () => {
  const START = 1_795_500_000_000;
  const window = { from: BigInt(START) * 1_000_000n, to: BigInt(START + 600_000) * 1_000_000n, points: 60 };
  const find = async (id: string) =>
    (await collectives(runtime, window, signal)).communicators.find((one) => one.id === id);
  /** Twenty operations in which rank 3 arrives 50 ms after the others. */
  const late = (ranks: readonly number[], attributes: Record<string, string>, seqs = 20) =>
    Array.from({ length: seqs }, (_, seq) =>
      ranks.map((rank) => {
        const arrival = START + seq * 1000 + (rank === 3 ? 50 : rank);
        return { rank, seq, startMs: arrival, ms: START + seq * 1000 + 60 - arrival, attributes };
      }),
    ).flat();

  it('accept other spellings of the operation, the alias of the hash, and sizes per rank', async () => {
    await send(
      late([0, 1, 2, 3], {
        op_type: 'nccl:all_gather',
        'nccl.comm_hash': '0xa1',
        'nccl.message.size_convention': 'per_rank',
      }),
    );
    expect(await find('spans:0xa1')).toMatchObject({
      collectives: ['AllGather'],
      messageSizesBytes: [4 * 1048576],
      lateRank: { rank: '3', share: 1 },
      // 4 MiB * 3/4 in the 10 ms that the last rank is inside.
      busbwNow: { max: expect.closeTo((4 * 1048576 * 0.75) / 0.01 / 1e9, 9) },
    });
  });

  it('draws a time in its own bin, whatever bins before it know none', async () => {
    const attributes = { comm_id_hash: '0xa9' };
    // Bins of 10 s: without a time in the first, 80 ms in the sixth. Rank 1 has no time at all.
    const first = [0, 1, 2, 3].map((rank) => ({ rank, seq: 0, startMs: START + 1_000, ms: 0, attributes }));
    const later = [0, 2, 3].map((rank) => ({ rank, seq: 1, startMs: START + 55_000, ms: 80, attributes }));
    await send([...first, ...later]);
    const { ranks } = await collectiveRanks(
      runtime,
      { ...window, communicator: 'spans:0xa9', collective: 'AllReduce' },
      signal,
    );
    const binsOf = (rank: string) =>
      (ranks.find((one) => one.rank === rank)?.execTimeUs ?? []).flatMap((time, bin) =>
        time === null ? [] : [[bin, time]],
      );
    expect(binsOf('0')).toEqual([[5, 80_000]]);
    expect(binsOf('1')).toEqual([]);
    expect(ranks.at(-1)?.rank).toBe('1');
  });

  it('cannot tell while a rank is missing', async () => {
    await send(late([0, 2, 3], { comm_id_hash: '0xa2' }));
    expect(await find('spans:0xa2')).toMatchObject({
      verdict: 'cannot-tell',
      reason: expect.stringContaining('3 of 4 ranks'),
    });
    const { notices } = await collectives(runtime, window, signal);
    expect(notices).toContainEqual(
      expect.objectContaining({ kind: 'partial', message: expect.stringContaining('20 of 20') }),
    );
  });

  it('cannot tell for operations in which a rank can leave early', async () => {
    await send(late([0, 1, 2, 3], { op_type: 'Broadcast', comm_id_hash: '0xa3' }));
    expect(await find('spans:0xa3')).toMatchObject({
      verdict: 'cannot-tell',
      reason: expect.stringContaining('Broadcast'),
    });
    const ranks = await collectiveRanks(
      runtime,
      { ...window, communicator: 'spans:0xa3', collective: 'Broadcast' },
      signal,
    );
    expect(ranks.ranks.every((rank) => rank.meanWaitUs === null && rank.lastShare === null)).toBe(true);
  });

  it('leave out and count operations that two starts of a job share', async () => {
    const again = late([0, 1, 2, 3], { comm_id_hash: '0xa4' });
    await send(again);
    await send(again.map((span) => ({ ...span, startMs: span.startMs + 100_000 })));
    expect(await find('spans:0xa4')).toMatchObject({ verdict: 'cannot-tell' });
    const { notices } = await collectives(runtime, window, signal);
    expect(notices).toContainEqual(
      expect.objectContaining({ kind: 'partial', message: expect.stringContaining('sent twice with different spans') }),
    );
  });

  it('are narrowed to the nodes of a cluster', async () => {
    expect((await collectives(runtime, { ...window, cluster: 'nowhere' }, signal)).communicators).toEqual([]);
  });
});
