/** Attempts that overlap without end: every one is counted, none stops the event loop, and what lies too deep is said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEPTHS } from '../../../../lib/model/timeline-tile.ts';
import { nanoseconds } from '../../../../lib/model/units.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getTimelineLanes } from '../../../../lib/server/tiles/lanes.ts';
import { getTimelineSums } from '../../../../lib/server/tiles/sums.ts';
import { getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { worstLag } from '../../../support/event-loop-lag.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type HostileAttempt, hostileBody, OVERLAPPING, postHostile } from '../../../support/overlapping-attempts.ts';

const MOST_LAG_MS = 200;
let directory: string;
let runtime: Runtime;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xray-overlap-'));
  runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
});
afterEach(async () => {
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
});
const lanes = async () => (await getTimelineLanes(runtime, { ...OVERLAPPING, order: 'node' })).answer;
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** What stands on lanes and what lies deeper are all there are. */
async function expectAll(count: number): Promise<void> {
  const answer = await lanes();
  expect(answer.matched).toBe(count);
  expect(total(answer.lanes.tasks) + (answer.deeper ?? 0)).toBe(count);
  expect(Math.max(...answer.lanes.depth)).toBeLessThan(DEPTHS);
  const sums = await getTimelineSums(runtime, { ...OVERLAPPING, limit: 10 });
  expect(sums.count).toBe(count);
}

const many = (count: number, of: (index: number) => HostileAttempt): HostileAttempt[] =>
  Array.from({ length: count }, (_, index) => of(index));

describe('attempts that overlap', () => {
  it('150,000 of one worker: no turn over 200 ms, after a restart neither', async () => {
    const body = hostileBody(many(150_000, (i) => ({ start: i % 1000, end: 600_000 + (i % 7), worker: 0 })));
    const first = await worstLag(async () => {
      await postHostile(runtime, body);
      await runtime.timelines.keep();
    });
    expect(first.worstMs).toBeLessThan(MOST_LAG_MS);
    await expectAll(150_000);
    expect((await lanes()).deeper).toBe(150_000 - DEPTHS);

    // One of the deeper ones is told again, with an earlier start: all of its worker is laid anew.
    const again = await worstLag(async () => {
      await runtime.close();
      runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
      await runtime.timelines.keep();
      await postHostile(runtime, hostileBody([{ start: -5, end: 600_000, worker: 0 }], 149_999));
      await runtime.timelines.keep();
    });
    expect(again.worstMs).toBeLessThan(MOST_LAG_MS);
    await expectAll(150_000);
    expect((await lanes()).fromNs).toBe('1789999999995000000');
  }, 300_000);

  it('in small batches, some of them late, on depths that never overlap', async () => {
    const all: HostileAttempt[] = [];
    for (let batch = 0; batch < 6; batch++) {
      // Every other batch begins before all that came before it.
      const from = batch % 2 === 0 ? batch * 1000 : -batch * 1000;
      const some = many(300, (i) => ({
        start: from + ((i * 37) % 900),
        end: from + ((i * 37) % 900) + 450,
        worker: 0,
      }));
      await postHostile(runtime, hostileBody(some, all.length));
      all.push(...some);
      await runtime.timelines.keep();
    }
    await expectAll(all.length);
    expect((await lanes()).deeper).toBe(0);
    const overlaps = await runtime.engine.select({
      name: 'overlaps-of-test',
      sql: `SELECT count() AS n FROM (SELECT start_ns, max(end_ns) OVER (PARTITION BY lane ORDER BY start_ns, end_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM xray.timeline_slices FINAL WHERE lane IN (SELECT lane FROM xray.timeline_lanes FINAL WHERE retired = 0 AND depth < ${DEPTHS})) WHERE start_ns < before`,
      row: z.object({ n: z.coerce.number() }),
    });
    expect(overlaps).toEqual([{ n: 0 }]);
  }, 120_000);

  it('on as many workers as attempts: the answer holds the first lanes, and says how many it leaves out', async () => {
    const body = hostileBody(many(30_000, (i) => ({ start: i, end: i + 10, worker: i, node: i % 7000 })));
    const lag = await worstLag(async () => {
      await postHostile(runtime, body);
      await runtime.timelines.keep();
      const answer = await lanes();
      expect(answer.matched).toBe(30_000);
      expect(answer.lanes.key.length).toBe(20_000);
      expect(answer.omitted).toEqual({ lanes: 10_000, moreRunning: false, moreFunctions: false });
    });
    expect(lag.worstMs).toBeLessThan(MOST_LAG_MS);
  }, 300_000);

  it('that never end: some are held to be drawn, the answer says that more run, and all end with their job', async () => {
    const body = hostileBody(many(30_000, (i) => ({ start: i, end: null, worker: i % 3 })));
    const lag = await worstLag(async () => {
      await postHostile(runtime, body);
      await runtime.timelines.keep();
      const answer = await lanes();
      expect(answer.running.length).toBe(10_000);
      expect(answer.omitted?.moreRunning).toBe(true);
    });
    expect(lag.worstMs).toBeLessThan(MOST_LAG_MS);
    // A window of it, as a share holds one, says so too.
    const window = await getTimeline(runtime, { ...OVERLAPPING, from: 0n, limit: 50_000 });
    expect([window.matched, window.limited]).toEqual([10_000, true]);
    const endNs = nanoseconds(1_790_000_900_000_000_000n);
    await runtime.ingest.rayFacts({
      jobs: [
        { session: OVERLAPPING.session, jobId: OVERLAPPING.jobId, status: 'SUCCEEDED', end: endNs, statusTime: endNs },
      ],
    });
    await runtime.timelines.keep();
    await expectAll(30_000);
    expect((await lanes()).running).toEqual([]);
  }, 300_000);

  it('of a job whose name no statement can hold keep no other job from its timeline', async () => {
    const part = {
      session: OVERLAPPING.session,
      taskId: 'aa',
      attempt: 0,
      source: 'event',
      type: 'NORMAL_TASK',
      functionName: 'f',
      nodeId: 'n',
      workerId: 'w',
      stateTimes: {
        RUNNING: nanoseconds(1_790_000_000_000_000_000n),
        FINISHED: nanoseconds(1_790_000_001_000_000_000n),
      },
    } as const;
    await runtime.ingest.rayFacts({
      attempts: [
        { ...part, jobId: 'b'.repeat(400_000) },
        { ...part, jobId: OVERLAPPING.jobId },
      ],
    });
    await runtime.timelines.keep();
    await runtime.timelines.counted();
    await expectAll(1);
  }, 120_000);
});
