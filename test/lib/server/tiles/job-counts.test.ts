/** The list of jobs from counts that are kept: the same as counted from every attempt, and counted again when anything comes in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nanoseconds } from '../../../../lib/model/units.ts';
import { listJobs } from '../../../../lib/server/jobs/jobs.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import type { Query } from '../../../../lib/store/engine.ts';
import { uncountedJobs } from '../../../../lib/store/queries/timeline/job-counts.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents } from '../../../support/recordings.ts';

const keptJobs: Query<{ jobs: number }> = {
  name: 'test-kept-jobs',
  sql: 'SELECT toUInt32(count()) AS jobs FROM xray.ray_job_counts FINAL',
  row: z.object({ jobs: z.number() }),
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime?.close());

/** Until every job is counted that nothing comes in of. */
async function counted(): Promise<number> {
  for (let tries = 0; tries < 60; tries++) {
    await runtime.timelines.keep();
    await runtime.timelines.counted();
    const left = await runtime.engine.select(uncountedJobs, { until: Math.floor(Date.now() / 1000) + 60 });
    if (left.length === 0) break;
    await sleep(300);
  }
  return (await runtime.engine.select(keptJobs))[0]?.jobs ?? 0;
}
const everything = { internal: true, limit: 1000 };

describe('counts of jobs', () => {
  it('that are kept equal those of every attempt, on recordings', async () => {
    for (const scenario of ['mixed', 'oom']) await postEvents(runtime, eventBodies(scenario));
    const before = await listJobs(runtime, everything);
    expect(before.jobs.length).toBeGreaterThan(1);
    expect(await counted()).toBeGreaterThan(1);
    expect(await listJobs(runtime, everything)).toEqual(before);
  }, 60_000);

  it('are counted anew when anything comes in', async () => {
    const key = {
      session: 'session_counts',
      jobId: '07000000',
      attempt: 0,
      source: 'event',
      type: 'NORMAL_TASK',
    } as const;
    const of = async () =>
      (await listJobs(runtime, everything)).jobs.find(({ session }) => session === key.session)?.tasks;
    const start = nanoseconds(1_790_000_000_000_000_000n);
    await runtime.ingest.rayFacts({
      attempts: [{ ...key, taskId: 'a', functionName: 'f', stateTimes: { RUNNING: start } }],
    });
    expect(await of()).toMatchObject({ attempts: 1, running: 1, finished: 0 });
    await counted();
    expect(await of()).toMatchObject({ attempts: 1, running: 1, finished: 0 });
    await runtime.ingest.rayFacts({
      attempts: [
        { ...key, taskId: 'a', stateTimes: { FINISHED: nanoseconds(start + 5n) } },
        { ...key, taskId: 'b', functionName: 'f', stateTimes: { PENDING_ARGS_AVAIL: start } },
      ],
    });
    expect(await of()).toMatchObject({ attempts: 2, running: 0, finished: 1, pending: 1 });
    await counted();
    expect(await of()).toMatchObject({ attempts: 2, running: 0, finished: 1, pending: 1 });
  }, 60_000);
});
