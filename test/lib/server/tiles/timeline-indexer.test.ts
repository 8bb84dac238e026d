/** The indexer over its life: many at once, running attempts, the end of a job, a restart, a death between two inserts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { densityOfTile, resolutionOf, tracksOfTiles } from '../../../../lib/chart/timeline/timeline-tiles.ts';
import { decodeTile, LANE_PAGE } from '../../../../lib/model/timeline-tile.ts';
import { nanoseconds } from '../../../../lib/model/units.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getHeldLanes } from '../../../../lib/server/tiles/held.ts';
import { getTimelineSlices } from '../../../../lib/server/tiles/slices.ts';
import { getTimelineTile } from '../../../../lib/server/tiles/tile.ts';
import { getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { attemptPart, SYNTHETIC, syntheticAttempts } from '../../../bench/synthetic-timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents } from '../../../support/recordings.ts';

let directory: string;
let runtime: Runtime;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xray-keeper-'));
  runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
});
afterEach(async () => {
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
});
async function restart(): Promise<void> {
  await runtime.close();
  runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
}

const job = { jobId: SYNTHETIC.job, session: SYNTHETIC.session };
const lanes = () => getHeldLanes(runtime, { ...job, order: 'node' });

/** Tasks and failures of all lanes at a resolution. */
async function sums(resolution: number) {
  const answer = await lanes();
  if (answer.fromNs === null || answer.toNs === null) return { tasks: 0, failures: 0 };
  const { body } = await getTimelineTile(runtime, {
    ...job,
    from: BigInt(answer.fromNs),
    // What runs reaches to the present, which is far from synthetic times.
    to: BigInt(answer.fromNs) + (1n << BigInt(Math.min(48, resolution + 15))),
    resolution,
    lanes: answer.lanes.key,
  });
  const tile = decodeTile(body.buffer);
  const total = (column: Uint32Array) => column.reduce((sum, value) => sum + value, 0);
  return { tasks: total(tile.tasks), failures: total(tile.failures) };
}

describe('timeline indexer', () => {
  it('makes a job anew inside the engine where most of it is new, overlapping workers included', async () => {
    const attempts = syntheticAttempts(30_000, 2, 8);
    const [first] = attempts;
    if (!first) throw new Error('no attempts');
    // One worker that runs a hundred at once.
    const together = Array.from({ length: 100 }, (_, i) => ({
      ...first,
      taskId: `${(0xabc0000 + i).toString(16).padStart(16, '0')}ffffffffffffffffffffffff${SYNTHETIC.job}`,
      worker: 99,
      startNs: first.startNs + BigInt(i) * 1_000_000n,
      endNs: first.startNs + 3_000_000_000n + BigInt(i % 7) * 1_000_000n,
      failed: false,
    }));
    await runtime.ingest.rayFacts({ attempts: [...attempts, ...together].map(attemptPart) });
    await runtime.timelines.keep();
    const ended = attempts.filter(({ endNs }) => endNs !== null);
    const expected = { tasks: ended.length + 100, failures: ended.filter(({ failed }) => failed).length };
    const answer = await lanes();
    expect({ tasks: answer.matched, failures: answer.failures }).toEqual(expected);
    expect(answer.running.length).toBe(attempts.length - ended.length);
    for (const resolution of [24, 27, 32, 40]) expect(await sums(resolution)).toEqual(expected);
    const depths = answer.lanes.workerId
      .map((worker, lane) => ({ worker, depth: answer.lanes.depth[lane] ?? 0 }))
      .filter(({ worker }) => worker.startsWith((100).toString(16).padStart(8, '0')));
    expect(depths.map(({ depth }) => depth)).toEqual(Array.from({ length: 100 }, (_, i) => i));

    // Told again, and what ran has ended since.
    await runtime.ingest.rayFacts({
      attempts: attempts
        .slice(-2000)
        .map((one) => attemptPart({ ...one, endNs: one.endNs ?? one.startNs + 5_000_000n })),
    });
    await runtime.timelines.keep();
    const after = { tasks: attempts.length + 100, failures: expected.failures };
    // Lanes that were asked for while they were being made say so, and stand for a moment (held.ts).
    await expect.poll(() => sums(30), { timeout: 10_000 }).toEqual(after);
    expect((await lanes()).running).toEqual([]);
  }, 120_000);

  it('holds what the answer of all attempts holds: recorded events of a real cluster', async () => {
    await postEvents(runtime, eventBodies('mixed'));
    await runtime.timelines.keep();
    const jobs = await runtime.engine.select({
      name: 'jobs-of-test',
      sql: "SELECT session, job_id FROM xray.ray_task_attempts WHERE job_id != '' GROUP BY session, job_id",
      row: z.object({ session: z.string(), job_id: z.string() }),
    });
    expect(jobs.length).toBeGreaterThan(0);
    for (const { session, job_id: jobId } of jobs) {
      const whole = await getTimeline(runtime, { jobId, session, limit: 200_000 });
      const text = (
        lane: { nodeId: string; workerId: string } | undefined,
        name: string,
        start: bigint,
        end: bigint,
        state: string,
      ) => `${lane?.nodeId} ${lane?.workerId} ${name} ${start} ${end} ${state}`;
      const reported = whole.columns.taskId.flatMap((_, row) => {
        const [start, end] = [whole.columns.start[row] ?? null, whole.columns.end[row] ?? null];
        const lane = whole.lanes[whole.columns.lane[row] ?? -1];
        if (start === null || end === null || lane === undefined) return [];
        const [from, to] = [BigInt(whole.originNs) + BigInt(start), BigInt(whole.originNs) + BigInt(end)];
        const state = whole.states[whole.columns.state[row] ?? 0] ?? '';
        return [text(lane, whole.functions[whole.columns.function[row] ?? 0] ?? '', from, to, state)];
      });
      const answer = await getHeldLanes(runtime, { jobId, session, order: 'node' });
      const kept: string[] = [];
      for (const [index, key] of answer.lanes.key.entries()) {
        const lane = {
          nodeId: answer.nodes[answer.lanes.node[index] ?? 0]?.nodeId ?? '',
          workerId: answer.lanes.workerId[index] ?? '',
        };
        const { slices } = await getTimelineSlices(runtime, {
          jobId,
          session,
          lane: key,
          sort: 'start',
          offset: 0,
          limit: 1000,
        });
        for (const one of slices)
          kept.push(text(lane, one.function, BigInt(one.startNs), BigInt(one.endNs), one.state));
      }
      expect(kept.sort()).toEqual(reported.sort());
    }
  }, 120_000);

  it('ends what ran with its job, and finds what runs again after a restart', async () => {
    // What is open is a second attempt: the first, which failed, is kept before it ends.
    const attempts = syntheticAttempts(200, 1, 4).flatMap((one, i) =>
      i % 50 === 0
        ? [
            { ...one, startNs: one.startNs - 2_000_000n, endNs: one.startNs - 1_000_000n, failed: true },
            { ...one, attempt: 1, endNs: null, failed: false },
          ]
        : [one],
    );
    await runtime.ingest.rayFacts({ attempts: attempts.map(attemptPart) });
    await runtime.timelines.keep();
    const open = attempts.filter(({ endNs }) => endNs === null).length;
    expect(open).toBeGreaterThan(3);
    expect((await lanes()).running.length).toBe(open);

    // Behind the moment up to which all is kept: nothing is new, and still it is known.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await runtime.timelines.keep();
    await restart();
    // Whoever asks before the indexer has looked must not be held for those who ask later.
    await lanes();
    await runtime.timelines.keep();
    expect((await lanes()).running.length).toBe(open);
    expect((await lanes()).matched).toBe(attempts.length - open);

    const endNs = SYNTHETIC.originNs + 3_600_000_000_000n;
    await runtime.ingest.rayFacts({
      jobs: [
        {
          session: job.session,
          jobId: job.jobId,
          end: nanoseconds(endNs),
          status: 'SUCCEEDED',
          statusTime: nanoseconds(endNs),
        },
      ],
    });
    await runtime.timelines.keep();
    const answer = await lanes();
    expect(answer.running).toEqual([]);
    expect(answer.matched).toBe(attempts.length);
    expect(await sums(30)).toEqual({ tasks: attempts.length, failures: answer.failures });
    expect(answer.failures).toBe(attempts.filter(({ failed }) => failed).length + open);
  }, 60_000);

  it('ends what ran when its job ended while nobody looked', async () => {
    const attempts = syntheticAttempts(100, 1, 4).map((one, i) => (i % 25 === 0 ? { ...one, endNs: null } : one));
    await runtime.ingest.rayFacts({ attempts: attempts.map(attemptPart) });
    await runtime.timelines.keep();
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await runtime.timelines.keep();
    await runtime.timelines.close();
    const end = nanoseconds(SYNTHETIC.originNs + 3_600_000_000_000n);
    await runtime.ingest.rayFacts({
      jobs: [{ session: job.session, jobId: job.jobId, end, status: 'SUCCEEDED', statusTime: end }],
    });
    await restart();
    await runtime.timelines.keep();
    expect((await lanes()).running).toEqual([]);
    expect(await sums(30)).toMatchObject({ tasks: attempts.length });
  }, 60_000);

  it('repairs what a death between two inserts left', async () => {
    const attempts = syntheticAttempts(500, 1, 4).map((one) => ({ ...one, endNs: one.endNs ?? one.startNs + 1n }));
    await runtime.ingest.rayFacts({ attempts: attempts.map(attemptPart) });
    await runtime.timelines.keep();
    const before = await sums(29);
    const again = async () => {
      await restart();
      await runtime.ingest.rayFacts({ attempts: attempts.slice(0, 1).map(attemptPart) });
      await runtime.timelines.keep();
    };
    for (const table of ['timeline_levels', 'timeline_lane_sums', 'timeline_lanes']) {
      await runtime.engine.command(`TRUNCATE TABLE xray.${table}`);
      if (table === 'timeline_lanes') {
        // Slices without named lanes are no one's: all is told again, and kept once.
        await restart();
        await runtime.ingest.rayFacts({ attempts: attempts.map(attemptPart) });
        await runtime.timelines.keep();
      } else await again();
      expect(await sums(29), table).toEqual(before);
      expect((await lanes()).matched, table).toBe(before.tasks);
    }
  }, 60_000);

  it('draws tiles as tracks: every attempt in view, exact where it is as long as a bucket', async () => {
    const attempts = syntheticAttempts(3000, 2, 20).map((one) => ({
      ...one,
      endNs: one.endNs ?? one.startNs + 1_000_000n,
    }));
    await runtime.ingest.rayFacts({ attempts: attempts.map(attemptPart) });
    await runtime.timelines.keep();
    const answer = await lanes();
    const [from, to] = [BigInt(answer.fromNs ?? 0), BigInt(answer.toNs ?? 0)];
    for (const pixels of [50, 600, 20_000]) {
      const resolution = resolutionOf({ from: 0, to: Number(to - from) }, pixels);
      expect(2 ** resolution).toBeLessThanOrEqual(Number(to - from) / pixels);
      const pages = new Map();
      for (let page = 0; page * LANE_PAGE < answer.lanes.key.length; page++) {
        const keys = answer.lanes.key.slice(page * LANE_PAGE, (page + 1) * LANE_PAGE);
        const { body } = await getTimelineTile(runtime, { ...job, from, to: to + 1n, resolution, lanes: keys });
        pages.set(page, decodeTile(body.buffer));
      }
      const { tracks, functions, counts, failures } = tracksOfTiles(answer, pages, 0);
      const total = (column: Uint32Array) => column.reduce((sum, value) => sum + value, 0);
      expect(total(counts)).toBe(attempts.length);
      expect(total(failures)).toBe(attempts.filter(({ failed }) => failed).length);
      expect(tracks.groups.map(({ first, last }) => last - first)).toEqual([20, 20]);
      const long = attempts.filter((one) => Number(one.endNs - one.startNs) >= 2 ** resolution);
      const drawn = new Set(
        Array.from(tracks.start, (start, i) => `${functions[tracks.functionIndex[i] ?? 0]} ${start} ${tracks.end[i]}`),
      );
      for (const one of long)
        expect(drawn).toContain(`${one.functionName} ${Number(one.startNs - from)} ${Number(one.endNs - from)}`);
      for (let i = 1; i < tracks.start.length; i++)
        if (tracks.trackOf[i] === tracks.trackOf[i - 1])
          expect(tracks.end[i - 1]).toBeLessThanOrEqual(tracks.start[i] ?? 0);
    }
    const { body } = await getTimelineTile(runtime, {
      ...job,
      from,
      to: to + 1n,
      resolution: 30,
      nodes: answer.nodes.map(({ key }) => key),
      all: true,
    });
    const both = decodeTile(body.buffer);
    const sumsOf = (firstLane: number, lastLane: number) => {
      const sums = new Map<number, { tasks: number; failures: number; busy: number }>();
      for (let i = both.begin[firstLane] ?? 0; i < (both.begin[lastLane] ?? 0); i++) {
        const bucket = both.bucket[i] ?? 0;
        const sum = sums.get(bucket) ?? { tasks: 0, failures: 0, busy: 0 };
        sum.tasks += both.tasks[i] ?? 0;
        sum.failures += both.failures[i] ?? 0;
        sum.busy += both.busy[i] ?? 0;
        sums.set(bucket, sum);
      }
      return [...sums].sort(([a], [b]) => a - b);
    };
    expect(answer.nodes.length).toBeGreaterThan(1);
    expect(sumsOf(answer.nodes.length, answer.nodes.length + 1)).toEqual(sumsOf(0, answer.nodes.length));
    const density = densityOfTile(
      both,
      answer.lanes.key.length,
      from,
      { from: 0, to: Number(to - from) },
      10,
      answer.nodes.length,
    );
    // All forty workers run one attempt after the other.
    expect(Math.min(...density.busy.slice(0, 5))).toBeGreaterThan(0.9);
    expect(Math.max(...density.failed)).toBe(1);
  }, 60_000);
});
