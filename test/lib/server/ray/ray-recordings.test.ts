/** What X-Ray says of recorded clusters equals what the workloads counted themselves and what Ray's State API said. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tasksRoute } from '../../../../lib/contract/jobs.ts';
import { getJob, listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { getTask } from '../../../../lib/server/jobs/task.ts';
import { listTasks, summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type Counts, eventBodies, postEvents, stateApiCounts, truth } from '../../../support/recordings.ts';

/** Executions whose RUNNING record was lost with the worker that died (PROVENANCE, "records are lost"). */
const LOST: Readonly<Record<string, Readonly<Record<string, number>>>> = { mixed: { 'ParamServer.push': 2 } };

async function summaryCounts(
  runtime: Runtime,
  jobId: string,
  session: string,
): Promise<{ states: Counts; ran: Record<string, number> }> {
  const summary = await summariseTasks(runtime, { jobId, session });
  return {
    states: Object.fromEntries(summary.functions.map((row) => [row.name, row.byState])),
    ran: Object.fromEntries(summary.functions.map((row) => [row.name, row.ran])),
  };
}

describe.each(['mixed', 'oom', 'truncated'])('recording %s', (scenario) => {
  let runtime: Runtime;
  const expected = truth(scenario);
  const session = expected.session_name;
  const jobIds = Object.keys(expected.executions_per_job_and_function);

  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies(scenario));
  });
  afterAll(() => runtime.close());

  it('ran equals what the bodies counted', async () => {
    for (const [jobId, functions] of Object.entries(expected.executions_per_job_and_function)) {
      const { ran } = await summaryCounts(runtime, jobId, session);
      for (const [name, executions] of Object.entries(functions))
        expect([jobId, name, ran[name]]).toEqual([jobId, name, executions - (LOST[scenario]?.[name] ?? 0)]);
    }
  });

  it.skipIf(scenario === 'truncated')('attempts per function and state equal the State API', async () => {
    for (const jobId of jobIds)
      expect((await summaryCounts(runtime, jobId, session)).states).toEqual(stateApiCounts(scenario, jobId));
  });

  it('importing everything again changes nothing', async () => {
    const before = await Promise.all(jobIds.map((jobId) => summariseTasks(runtime, { jobId, session })));
    await postEvents(runtime, eventBodies(scenario).reverse());
    expect(await Promise.all(jobIds.map((jobId) => summariseTasks(runtime, { jobId, session })))).toEqual(before);
  });

  it('pages through all attempts once', async () => {
    const jobId = jobIds[0] ?? '';
    const seen = new Set<string>();
    let cursor: string | undefined;
    let matched = 0;
    do {
      const page = await listTasks(runtime, tasksRoute.query.parse({ jobId, session, limit: 700, cursor }));
      for (const task of page.tasks) seen.add(`${task.taskId}.${task.attempt}`);
      cursor = page.nextCursor ?? undefined;
      matched = page.matched;
    } while (cursor !== undefined);
    expect(seen.size).toBe(matched);
  });
});

describe('known oddities of mixed', () => {
  let runtime: Runtime;
  const session = truth('mixed').session_name;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies('mixed'), 'ads');
  });
  afterAll(() => runtime.close());

  it('backfill_day: events never end, the end of the job closes them as FAILED / WORKER_DIED', async () => {
    const summary = await summariseTasks(runtime, { jobId: 'raysubmit_backfill_03' });
    expect(summary.functions.find((row) => row.name === 'backfill_day')).toMatchObject({
      attempts: 6,
      ran: 0,
      byState: { FAILED: 6 },
      errors: { WORKER_DIED: 6 },
    });
    expect(summary.completeness.reason).toContain('6 attempts never told how they ended');
  });

  it('long_sleep: one cancelled task says FINISHED, the forced one FAILED / TASK_CANCELLED', async () => {
    const summary = await summariseTasks(runtime, { jobId: '03000000' });
    expect(summary.functions.find((row) => row.name === 'long_sleep')).toMatchObject({
      byState: { FINISHED: 1, FAILED: 1 },
      errors: { TASK_CANCELLED: 1 },
    });
  });

  it('ParamServer.push: calls that never started count as failed, not as run', async () => {
    const summary = await summariseTasks(runtime, { jobId: '03000000' });
    expect(summary.functions.find((row) => row.name === 'ParamServer.push')).toMatchObject({
      byState: { FINISHED: 20, FAILED: 24 },
      errors: { ACTOR_UNAVAILABLE: 24 },
      ran: 20,
    });
  });

  it('ParamServer.__init__: restarts are attempts 1 and 2 without definition and end; the summary shows attempt 0 as the State API does', async () => {
    const summary = await summariseTasks(runtime, { jobId: '03000000' });
    expect(summary.functions.find((row) => row.name.endsWith('ParamServer.__init__'))).toMatchObject({
      attempts: 1,
      byState: { FINISHED: 1 },
    });
    expect(summary.functions.every((row) => row.name !== '')).toBe(true);
  });

  it('driver tasks and internal jobs are in the events and not in the list', async () => {
    const shown = await listJobs(runtime, { limit: 100 });
    expect(shown.jobs.map((job) => job.jobId).sort()).toEqual([
      '02000000',
      '03000000',
      '04000000',
      '05000000',
      '06000000',
      '0a000000',
    ]);
    const all = await listJobs(runtime, { limit: 100, internal: true });
    expect(all.jobs.length).toBeGreaterThan(shown.jobs.length);
  });

  it('jobs appear as DRIVER_JOB events, with the submission id in their metadata', async () => {
    const job = await getJob(runtime, { jobId: 'raysubmit_daily_etl_01' });
    expect(job.job).toMatchObject({
      jobId: '02000000',
      cluster: 'ads',
      session,
      owner: 'ads-ranking',
      type: 'SUBMISSION',
    });
    expect(job.metadata['dagster/run-id']).toBe('6f1c3a52-8f0e-4d0b-9a31-5c1e7b2d9f10');
  });
});

describe('several clusters', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies('oom'));
    await postEvents(runtime, eventBodies('truncated'));
  });
  afterAll(() => runtime.close());

  it('an ambiguous job id is a 409 that lists the choices', async () => {
    const sessions = [truth('oom').session_name, truth('truncated').session_name].sort();
    await expect(summariseTasks(runtime, { jobId: '01000000' })).rejects.toMatchObject({
      problem: { status: 409, code: 'ambiguous-job' },
    });
    const error: unknown = await summariseTasks(runtime, { jobId: '01000000' }).catch((thrown: unknown) => thrown);
    const { choices } = (error as { problem: { choices: { session: string }[] } }).problem;
    expect(choices.map((choice) => choice.session).sort()).toEqual(sessions);
  });

  it('an unknown job is a 404', async () => {
    await expect(getJob(runtime, { jobId: 'nope' })).rejects.toMatchObject({ problem: { status: 404 } });
  });
});

describe('timeline of mixed', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies('mixed'));
  });
  afterAll(() => runtime.close());

  it('has every attempt; those that ran have a lane; two raylets on one IP stay two nodes', async () => {
    const timeline = await getTimeline(runtime, { jobId: '02000000', phases: true, limit: 200_000 });
    const summary = await summariseTasks(runtime, { jobId: '02000000' });
    expect(timeline.columns.taskId.length).toBe(summary.functions.reduce((sum, row) => sum + row.attempts, 0));
    expect(new Set(timeline.lanes.map((lane) => lane.nodeName))).toEqual(new Set(['ray-head', 'ray-worker-1']));
    const lengths = Object.values(timeline.columns).map((column) => column.length);
    expect(new Set(lengths).size).toBe(1);
    timeline.columns.lane.forEach((lane, i) => {
      const [start, end] = [timeline.columns.start[i] ?? null, timeline.columns.end[i] ?? null];
      if (lane >= 0) expect(start).not.toBeNull();
      if (start !== null && end !== null) expect(end).toBeGreaterThanOrEqual(start);
    });
    expect(timeline.phases.row.length).toBeGreaterThan(1000);
  });

  it('a retried task shows its chain of attempts with every state', async () => {
    const failed = await listTasks(runtime, { jobId: '02000000', function: 'flaky_parse', state: 'FAILED', limit: 1 });
    const task = await getTask(runtime, { jobId: '02000000', taskId: failed.tasks[0]?.taskId ?? '' });
    expect(task.attempts.length).toBeGreaterThan(1);
    expect(task.attempts.map((attempt) => attempt.attempt)).toEqual(task.attempts.map((_, i) => i));
    expect(task.attempts[0]).toMatchObject({ state: 'FAILED', errorType: 'TASK_EXECUTION_EXCEPTION' });
    expect(task.attempts[0]?.states.map((state) => state.state)).toContain('RUNNING');
  });
});
