/**
 * The store takes millions of operations apart in SQL. What it says equals the pure functions over the same operations: wait, transfer and
 * who was last (lib/analysis/wait-transfer.ts), the message of a function that NCCL counts per rank (PER_RANK_OPS), and message over
 * duration as nccl-tests defines it, and what operations are called (collectiveOp). Operations are generated with late ranks, clocks that are off, ranks that are missing, spans that
 * were sent twice, ranks that reported twice, and launches without a duration, and come in through the public OTLP door.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { SPLITTABLE, waitTransfer } from '../../../lib/analysis/wait-transfer.ts';
import { PER_RANK_OPS } from '../../../lib/model/collective.ts';
import { COLLECTIVE_SPELLINGS, collectiveOp } from '../../../lib/model/collective-names.ts';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import {
  collectiveBandwidth,
  collectiveBlocks,
  collectiveCommunicators,
  collectiveWaits,
} from '../../../lib/store/queries/collectives.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';

const BASE = 1_795_467_600_000_000_000n;
const [FROM, TO] = [BASE - 600_000_000_000n, BASE + 600_000_000_000n];
const STEP = 20_000_000_000n;
const SPELLINGS = ['AllReduce', 'all_reduce', '_allgather_base', 'reduce_scatter_tensor', 'ReduceScatter', 'broadcast'];
let runtime: Runtime;
let communicators = 0;

beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime.close());

/** What became of the span of one rank: sent as it is, not at all, twice, without a duration, or another one under the same key. */
type Fate = 'sent' | 'missing' | 'sent-twice' | 'launch' | 'another';

interface Operation {
  readonly spelled: string;
  readonly perRank: boolean;
  readonly bytes: number;
  readonly transferNs: number;
  readonly at: readonly { readonly arriveNs: number; readonly fate: Fate }[];
}
interface Run {
  readonly ranks: number;
  /** By rank: how far its clock is off. */
  readonly skewMs: readonly number[];
  readonly operations: readonly Operation[];
}

const runs = (...odd: readonly Fate[]): fc.Arbitrary<Run> =>
  fc.integer({ min: 2, max: 6 }).chain((ranks) =>
    fc.record({
      ranks: fc.constant(ranks),
      skewMs: fc.array(fc.integer({ min: -60_000, max: 60_000 }), { minLength: ranks, maxLength: ranks }),
      operations: fc.array(
        fc.record({
          spelled: fc.constantFrom(...SPELLINGS),
          perRank: fc.boolean(),
          bytes: fc.integer({ min: 1, max: 2 ** 30 }),
          transferNs: fc.integer({ min: 1, max: 5_000_000 }),
          at: fc.array(
            fc.record({
              // Few steps, so that ranks tie; or any.
              arriveNs: fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 2_000_000_000 })),
              fate: fc.oneof(
                { weight: 20, arbitrary: fc.constant<Fate>('sent') },
                { weight: 1, arbitrary: fc.constantFrom<Fate>(...odd) },
              ),
            }),
            { minLength: ranks, maxLength: ranks },
          ),
        }),
        { minLength: 1, maxLength: 24 },
      ),
    }),
  );

const opOf = ({ spelled }: Operation): string => collectiveOp(spelled) ?? '';
const message = (operation: Operation, ranks: number): number =>
  operation.perRank && PER_RANK_OPS.some((op) => op === opOf(operation)) ? operation.bytes * ranks : operation.bytes;
const leaves = ({ at, transferNs }: Operation): number => Math.max(...at.map(({ arriveNs }) => arriveNs)) + transferNs;
const start = (run: Run, i: number, rank: number): bigint =>
  BASE +
  BigInt(i) * 5_000_000_000n +
  BigInt(run.skewMs[rank] ?? 0) * 1_000_000n +
  BigInt(run.operations[i]?.at[rank]?.arriveNs ?? 0);
/** As they are stored: by rank, null where nothing (or more than one thing) is known. */
const durations = (operation: Operation): (number | null)[] =>
  operation.at.map(({ arriveNs, fate }) =>
    fate === 'missing' || fate === 'another' ? null : fate === 'launch' ? 0 : leaves(operation) - arriveNs,
  );

/** Sends all of it as one communicator of its own. */
async function store(run: Run): Promise<string> {
  const comm = `comm-${communicators++}`;
  const spans = run.operations.flatMap((operation, i) =>
    operation.at.flatMap(({ arriveNs, fate }, rank) => {
      if (fate === 'missing') return [];
      const from = start(run, i, rank);
      const span = (id: number, longerNs = 0) => ({
        traceId: (BigInt(communicators) * 1000n + BigInt(i) + 1n).toString(16).padStart(32, '0'),
        spanId: (((BigInt(communicators) * 64n + BigInt(i)) * 16n + BigInt(rank)) * 4n + BigInt(id))
          .toString(16)
          .padStart(16, '0'),
        name: operation.spelled,
        startTimeUnixNano: String(from),
        endTimeUnixNano: String(from + BigInt(leaves(operation) - arriveNs + longerNs)),
        attributes: Object.entries({
          op_type: operation.spelled,
          comm_id_hash: comm,
          rank: String(rank),
          nranks: String(run.ranks),
          'nccl.seq': String(i),
          'nccl.message.size_bytes': String(operation.bytes),
          ...(operation.perRank ? { 'nccl.message.size_convention': 'per_rank' } : {}),
          ...(fate === 'launch' ? { 'xray.timing': 'launch' } : {}),
        }).map(([key, value]) => ({ key, value: { stringValue: value } })),
      });
      if (fate === 'sent-twice') return [span(1), span(1)];
      return fate === 'another' ? [span(1), span(2, 7_000)] : [span(1)];
    }),
  );
  const { rejectedSpans } = await runtime.ingest.traces({
    bytes: Buffer.from(
      JSON.stringify({
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'synthetic' } }] },
            scopeSpans: [{ scope: { name: 'xray.collective' }, spans }],
          },
        ],
      }),
    ),
    contentType: 'application/json',
    contentEncoding: '',
    cluster: null,
  });
  expect(rejectedSpans).toBe(0);
  return comm;
}

const params = (comm: string, op: string, blocks: number) => ({
  from: FROM,
  to: TO,
  start: FROM,
  step: STEP,
  comms: [comm],
  op,
  sizeClass: -1,
  everywhere: 1,
  nodes: [],
  hosts: [],
  blocks,
  judged: 16_384,
  lines: 100,
  ranks: 100,
  ops: [...SPLITTABLE],
});
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
/** Sums of doubles, added in another order. */
const near = (found: number, wanted: number): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted)));
const ofOp = (run: Run, op: string) =>
  run.operations.flatMap((operation, seq) => (opOf(operation) === op ? [{ operation, seq }] : []));

it('waits, transfers and who was last are those of waitTransfer', async () => {
  let [split, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(runs('missing', 'sent-twice', 'launch', 'another'), async (run) => {
      const comm = await store(run);
      const described = await runtime.engine.select(collectiveCommunicators, params(comm, '', 64));
      for (const op of new Set(run.operations.map(opOf))) {
        const here = ofOp(run, op);
        const parts = here.flatMap(({ operation }) => waitTransfer(durations(operation)) ?? []);
        split += parts.length;
        refused += here.length - parts.length;
        const found = await runtime.engine.select(collectiveWaits, params(comm, op, 64));
        expect(found.map(({ rank }) => rank).sort()).toEqual(
          parts.length === 0 ? [] : Array.from({ length: run.ranks }, (_, rank) => rank),
        );
        for (const row of found) {
          expect(row.operations).toBe(parts.length);
          expect(row.last).toBe(parts.filter(({ lateRank }) => lateRank === row.rank).length);
          near(row.wait_us, mean(parts.map(({ waits }) => waits[row.rank] ?? Number.NaN)) / 1e3);
          near(row.transfer_us, mean(parts.map(({ transfer }) => transfer)) / 1e3);
        }
        // An operation of which no rank sent anything is not there at all.
        const sent = here.filter(({ operation }) => operation.at.some(({ fate }) => fate !== 'missing'));
        const row = described.find((one) => one.op === op);
        expect([row?.operations ?? 0, row?.complete ?? 0]).toEqual([sent.length, parts.length]);
        expect(row?.ambiguous ?? 0).toBe(
          sent.filter(({ operation }) => operation.at.some(({ fate }) => fate === 'another')).length,
        );
        near(
          row?.complete_ns ?? 0,
          parts.reduce((sum, { waits, transfer }) => sum + waits.reduce((all, wait) => all + wait + transfer, 0), 0),
        );
      }
    }),
    { numRuns: 30, interruptAfterTimeLimit: 45_000 },
  );
  expect(split).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(10);
}, 60_000);

it('blocks that verdicts rest on are sums of the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      runs('missing', 'sent-twice', 'launch', 'another'),
      fc.integer({ min: 1, max: 8 }),
      async (run, most) => {
        const comm = await store(run);
        const judged = run.operations
          .flatMap((operation, seq) => {
            const part = waitTransfer(durations(operation));
            if (part === null || !SPLITTABLE.some((op) => op === opOf(operation))) return [];
            const starts = operation.at.map((_, rank) => start(run, seq, rank));
            const arrived = starts.sort((a, b) => Number(a - b)).at(-1) ?? 0n;
            return [{ seq, op: opOf(operation), arrived, part }];
          })
          .sort((a, b) => Number(a.arrived - b.arrived) || (a.op < b.op ? -1 : Number(a.op > b.op)) || a.seq - b.seq);
        const blocks = Math.min(most, judged.length);
        const wanted = Map.groupBy(judged, (one) => Math.floor((judged.indexOf(one) * blocks) / judged.length));
        const found = await runtime.engine.select(collectiveBlocks, params(comm, '', most));
        expect(found.map(({ block }) => block)).toEqual([...wanted.keys()]);
        for (const row of found) {
          const own = wanted.get(row.block) ?? [];
          expect(row.operations).toBe(own.length);
          expect(row.from_ns).toBe(String(own[0]?.arrived));
          row.ranks.forEach((rank, i) => {
            near(row.mean_ns[i] ?? Number.NaN, mean(own.map(({ part }) => part.transfer + (part.waits[rank] ?? 0))));
            expect(row.late_counts[row.late_ranks.indexOf(rank)] ?? 0).toBe(
              own.filter(({ part }) => part.lateRank === rank).length,
            );
          });
        }
      },
    ),
    { numRuns: 30, interruptAfterTimeLimit: 45_000 },
  );
}, 60_000);

it('messages and algorithm bandwidth are those of nccl-tests', async () => {
  await fc.assert(
    fc.asyncProperty(runs('missing', 'sent-twice', 'launch'), async (run) => {
      const comm = await store(run);
      /** Logarithms of bytes per second, by function, size class and bin, then by rank. */
      const wanted = new Map<string, Map<number, number[]>>();
      run.operations.forEach((operation, seq) => {
        durations(operation).forEach((duration, rank) => {
          if (!duration) return;
          const bytes = message(operation, run.ranks);
          const end = start(run, seq, rank) + BigInt(duration);
          const key = `${opOf(operation)} ${2 ** Math.floor(Math.log2(bytes))} ${(end - FROM) / STEP}`;
          const byRank = wanted.get(key) ?? new Map<number, number[]>();
          wanted.set(key, byRank.set(rank, [...(byRank.get(rank) ?? []), Math.log(bytes / (duration / 1e9))]));
        });
      });
      const found = await runtime.engine.select(collectiveBandwidth, params(comm, '', 64));
      expect(found.map((row) => `${row.op} ${row.size_class} ${row.bin}`).sort()).toEqual([...wanted.keys()].sort());
      for (const row of found) {
        const speeds = [...(wanted.get(`${row.op} ${row.size_class} ${row.bin}`)?.values() ?? [])]
          .map((logs) => Math.exp(mean(logs)))
          .sort((a, b) => a - b);
        const half = (speeds.length - 1) / 2;
        near(row.least, speeds[0] ?? Number.NaN);
        near(row.most, speeds.at(-1) ?? Number.NaN);
        near(row.median, ((speeds[Math.floor(half)] ?? Number.NaN) + (speeds[Math.ceil(half)] ?? Number.NaN)) / 2);
      }
    }),
    { numRuns: 30, interruptAfterTimeLimit: 45_000 },
  );
}, 60_000);

it('names of operations are read as by collectiveOp', async () => {
  const dressed = fc
    .record({
      name: fc.oneof(
        fc.constantFrom(...COLLECTIVE_SPELLINGS.map(([spelling]) => spelling)),
        fc.string({ minLength: 1, unit: 'binary' }),
      ),
      // A line break, and the sign of kelvin, whose small letter is that of the alphabet.
      before: fc.constantFrom('', 'x\ny:', '\u212a', '_', 'nccl:', 'c10d::', '_c10d_functional::', 'a:b:'),
      after: fc.constantFrom('', '_', ' 0->1', ' of 4', '.out', ' a\nb'),
      isUpper: fc.boolean(),
      cut: fc.nat(12),
    })
    .map(({ name, before, after, isUpper, cut }) => {
      const spelled = [...name].map((letter, i) => (i === cut ? `_${letter}` : letter)).join('');
      return before + (isUpper ? spelled.toUpperCase() : spelled) + after;
    });
  const names = [...COLLECTIVE_SPELLINGS.map(([spelling]) => spelling), ...fc.sample(dressed, 600)];
  const comm = await store({
    ranks: 1,
    skewMs: [0],
    operations: names.map((spelled) => ({
      spelled,
      perRank: false,
      bytes: 1,
      transferNs: 1,
      at: [{ arriveNs: 0, fate: 'sent' }],
    })),
  });
  const found = await runtime.engine.select(
    {
      name: 'names-of-test',
      sql: 'SELECT toInt32(seq) AS i, op FROM xray.collective_spans WHERE comm = {comm:String} ORDER BY i',
      row: z.object({ i: z.number(), op: z.string() }),
    },
    { comm },
  );
  expect(found).toEqual(names.map((name, i) => ({ i, op: collectiveOp(name) ?? name })));
}, 60_000);
