/** The timeline and the joined traces of a recorded cluster (Ray 2.58, mixed): events, and the spans of the same run. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareTracks } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import type { TimelineWire } from '../../../../lib/contract/timeline.ts';
import type { TraceWire } from '../../../../lib/contract/traces.ts';
import { tracesRoute } from '../../../../lib/contract/traces.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getStrips } from '../../../../lib/server/timeline/strips.ts';
import { getPhases, getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { getTrace, listTraces } from '../../../../lib/server/traces/traces.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents } from '../../../support/recordings.ts';

const DATA_JOB = '02000000';
const TRAIN_JOB = '03000000';
const ALL = 200_000;
let runtime: Runtime;

beforeAll(async () => {
  runtime = await openTestRuntime();
  await postEvents(runtime, eventBodies('mixed'));
  const file = new URL('../../../fixtures/ray/2.58.0/mixed/otlp/traces.jsonl.gz', import.meta.url);
  const bodies = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  for (let i = 0; i < bodies.length; i += 100)
    await Promise.all(
      bodies.slice(i, i + 100).map((body) =>
        runtime.ingest.traces({
          bytes: Buffer.from(body),
          contentType: 'application/json',
          contentEncoding: '',
          cluster: null,
        }),
      ),
    );
}, 180_000);
afterAll(() => runtime.close());

/** Attempts on workers, whatever lane they are on, by task and attempt. */
function attemptsOn({ columns, lanes, originNs, functions, states, errors, nowNs }: TimelineWire) {
  const at = (offset: number): bigint => BigInt(originNs) + BigInt(offset);
  return columns.taskId
    .map((taskId, row) => {
      const [start, end] = [columns.start[row] ?? null, columns.end[row] ?? null];
      return {
        key: `${taskId}:${columns.attempt[row]}`,
        function: functions[columns.function[row] ?? 0],
        state: states[columns.state[row] ?? 0],
        error: errors[columns.error[row] ?? 0],
        lane: lanes[columns.lane[row] ?? -1],
        start: start === null ? -1n : at(start),
        end: end === null ? BigInt(nowNs) : at(end),
      };
    })
    .filter(({ start, lane }) => start !== -1n && lane !== undefined)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

describe('timeline', () => {
  it('oddity: two raylets on one address are two groups, and every lane is in one of them', async () => {
    const timeline = await getTimeline(runtime, { jobId: DATA_JOB, limit: ALL });
    const tracks = prepareTracks(timeline);
    expect(tracks.groups.map(({ label }) => label)).toEqual(['ray-head', 'ray-worker-1']);
    expect(tracks.groups.at(-1)?.last).toBe(tracks.tracks.length);
    expect(tracks.start.length + tracks.neverRan).toBe(timeline.matched);
  });

  it('oddity: restarts of an actor come without a definition and are drawn under the name of attempt 0', async () => {
    const timeline = await getTimeline(runtime, { jobId: TRAIN_JOB, limit: ALL });
    expect(timeline.functions).not.toContain('');
    const name = timeline.functions.indexOf('param_server:ParamServer.__init__');
    const restarts = timeline.columns.function.filter(
      (each, row) => each === name && (timeline.columns.attempt[row] ?? 0) > 0,
    );
    expect(restarts.length).toBe(2);
    const only = await getTimeline(runtime, {
      jobId: TRAIN_JOB,
      function: 'param_server:ParamServer.__init__',
      limit: ALL,
    });
    expect(only.functions).toEqual(['param_server:ParamServer.__init__']);
    expect(only.matched).toBe(timeline.columns.function.filter((each) => each === name).length);
  });

  it('each lane is by start, and lanes of actors carry their class', async () => {
    const { columns, lanes } = await getTimeline(runtime, { jobId: TRAIN_JOB, limit: ALL });
    const last = new Map<number, number>();
    columns.lane.forEach((lane, row) => {
      const start = columns.start[row] ?? null;
      if (start === null) return;
      expect(start).toBeGreaterThanOrEqual(last.get(lane) ?? 0);
      last.set(lane, start);
    });
    expect(lanes.some((lane) => lane.actor === 'TrainWorker')).toBe(true);
  });

  it('says that a limit cut it', async () => {
    const cut = await getTimeline(runtime, { jobId: DATA_JOB, limit: 50 });
    expect([cut.matched, cut.limited]).toEqual([50, true]);
    expect((await getTimeline(runtime, { jobId: DATA_JOB, limit: ALL })).limited).toBe(false);
  });

  it.each([DATA_JOB, TRAIN_JOB])('of a window holds what touches it, as all of the job has it: %s', async (jobId) => {
    await runtime.timelines.keep();
    const whole = await getTimeline(runtime, { jobId, limit: ALL });
    const [begin, end] = [BigInt(whole.originNs), BigInt(whole.toNs)];
    const touching = (from: bigint, to: bigint) => attemptsOn(whole).filter((one) => one.start < to && one.end >= from);
    const span = end - begin;
    for (const [from, to] of [
      [begin, end + 1n],
      [begin + span / 3n, begin + span / 2n],
      [begin + span / 2n, begin + span / 2n + 1n],
      [end + 1_000_000_000n, end + 2_000_000_000n],
    ] as const) {
      const answer = await getTimeline(runtime, { jobId, from, to, limit: ALL });
      expect(attemptsOn(answer)).toEqual(touching(from, to));
      expect(answer.limited).toBe(false);
    }
    expect(touching(begin + span / 3n, begin + span / 2n).length).toBeGreaterThan(3);
    const cut = await getTimeline(runtime, { jobId, from: begin, limit: 3 });
    expect([cut.matched, cut.limited]).toEqual([3, true]);
    const failed = await getTimeline(runtime, { jobId, from: begin, state: 'FAILED', limit: ALL });
    expect(attemptsOn(failed)).toEqual(attemptsOn(whole).filter(({ state }) => state === 'FAILED'));
  });

  it('gives the phases of a window, each inside or across it, and refuses an empty one', async () => {
    const whole = await getTimeline(runtime, { jobId: DATA_JOB, phases: true, limit: ALL });
    const [from, to] = [BigInt(whole.originNs) - 1_000_000_000n, BigInt(whole.toNs) + 1_000_000_000n];
    const all = await getPhases(runtime, { jobId: DATA_JOB, from, to, limit: 50_000 });
    expect(all.taskId.length).toBe(whole.phases.row.length);
    const middle = from + (to - from) / 2n;
    const half = await getPhases(runtime, { jobId: DATA_JOB, from: middle, to, limit: 50_000 });
    expect(half.taskId.length).toBeLessThan(all.taskId.length);
    expect(half.end.every((end) => end >= 0)).toBe(true);
    await expect(getPhases(runtime, { jobId: DATA_JOB, from: to, to: from, limit: 1 })).rejects.toMatchObject({
      problem: { status: 400 },
    });
  });

  it('strips say which source is down, and fail alone', async () => {
    const { originNs, toNs } = await getTimeline(runtime, { jobId: DATA_JOB, limit: 1 });
    const strips = await getStrips(
      runtime,
      { jobId: DATA_JOB, from: BigInt(originNs), to: BigInt(toNs), points: 100 },
      AbortSignal.timeout(10_000),
    );
    expect([strips.cpu, strips.memory, strips.gpu]).toEqual([null, null, null]);
    expect(strips.notices).toMatchObject([{ source: 'prometheus', kind: 'down' }]);
  });
});

describe('traces joined with tasks', () => {
  it('pages through every trace once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listTraces(runtime, tracesRoute.query.parse({ limit: 400, cursor }));
      seen.push(...page.traces.map((trace) => trace.traceId));
      cursor = page.nextCursor ?? undefined;
      if (cursor === undefined) expect(seen.length).toBe(page.matched);
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(tracesRoute.query.safeParse({ limit: 1, cursor: '7' }).success).toBe(false);
  }, 120_000);

  it('joins functions by ray.task_id, calls of actors by worker and time, and callers to nothing', async () => {
    const { traces } = await listTraces(
      runtime,
      tracesRoute.query.parse({ limit: 1000, attributes: `ray.job_id=${DATA_JOB}` }),
    );
    const training = await listTraces(
      runtime,
      tracesRoute.query.parse({ limit: 1000, attributes: `ray.job_id=${TRAIN_JOB}` }),
    );
    const sample = [...traces, ...training.traces].filter((_, i) => i % 24 === 0);
    const spans: TraceWire['spans'] = [];
    for (const { traceId } of sample) spans.push(...(await getTrace(runtime, { traceId, limit: 1000 })).spans);
    const executed = spans.filter((span) => span.kind === 'Consumer');
    const functions = executed.filter((span) => span.attributes['ray.task_id']);
    const actors = executed.filter((span) => !span.attributes['ray.task_id']);
    expect(functions.length).toBeGreaterThan(20);
    expect(actors.length).toBeGreaterThan(10);
    for (const span of functions)
      expect(span.task).toMatchObject({ taskId: span.attributes['ray.task_id'], joinedBy: 'ray.task_id' });
    const joined = actors.filter((span) => span.task?.joinedBy === 'worker+time');
    const made = actors.filter((span) => span.attributes['ray.actor_method'] === '__init__');
    for (const span of made)
      expect(span.task).toMatchObject({
        taskId: `ffffffffffffffff${span.attributes['ray.actor_id']}`,
        joinedBy: 'ray.actor_id',
      });
    expect(joined.length + made.length).toBe(actors.length);
    for (const span of joined) expect(span.name).toContain(span.task?.functionName.split('.').at(-1));
    expect(spans.filter((span) => span.kind === 'Producer' && span.task !== null)).toEqual([]);
  }, 120_000);
});
