/** Times and names that no cluster should send: each is on the timeline or left out for a reason, and nothing takes long. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeTile } from '../../../../lib/model/timeline-tile.ts';
import { nanoseconds } from '../../../../lib/model/units.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getHeldLanes } from '../../../../lib/server/tiles/held.ts';
import { getTimelineTile } from '../../../../lib/server/tiles/tile.ts';
import { getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies } from '../../../support/recordings.ts';

const NOW = 1_790_000_000_000_000_000n;
const DAY = 86_400_000_000_000n;
/** One tile and one answer of lanes, however bad the input. */
const LIMIT_MS = 5_000;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime?.close());

let sessions = 0;
/** A job of one worker with these attempts. */
async function job(attempts: readonly { readonly start: bigint; readonly end: bigint; readonly name?: string }[]) {
  const which = { session: `session_bad_${sessions++}`, jobId: '01000000' };
  for (let from = 0; from < attempts.length; from += 20_000)
    await runtime.ingest.rayFacts({
      attempts: attempts.slice(from, from + 20_000).map(({ start, end, name }, i) => ({
        ...which,
        taskId: `${(from + i).toString(16).padStart(16, '0')}ffffffffffffffffffffffff01000000`,
        attempt: 0,
        source: 'event' as const,
        type: 'NORMAL_TASK',
        functionName: name ?? 'f',
        nodeId: 'node',
        workerId: 'worker',
        workerPid: 7,
        stateTimes: { RUNNING: nanoseconds(start), FINISHED: nanoseconds(end) },
      })),
    });
  await runtime.timelines.keep();
  return which;
}

/** All lanes over the whole job, 1,000 buckets; counts of the tile and what both questions took. */
async function look(which: { readonly session: string; readonly jobId: string }) {
  const began = performance.now();
  const lanes = await getHeldLanes(runtime, { ...which, order: 'node' });
  const [from, to] = [BigInt(lanes.fromNs ?? 0), BigInt(lanes.toNs ?? 0) + 1n];
  const span = Number(to - from);
  const resolution = Math.max(0, Math.ceil(Math.log2(span / 1000)));
  const tasks = async (resolution: number, from: bigint, to: bigint): Promise<number> => {
    const { body } = await getTimelineTile(runtime, { ...which, from, to, resolution, lanes: lanes.lanes.key });
    return decodeTile(body.buffer).tasks.reduce((sum, count) => sum + count, 0);
  };
  const whole = lanes.lanes.key.length === 0 ? 0 : await tasks(resolution, from, to);
  const deep = lanes.lanes.key.length === 0 ? 0 : await tasks(0, from, from + 1000n);
  expect(performance.now() - began).toBeLessThan(LIMIT_MS);
  return { lanes: lanes.lanes.key.length, matched: lanes.matched, deeper: lanes.deeper, whole, deep, from, to };
}

describe('bad input', () => {
  it.each([
    ['an end before its start', [{ start: NOW, end: NOW - 5_000_000n }]],
    ['no length', [{ start: NOW, end: NOW }]],
    ['a future of a year', [{ start: NOW + 365n * DAY, end: NOW + 366n * DAY }]],
    ['1970', [{ start: 5_000_000_000n, end: 5_000_001_000n }]],
    ['thirty days', [{ start: NOW, end: NOW + 30n * DAY }]],
    ['the year 2250', [{ start: 8_836_000_000_000_000_000n, end: 8_836_000_000_000_000_005n }]],
    [
      '1970 beside today',
      [
        { start: 5_000_000_000n, end: 6_000_000_000n },
        { start: NOW, end: NOW + 5n },
      ],
    ],
  ] as const)('%s is drawn', async (_, attempts) => {
    const which = await job(attempts);
    expect(await look(which)).toMatchObject({ lanes: 1, matched: attempts.length, whole: attempts.length });
    const small = await getTimeline(runtime, { ...which, limit: 1000 });
    expect(small.columns.start.length).toBe(attempts.length);
    for (const [i, start] of small.columns.start.entries()) {
      expect(Number.isFinite(start)).toBe(true);
      expect(small.columns.end[i] ?? 0).not.toBeNaN();
    }
  });

  it('a time before 1970 never ran for anybody: such an attempt is on no lane', async () => {
    const which = await job([
      { start: -5_000n, end: -1n },
      { start: NOW, end: NOW + 5n },
    ]);
    expect(await look(which)).toMatchObject({ lanes: 1, matched: 1, whole: 1 });
  });

  it('a name of a million characters comes through', async () => {
    const which = await job([{ start: NOW, end: NOW + 5n, name: 'x'.repeat(1_000_000) }]);
    expect(await look(which)).toMatchObject({ lanes: 1, matched: 1, whole: 1, deep: 1 });
  });

  it('200,000 attempts without length at one moment of one worker are one entry of one lane', async () => {
    const which = await job(Array.from({ length: 200_000 }, () => ({ start: NOW, end: NOW })));
    expect(await look(which)).toMatchObject({ lanes: 1, matched: 200_000, whole: 200_000, deep: 200_000 });
  }, 120_000);

  it('of 2,000 attempts that all overlap on one worker 256 are drawn, and the rest is counted', async () => {
    const which = await job(Array.from({ length: 2_000 }, (_, i) => ({ start: NOW + BigInt(i), end: NOW + DAY })));
    expect(await look(which)).toMatchObject({ lanes: 256, matched: 2_000, deeper: 1_744, whole: 256 });
  }, 60_000);

  it('events whose times are no times are refused with the reason, or leave those times out', async () => {
    const [body = ''] = eventBodies('mixed').filter((text) => text.includes('"timestamp"'));
    for (const bad of ['NaN', 'never', '99999-01-01T00:00:00Z']) {
      const text = body
        .replaceAll(/"timestamp":\s*"[^"]*"/g, `"timestamp":"${bad}"`)
        .replaceAll(/"session_20/g, '"session_bad_20');
      const reported = runtime.ingest.rayEvents({
        bytes: Buffer.from(text),
        contentType: 'application/json',
        contentEncoding: '',
        cluster: null,
      });
      const outcome = JSON.parse(JSON.stringify(await reported)) as { accepted: number; rejects: { reason: string }[] };
      expect(outcome.accepted).toBe(0);
      expect(outcome.rejects.length).toBeGreaterThan(0);
      for (const { reason } of outcome.rejects) expect(reason).toBe(`timestamp is not an RFC 3339 time: "${bad}"`);
    }
  });
});
