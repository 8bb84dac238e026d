/** Lanes that are held: asked of the store once, made anew when the indexer changed something, and never too many. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GET as getPicture } from '../../../../app/api/jobs/[jobId]/timeline/first-picture/route.ts';
import { MOST_LANES } from '../../../../lib/server/runtime/held-answers.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { expectTimeline, getHeldLanes } from '../../../../lib/server/tiles/held.ts';
import { attemptPart, SYNTHETIC, syntheticAttempts } from '../../../bench/synthetic-timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const job = { jobId: SYNTHETIC.job, session: SYNTHETIC.session };
const attempts = syntheticAttempts(400, 2, 8);
const endedOf = (some: typeof attempts) => some.filter(({ endNs }) => endNs !== null).length;
const [before, after] = [endedOf(attempts.slice(0, 300)), endedOf(attempts)];
let runtime: Runtime;
let requested: string[] = [];
beforeAll(async () => {
  const opened = await openTestRuntime();
  const { engine } = opened;
  runtime = {
    ...opened,
    engine: {
      ...engine,
      select: (query, params, options) => {
        requested.push(query.name);
        return engine.select(query, params, options);
      },
    },
  };
  setRuntime(runtime);
  await runtime.ingest.rayFacts({ attempts: attempts.slice(0, 300).map(attemptPart) });
  await runtime.timelines.keep();
});
afterAll(() => runtime.close());

const lanes = async (more: { text?: string } = {}) => {
  requested = [];
  const answer = await getHeldLanes(runtime, { ...job, ...more, order: 'node' });
  return { matched: answer.matched, sums: requested.filter((name) => /lane-sums/.test(name)).length };
};

describe('held lanes', () => {
  it('are read once for all who ask, and again when the indexer has changed something', async () => {
    requested = [];
    expectTimeline(runtime, `/jobs/${job.jobId}/timeline?session=${job.session}`);
    const both = await Promise.all([1, 2].map(() => getHeldLanes(runtime, { ...job, order: 'node' })));
    expect(both.map(({ matched }) => matched)).toEqual([before, before]);
    expect(requested.filter((name) => name === 'timeline-lane-sums')).toHaveLength(1);
    expect(await lanes()).toEqual({ matched: before, sums: 0 });
    await runtime.ingest.rayFacts({ attempts: attempts.slice(300).map(attemptPart) });
    await runtime.timelines.keep();
    expect(await lanes()).toEqual({ matched: after, sums: 1 });
    expect(await lanes()).toEqual({ matched: after, sums: 0 });
  });

  it('are not more than there is room for, however many different questions are asked', async () => {
    for (let i = 0; i < 120; i++) await lanes({ text: `nothing ${i}` });
    expect(runtime.held.lanes.size).toBeLessThanOrEqual(MOST_LANES / 500);
    expect(runtime.held.lanes.size).toBeGreaterThan(20);
    expect(await lanes({ text: 'nothing 119' })).toEqual({ matched: 0, sums: 0 });
    expect((await lanes({ text: 'nothing 0' })).sums).toBe(2);
  });

  it.each([
    ['width=5000&windowHeight=900', '"width"'],
    ['width=1200&windowHeight=20000', '"windowHeight"'],
    ['width=1200&windowHeight=900&scale=3', '"scale"'],
    ['width=1200&windowHeight=900&theme=pink', '"theme"'],
    ['width=1200&windowHeight=900&height=3', 'unknown parameter "height"'],
  ])('a picture of %s is refused with its reason', async (query, reason) => {
    const response = await getPicture(
      new Request(`http://x-ray.invalid/api/jobs/${job.jobId}/timeline/first-picture?session=${job.session}&${query}`),
      { params: Promise.resolve({ jobId: job.jobId }) },
    );
    expect(response.status).toBe(400);
    expect((await response.json()).detail).toContain(reason);
  });

  it('a job that is small enough for one answer has no picture, and an unknown one is not found', async () => {
    const ask = (jobId: string) =>
      getPicture(new Request(`http://x-ray.invalid/?width=1200&windowHeight=900`), {
        params: Promise.resolve({ jobId }),
      });
    expect((await ask(job.jobId)).status).toBe(204);
    expect((await ask('ff000000')).status).toBe(404);
  });
});
