/**
 * Tiles against brute force: random jobs, told in parts that come late, twice and in any order, between looks of the
 * keeper; at random windows and resolutions. Over 300 lines: one brute force that everything is held against.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timelineTileRoute } from '../../../../lib/contract/timeline-tile.ts';
import type { AttemptPart } from '../../../../lib/model/task.ts';
import { CARRY, decodeTile, type TimelineTile, unpackLength } from '../../../../lib/model/timeline-tile.ts';
import { nanoseconds } from '../../../../lib/model/units.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getHeldLanes } from '../../../../lib/server/tiles/held.ts';
import { getTimelineSlices } from '../../../../lib/server/tiles/slices.ts';
import { getTimelineSums } from '../../../../lib/server/tiles/sums.ts';
import { getTimelineTile } from '../../../../lib/server/tiles/tile.ts';
import { LEVELS } from '../../../../lib/store/schema/timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const ORIGIN = 1_790_000_000_000_000_000n;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime?.close());

interface Attempt {
  readonly id: number;
  readonly attempt: number;
  readonly worker: number;
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly failed: boolean;
}

const taskId = (id: number): string =>
  `${(id * 2654435761).toString(16).padStart(16, '0')}ffffffffffffffffffffffff01000000`;

const insert = (parts: readonly AttemptPart[]): Promise<void> => runtime.ingest.rayFacts({ attempts: parts });

/** Definition, start and end of an attempt, as three events tell them. */
function partsOf(session: string, one: Attempt): readonly AttemptPart[] {
  const key = {
    session,
    jobId: '01000000',
    taskId: taskId(one.id),
    attempt: one.attempt,
    source: 'event',
    type: 'NORMAL_TASK',
  } as const;
  return [
    { ...key, functionName: one.name, stateTimes: { PENDING_ARGS_AVAIL: nanoseconds(one.start - 1000n) } },
    {
      ...key,
      nodeId: `node${one.worker % 2}`,
      workerId: `worker${one.worker}`,
      workerPid: 1000 + one.worker,
      stateTimes: { RUNNING: nanoseconds(one.start) },
    },
    {
      ...key,
      stateTimes: { [one.failed ? 'FAILED' : 'FINISHED']: nanoseconds(one.end) },
      ...(one.failed ? { errorType: 'TASK_EXECUTION_EXCEPTION' } : {}),
    },
  ];
}

interface Plain {
  readonly start: bigint;
  readonly end: bigint;
  readonly failed: boolean;
  readonly name: string;
}

interface Entry {
  readonly bucket: number;
  readonly tasks: number;
  readonly failures: number;
  readonly start: number;
  readonly duration: number;
}

const lasts = (slice: Plain): bigint => (slice.end < slice.start ? 0n : slice.end - slice.start);
const better = (a: Plain, b: Plain): Plain =>
  lasts(a) !== lasts(b) ? (lasts(a) > lasts(b) ? a : b) : a.start <= b.start ? a : b;

/** The definition of a tile, said a second time, without any cleverness. */
function bruteForce(slices: readonly Plain[], origin: bigint, buckets: number, resolution: number): readonly Entry[] {
  const width = 1n << BigInt(resolution);
  const made: Entry[] = [];
  const entry = (bucket: number, inside: readonly Plain[], isCarry: boolean) => {
    const [first] = inside;
    if (!first) return;
    const longest = inside.reduce(better, first);
    made.push({
      bucket,
      tasks: isCarry ? 0 : inside.length,
      failures: inside.filter((slice) => slice.failed).length,
      start: Number(longest.start - origin),
      duration: Number(lasts(longest)),
    });
  };
  entry(
    CARRY,
    slices.filter((slice) => slice.start < origin && slice.end > origin && lasts(slice) >= width),
    true,
  );
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = origin + BigInt(bucket) * width;
    entry(
      bucket,
      slices.filter((slice) => slice.start >= from && slice.start < from + width),
      false,
    );
  }
  return made;
}

/**
 * How many of these lanes are busy in each bucket. `known`: slices whose end counts, of which a tile from levels has the
 * longest of each bucket of the level; each of the others is in the bucket that it starts in.
 */
function busyLanes(
  lanes: readonly (readonly Plain[])[],
  origin: bigint,
  buckets: number,
  resolution: number,
  known: (lane: readonly Plain[], slice: Plain) => boolean,
): number[] {
  const width = 1n << BigInt(resolution);
  return Array.from({ length: buckets }, (_, bucket) => {
    const from = origin + BigInt(bucket) * width;
    const until = from + width;
    return lanes.filter((lane) =>
      lane.some(
        (slice) =>
          (slice.start >= from && slice.start < until) ||
          (slice.start < from && slice.end > from && known(lane, slice)),
      ),
    ).length;
  });
}

/** The column `busy` of a node, by bucket. */
function busyOf(tile: TimelineTile, lane: number): number[] {
  const busy = new Array<number>(tile.buckets).fill(0);
  for (let entry = tile.begin[lane] ?? 0; entry < (tile.begin[lane + 1] ?? 0); entry++)
    if (tile.bucket[entry] !== CARRY) busy[tile.bucket[entry] ?? 0] = tile.busy[entry] ?? 0;
  return busy;
}

function entriesOf(tile: TimelineTile, lane: number): readonly Entry[] {
  const exact = new Map([...tile.index].map((entry, at) => [entry, at]));
  const made: Entry[] = [];
  for (let entry = tile.begin[lane] ?? 0; entry < (tile.begin[lane + 1] ?? 0); entry++) {
    const at = exact.get(entry) ?? -1;
    made.push({
      bucket: tile.bucket[entry] ?? -1,
      tasks: tile.tasks[entry] ?? -1,
      failures: tile.failures[entry] ?? -1,
      start: tile.start[at] ?? Number.NaN,
      duration: tile.duration[at] ?? Number.NaN,
    });
  }
  return made;
}

/** Slices of every lane as the API tells them; checks that no two of a lane overlap. */
async function lanesOf(session: string) {
  const job = { jobId: '01000000', session };
  const answer = await getHeldLanes(runtime, { ...job, order: 'node' });
  const lanes = new Map<string, Plain[]>();
  for (const key of answer.lanes.key) {
    const { slices, limited } = await getTimelineSlices(runtime, {
      ...job,
      lane: key,
      sort: 'start',
      offset: 0,
      limit: 1000,
    });
    expect(limited).toBe(false);
    const own = slices.map((slice) => ({
      start: BigInt(slice.startNs),
      end: BigInt(slice.endNs),
      failed: slice.state === 'FAILED',
      name: slice.function,
    }));
    let last = 0n;
    for (const slice of own) {
      expect(slice.start).toBeGreaterThanOrEqual(last);
      last = slice.start + lasts(slice);
    }
    lanes.set(key, own);
  }
  return { answer, lanes };
}

const attempts = fc
  .array(
    fc.record({
      worker: fc.integer({ min: 0, max: 3 }),
      name: fc.constantFrom('read', 'train', ''),
      start: fc.bigInt({ min: 0n, max: 100_000_000_000n }),
      // Durations of every order of magnitude, some zero, some reversed.
      long: fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 9 })),
      reversed: fc.boolean(),
      failed: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((list): readonly Attempt[] =>
    list.map((one, id) => {
      const long = BigInt(one.long[1]) * 10n ** BigInt(one.long[0]);
      const start = ORIGIN + one.start;
      return { ...one, id, attempt: id % 3, start, end: one.reversed && long < 1000n ? start - long : start + long };
    }),
  );

/** By name; quantiles by nearest rank. */
function sumsOf(slices: readonly Plain[]) {
  return [...new Set(slices.map(({ name }) => name))].sort().map((name) => {
    const own = slices.filter((slice) => slice.name === name);
    const sorted = own.map(lasts).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const rank = (share: number) => String(sorted[Math.ceil(share * sorted.length) - 1]);
    return {
      function: name,
      count: own.length,
      failures: own.filter(({ failed }) => failed).length,
      totalNs: String(sorted.reduce((sum, one) => sum + one, 0n)),
      p50Ns: rank(0.5),
      p95Ns: rank(0.95),
      maxNs: String(sorted.at(-1)),
    };
  });
}

/** Of every node, from levels where the resolution allows, and from slices, as for a filter. */
async function expectBusy(
  requested: { jobId: string; session: string; from: bigint; to: bigint; resolution: number },
  answer: Awaited<ReturnType<typeof getHeldLanes>>,
  lanes: ReadonlyMap<string, readonly Plain[]>,
): Promise<void> {
  const { jobId, session, from, to, resolution } = requested;
  const nodes = answer.nodes.map(({ key }) => key);
  const level = LEVELS.findLast((one) => one <= resolution);
  for (const state of [undefined, 'FINISHED'] as const) {
    const { body } = await getTimelineTile(runtime, { jobId, session, from, to, resolution, nodes, state });
    const tile = decodeTile(body.buffer);
    for (let node = 0; node < nodes.length; node++) {
      const own = answer.lanes.key
        .filter((_, lane) => answer.lanes.node[lane] === node)
        .map((key) => (lanes.get(key) ?? []).filter(({ failed }) => state === undefined || !failed));
      const origin = tile.originNs;
      const found = busyOf(tile, node);
      const within = (slice: Plain) => slice.start >= origin || lasts(slice) >= 1n << BigInt(resolution);
      const bucketOf = (slice: Plain) => slice.start >> BigInt(level ?? 0);
      const isLongest = (lane: readonly Plain[], slice: Plain) =>
        lane.filter((other) => bucketOf(other) === bucketOf(slice)).reduce(better, slice) === slice;
      expect(found).toEqual(
        busyLanes(
          own,
          origin,
          tile.buckets,
          resolution,
          (lane, slice) =>
            within(slice) &&
            (state !== undefined || level === undefined || slice.start < origin || isLongest(lane, slice)),
        ),
      );
      // Never more than there are, whatever is known of them.
      const all = busyLanes(own, origin, tile.buckets, resolution, () => true);
      expect(found.every((busy, bucket) => busy <= (all[bucket] ?? 0))).toBe(true);
      expect(Math.max(0, ...found)).toBeLessThanOrEqual(own.length);
    }
  }
}

let sessions = 0;

describe('tiles', () => {
  it('hold what brute force finds, whatever order, delay and repetition the parts come in', async () => {
    await fc.assert(
      fc.asyncProperty(
        attempts,
        fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 })),
        fc.array(
          fc.record({
            from: fc.bigInt({ min: -5_000_000_000n, max: 110_000_000_000n }),
            buckets: fc.integer({ min: 1, max: 400 }),
            resolution: fc.integer({ min: 18, max: 42 }),
          }),
          { minLength: 3, maxLength: 6 },
        ),
        async (made, random, windows) => {
          const session = `session_random_${sessions++}`;
          const pick = () => random.next().value ?? 0;
          const parts = made.flatMap((one) => partsOf(session, one));
          const reported = [...parts, ...parts.filter(() => pick() % 5 === 0)]
            .map((part) => ({ part, at: pick() }))
            .sort((a, b) => a.at - b.at)
            .map(({ part }) => part);
          const cut = pick() % (reported.length + 1);
          await insert(reported.slice(0, cut));
          await runtime.timelines.keep();
          await insert(reported.slice(cut));
          await runtime.timelines.keep();
          await runtime.timelines.keep();

          const { answer, lanes } = await lanesOf(session);
          const all = [...lanes.values()].flat();
          const text = (slice: Plain) => `${slice.start} ${slice.end} ${slice.failed} ${slice.name}`;
          expect(all.map(text).sort()).toEqual(made.map(text).sort());
          expect(answer.matched).toBe(made.length);
          expect(answer.failures).toBe(made.filter(({ failed }) => failed).length);
          expect(answer.running).toEqual([]);

          for (const window of windows) {
            const from = ORIGIN + window.from;
            const requested = {
              jobId: '01000000',
              session,
              from,
              to: from + (BigInt(window.buckets) << BigInt(window.resolution)),
              resolution: window.resolution,
              lanes: answer.lanes.key,
            };
            const { body } = await getTimelineTile(runtime, { ...requested, exact: true });
            const tile = decodeTile(body.buffer);
            answer.lanes.key.forEach((key, lane) => {
              const expected = bruteForce(lanes.get(key) ?? [], tile.originNs, tile.buckets, window.resolution);
              expect(entriesOf(tile, lane)).toEqual(expected);
            });
            await expectBusy(requested, answer, lanes);
            const sums = await getTimelineSums(runtime, {
              jobId: '01000000',
              session,
              from,
              to: requested.to,
              limit: 10,
            });
            expect(sums.functions.toSorted((a, b) => (a.function < b.function ? -1 : 1))).toEqual(
              sumsOf(all.filter((slice) => slice.start < requested.to && slice.end >= from)),
            );
            // What every browser gets: exact where at least a bucket long, else within the precision of its columns.
            const { body: small } = await getTimelineTile(runtime, requested);
            const compact = decodeTile(small.buffer);
            expect(compact.bucket).toEqual(tile.bucket);
            expect(compact.failures).toEqual(tile.failures);
            const exact = new Set(compact.index);
            for (let entry = 0; entry < compact.bucket.length; entry++) {
              const duration = tile.duration[entry] ?? 0;
              expect(exact.has(entry)).toBe(duration >= 2 ** window.resolution);
              expect(Math.abs(unpackLength(compact.length[entry] ?? 0) - duration)).toBeLessThanOrEqual(
                1 + duration * 4e-4,
              );
            }
          }
        },
      ),
      {
        numRuns: Number(process.env.XRAY_TEST_RUNS ?? 8),
        interruptAfterTimeLimit: 200_000,
        markInterruptAsFailure: true,
      },
    );
  }, 240_000);

  it('count a lane once where one slice ends in the bucket in which the next begins', async () => {
    const session = 'session_busy';
    const width = 1n << 30n;
    const origin = (ORIGIN >> 30n) << 30n;
    // Back to back on two workers of one node, each a bucket and a half long.
    const made = [0, 2].flatMap((worker) =>
      Array.from({ length: 20 }, (_, i) => {
        const start = origin + (BigInt(i) * 3n * width) / 2n;
        return {
          id: worker * 100 + i,
          attempt: 0,
          worker,
          name: 'a',
          start,
          end: start + (3n * width) / 2n,
          failed: false,
        };
      }),
    );
    await insert(made.flatMap((one) => partsOf(session, one)));
    await runtime.timelines.keep();
    const { answer } = await lanesOf(session);
    expect(answer.lanes.key).toHaveLength(2);
    const { body } = await getTimelineTile(runtime, {
      jobId: '01000000',
      session,
      from: origin,
      to: origin + 32n * width,
      resolution: 30,
      nodes: answer.nodes.map(({ key }) => key),
    });
    expect(busyOf(decodeTile(body.buffer), 0)).toEqual([...new Array(30).fill(2), 0, 0]);
  });

  it('count a failure once that began before, however many levels know it', async () => {
    const session = 'session_carried';
    const made = { id: 1, attempt: 0, worker: 0, name: 'a', start: ORIGIN, end: ORIGIN + (1n << 40n), failed: true };
    await insert(partsOf(session, made));
    await runtime.timelines.keep();
    const { answer } = await lanesOf(session);
    for (const resolution of [20, 25]) {
      const from = ORIGIN + (1n << 26n);
      const { body } = await getTimelineTile(runtime, {
        jobId: '01000000',
        session,
        from,
        to: from + (100n << BigInt(resolution)),
        resolution,
        lanes: answer.lanes.key,
        nodes: answer.nodes.map(({ key }) => key),
      });
      const tile = decodeTile(body.buffer);
      const carries = [...tile.bucket.keys()].filter((entry) => tile.bucket[entry] === CARRY);
      expect([resolution, carries.map((entry) => tile.failures[entry])]).toEqual([resolution, [1, 1]]);
    }
  });

  it('are refused where they would be too large, with the reason', async () => {
    const session = 'session_refused';
    await insert(
      partsOf(session, { id: 1, attempt: 0, worker: 0, name: 'a', start: ORIGIN, end: ORIGIN + 5n, failed: false }),
    );
    const ask = (to: bigint, lanes: number) =>
      getTimelineTile(runtime, {
        jobId: '01000000',
        session,
        from: ORIGIN,
        to,
        resolution: 20,
        lanes: Array.from({ length: lanes }, (_, i) => i.toString(16).padStart(16, '0')),
      });
    await expect(ask(ORIGIN, 1)).rejects.toThrow('it must be after "from"');
    await expect(ask(ORIGIN + (70_000n << 20n), 1)).rejects.toThrow('a tile has at most 65535');
    await expect(ask(ORIGIN + (60_000n << 20n), 100)).rejects.toThrow('100 lanes and nodes times 60001 buckets');
    const query = timelineTileRoute.query;
    const base = { jobId: 'a', from: '0', to: '1', resolution: '3', lanes: '0'.repeat(16) };
    expect(query.safeParse(base).success).toBe(true);
    for (const bad of [
      { to: '9999999999999999999' },
      { resolution: '49' },
      { lanes: 'xyz' },
      { longer: '9999999999999999999' },
      { state: 'RUNNING' },
    ])
      expect(query.safeParse({ ...base, ...bad }).success, JSON.stringify(bad)).toBe(false);
  });
});
