/**
 * Recorded clusters looked at through their dashboard alone, over HTTP, into the real engine. Over 300 lines, because all
 * of it shares one replayed dashboard.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { getJob, listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { getTask } from '../../../../lib/server/jobs/task.ts';
import { listTasks, summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import { createPolledRay, PAUSE, type PolledRaySource } from '../../../../lib/server/ray/ray-source-polling.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type Counts, eventBodies, postEvents, recorded, stateApiCounts, truth } from '../../../support/recordings.ts';
import { type Replay, replayRay } from '../../sources/ray/replay.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(
  scenario: string,
  phase: Replay['phase'] = 'after',
): Promise<{ runtime: Runtime; replay: Replay; ray: PolledRaySource; tick: (ms: number) => void }> {
  const runtime = await openTestRuntime();
  const replay = await replayRay(scenario, phase);
  let now = Date.now();
  const ray = createPolledRay({
    cluster: 'ads',
    source: { url: replay.url, auth: { bearerToken: 'secret', basic: null, headers: {}, caFile: null } },
    engine: runtime.engine,
    ingest: runtime.ingest,
    telemetry: runtime.telemetry,
    clock: () => now,
  });
  closers.push(runtime.close, replay.close, ray.close);
  return {
    runtime,
    replay,
    ray,
    tick: (ms) => {
      now += ms;
    },
  };
}

async function states(runtime: Runtime, jobId: string, session: string): Promise<Counts> {
  const summary = await summariseTasks(runtime, { jobId, session });
  return Object.fromEntries(summary.functions.map((row) => [row.name, row.byState]));
}
/** Resources of the running tasks and living actors of a job, summed over the recorded lists. */
function heldNow(jobId: string): Record<string, number> {
  interface Row {
    readonly job_id: string;
    readonly state: string;
    readonly type?: string;
    readonly required_resources: Record<string, number>;
  }
  const rows = (file: string): Row[] =>
    (recorded('mixed', `http/live/${file}`) as { data: { result: { result: Row[] } } }).data.result.result;
  const holders = [
    ...rows('tasks.json').filter((row) => row.state.startsWith('RUNNING') && row.type === 'NORMAL_TASK'),
    ...rows('actors.json').filter((row) => row.state === 'ALIVE'),
  ].filter((row) => row.job_id === jobId);
  const sum: Record<string, number> = {};
  for (const row of holders)
    for (const [name, amount] of Object.entries(row.required_resources)) sum[name] = (sum[name] ?? 0) + amount;
  return Object.fromEntries(Object.entries(sum).map(([name, amount]) => [name, Math.round(amount * 1e4) / 1e4]));
}

const asks = (replay: Replay, part: string): number => replay.asked.filter(({ path }) => path.includes(part)).length;

describe.each(['mixed', 'oom', 'train'])('recording %s, State API alone', (scenario) => {
  it('attempts per function and state equal the State API, twice over', async () => {
    const { runtime, ray, tick } = await open(scenario);
    const session = truth(scenario).session_name;
    await ray.look();
    const { jobs } = await listJobs(runtime, { limit: 100 });
    expect(jobs.length).toBeGreaterThan(0);
    for (const job of jobs)
      expect(await states(runtime, job.jobId, session)).toEqual(stateApiCounts(scenario, job.jobId));
    const before = await Promise.all(jobs.map((job) => summariseTasks(runtime, { jobId: job.jobId, session })));
    tick(30_000);
    await ray.look();
    expect(await Promise.all(jobs.map((job) => summariseTasks(runtime, { jobId: job.jobId, session })))).toEqual(
      before,
    );
    expect(before.every((summary) => !summary.completeness.truncated)).toBe(true);
    expect(before.every((summary) => summary.completeness.source === 'state-api')).toBe(true);
  });
});

describe('mixed', () => {
  const session = truth('mixed').session_name;

  it('the summary equals the one that Ray makes itself, and ran what the bodies counted', async () => {
    const { runtime, ray } = await open('mixed');
    await ray.look();
    const theirs = recorded('mixed', 'http/after/tasks_summarize_func_name.json') as {
      data: {
        result: {
          result: { node_id_to_summary: { cluster: { summary: Record<string, { state_counts: Counts[string] }> } } };
        };
      };
    };
    const ours: Counts = {};
    for (const job of (await listJobs(runtime, { limit: 100, internal: true })).jobs)
      for (const [name, counts] of Object.entries(await states(runtime, job.jobId, session))) {
        const sum = ours[name] ?? {};
        for (const [state, count] of Object.entries(counts)) sum[state] = (sum[state] ?? 0) + count;
        ours[name] = sum;
      }
    expect(ours).toEqual(
      Object.fromEntries(
        Object.entries(theirs.data.result.result.node_id_to_summary.cluster.summary).map(([name, row]) => [
          name,
          row.state_counts,
        ]),
      ),
    );
    const summary = await summariseTasks(runtime, { jobId: '02000000', session });
    const counted = truth('mixed').executions_per_job_and_function['02000000'] ?? {};
    for (const [name, executions] of Object.entries(counted))
      expect([name, summary.functions.find((row) => row.name === name)?.ran]).toEqual([name, executions]);
  });

  it('jobs have the status, message, times and metadata of the Jobs API; internal jobs are not listed', async () => {
    const { runtime, ray } = await open('mixed');
    await ray.look();
    const { jobs } = await listJobs(runtime, { limit: 100 });
    expect(Object.fromEntries(jobs.map((job) => [job.submissionId ?? job.jobId, job.status]))).toEqual({
      raysubmit_daily_etl_01: 'SUCCEEDED',
      raysubmit_backfill_03: 'STOPPED',
      raysubmit_validate_02: 'FAILED',
      '03000000': 'SUCCEEDED',
      '06000000': 'SUCCEEDED',
    });
    const failed = await getJob(runtime, { jobId: 'raysubmit_validate_02' });
    expect(failed).toMatchObject({
      errorType: 'JOB_ENTRYPOINT_COMMAND_ERROR',
      driver: { exitCode: 1, pid: 5582 },
      job: {
        cluster: 'ads',
        session,
        owner: 'ads-ranking',
        startNs: '1795466280772000000',
        endNs: '1795466404774000000',
      },
    });
    expect(failed.message).toContain('schema mismatch in column user_id');
  });

  it('two raylets on one IP stay two nodes; a task has its states, phases, log files and node', async () => {
    const { runtime, ray } = await open('mixed');
    await ray.look();
    const task = await getTask(runtime, {
      jobId: '02000000',
      taskId: '0021899358e75e3cffffffffffffffffffffffff02000000',
    });
    expect(task.attempts).toHaveLength(1);
    expect(task.attempts[0]).toMatchObject({
      functionName: 'load_shard',
      state: 'FINISHED',
      startNs: '1795466262490000000',
      nodeId: 'c57d4128a09b5e60801f27a0e068684d4aadf36d6ed5068e6c6e91a4',
      requiredResources: { CPU: 0.5 },
    });
    expect(task.attempts[0]?.phases.map((phase) => phase.name)).toEqual([
      'task:deserialize_arguments',
      'task:execute',
      'task:store_outputs',
    ]);
    expect(task.attempts[0]?.logs?.stdoutFile).toContain('worker-e8c9ec73');
    const nodes = await runtime.engine.select(
      (await import('../../../../lib/store/queries/timeline/timeline.ts')).nodeNames,
      {
        session,
      },
    );
    expect(nodes.map((node) => `${node.name} ${node.ip}`).sort()).toEqual([
      'ray-head 192.0.2.2',
      'ray-worker-1 192.0.2.2',
    ]);
  });

  it('from a running cluster to an ended one: every attempt ends as the State API says', async () => {
    const { runtime, replay, ray, tick } = await open('mixed', 'live');
    await ray.look();
    expect((await listJobs(runtime, { limit: 100, status: 'RUNNING' })).jobs.map((job) => job.jobId).sort()).toEqual([
      '02000000',
      '03000000',
      '06000000',
    ]);
    const held = (await listJobs(runtime, { limit: 100 })).jobs.find((job) => job.jobId === '06000000')?.resources;
    expect(held).toEqual(heldNow('06000000'));
    expect((await listJobs(runtime, { limit: 100 })).jobs.find((job) => job.jobId === '04000000')?.resources).toEqual(
      {},
    );
    const waiting = await states(runtime, '06000000', session);
    expect(Object.values(waiting).some((counts) => (counts.PENDING_NODE_ASSIGNMENT ?? 0) > 0)).toBe(true);
    replay.phase = 'after';
    for (let i = 0; i < 3; i++) {
      tick(25_000);
      await ray.look();
    }
    for (const jobId of ['02000000', '03000000', '04000000', '05000000', '06000000'])
      expect(await states(runtime, jobId, session)).toEqual(stateApiCounts('mixed', jobId));
    // Done with: nobody asks for tasks any more.
    const before = asks(replay, '/api/v0/tasks');
    tick(25_000);
    await ray.look();
    expect(asks(replay, '/api/v0/tasks')).toBe(before);
  });

  it('states of one millisecond are told apart by their order', async () => {
    const { runtime, ray } = await open('mixed', 'live');
    await ray.look();
    const ours = await states(runtime, '06000000', session);
    const rows = (
      recorded('mixed', 'http/live/tasks.json') as {
        data: { result: { result: { job_id: string; name: string; state: string }[] } };
      }
    ).data.result.result.filter((row) => row.job_id === '06000000');
    const theirs: Counts = {};
    for (const row of rows) {
      const counts = theirs[row.name] ?? {};
      counts[row.state] = (counts[row.state] ?? 0) + 1;
      theirs[row.name] = counts;
    }
    expect(ours).toEqual(theirs);
  });

  it('a job whose tasks come as events is listed once and not asked for again', async () => {
    const { runtime, replay, ray, tick } = await open('mixed', 'live');
    await postEvents(runtime, eventBodies('mixed').slice(0, 300), 'ads');
    await ray.look();
    expect(asks(replay, '/api/v0/tasks')).toBe(1);
    for (let i = 0; i < 3; i++) {
      tick(30_000);
      await ray.look();
    }
    expect(asks(replay, 'filter_values=02000000')).toBe(0);
    expect(asks(replay, '/api/v0/workers')).toBe(0);
    expect(asks(replay, '/api/v0/nodes')).toBe(4);
    expect(ray.health().details.tasksFrom).toBe('events');
  });

  it('events and State API together count every attempt once', async () => {
    const { runtime, ray } = await open('mixed');
    await ray.look();
    await postEvents(runtime, eventBodies('mixed'), 'ads');
    for (const jobId of Object.keys(truth('mixed').executions_per_job_and_function))
      expect(await states(runtime, jobId, session)).toEqual(stateApiCounts('mixed', jobId));
    const { completeness } = await summariseTasks(runtime, { jobId: '02000000', session });
    expect(completeness).toMatchObject({ source: 'events+state-api', truncated: false });
    expect(completeness.stored).toBe(completeness.reported);
  });

  it('driver logs are kept once the job has ended', async () => {
    const { runtime, ray } = await open('mixed');
    await ray.look();
    const { selectKeptLog } = await import('../../../../lib/store/queries/kept-logs.ts');
    const kept = await selectKeptLog(runtime.engine, { session, jobId: '04000000' });
    expect(kept?.text).toContain('Running entrypoint for job raysubmit_backfill_03');
  });
});

describe('oom', () => {
  it('kills by the memory monitor: one per killed worker, with its size and the name of what it ran', async () => {
    const { runtime, ray } = await open('oom');
    await ray.look();
    const { z } = await import('zod');
    const kills = await runtime.engine.select({
      name: 'kills-of-test',
      sql: 'SELECT kind, name, pid, used_reported_bytes AS used_bytes, node_total_bytes, actor_id, job_id FROM xray.ray_oom_kills FINAL ORDER BY pid',
      row: z.object({
        kind: z.string(),
        name: z.string(),
        pid: z.coerce.number(),
        used_bytes: z.coerce.number(),
        node_total_bytes: z.coerce.number(),
        actor_id: z.string(),
        job_id: z.string(),
      }),
    });
    const expected = (
      recorded('oom', 'truth.json') as {
        memory_monitor_kills: {
          kind: string;
          name: string | null;
          pid: number;
          used_gb: number;
          actor_id: string | null;
        }[];
      }
    ).memory_monitor_kills;
    expect(kills.map((kill) => [kill.kind, kill.name, kill.pid, kill.used_bytes / 1024 ** 3, kill.actor_id])).toEqual(
      expected
        .map((kill) => [kill.kind, kill.name ?? '', kill.pid, kill.used_gb, kill.actor_id ?? ''] as const)
        .sort((a, b) => a[2] - b[2])
        .map((row) => [...row]),
    );
    expect(new Set(kills.map((kill) => kill.node_total_bytes))).toEqual(new Set([6442450944]));
  });
});

describe('truncated', () => {
  const session = truth('truncated').session_name;

  it('10,000 of 12,400 are listed; the failed ones, which the list leaves out, are asked for; the rest is said to be missing', async () => {
    const { runtime, replay, ray } = await open('truncated', 'live');
    await ray.look();
    const summary = await summariseTasks(runtime, { jobId: '01000000', session });
    expect(summary.completeness).toMatchObject({
      source: 'state-api',
      reported: 12_400,
      stored: 10_056,
      truncated: true,
    });
    expect(summary.completeness.reason).toContain('at most 10,000 attempts');
    expect(summary.functions.find((row) => row.name === 'emit_row')?.byState.FAILED).toBe(56);
    expect(asks(replay, 'limit=10000')).toBe(replay.asked.filter(({ path }) => path.includes('limit=')).length);
  });

  it('is not said to be truncated once the events told all', async () => {
    const { runtime, ray } = await open('truncated', 'live');
    await ray.look();
    await postEvents(runtime, eventBodies('truncated'));
    const { completeness } = await summariseTasks(runtime, { jobId: '01000000', session });
    expect(completeness).toMatchObject({
      source: 'events+state-api',
      reported: 12_400,
      stored: 12_400,
      truncated: false,
    });
    expect(completeness.reason).toBeNull();
  });
});

describe('a source that is unwell', () => {
  it('single endpoints that answer 500 or 404 leave the rest', async () => {
    const { runtime, replay, ray } = await open('mixed');
    replay.override = (path) =>
      path.startsWith('/api/v0/actors')
        ? { status: 500, body: '500 Internal Server Error\n\nServer got itself in trouble' }
        : path.startsWith('/api/v0/workers')
          ? { status: 404, body: '404: Not Found' }
          : null;
    await ray.look();
    expect(await states(runtime, '02000000', truth('mixed').session_name)).toEqual(stateApiCounts('mixed', '02000000'));
    expect(ray.health()).toMatchObject({ state: 'degraded', id: 'ray:ads', kind: 'ray', cluster: 'ads' });
    expect(ray.health().reason).toContain('Server got itself in trouble (and 1 more)');
    replay.override = () => null;
    await ray.look();
    await ray.look();
    await ray.look();
    expect(ray.health()).toMatchObject({ state: 'up', reason: null });
  });

  it('429 ends the look and doubles the pause; what had been heard stays', async () => {
    const { runtime, replay, ray } = await open('mixed');
    replay.override = (path) =>
      path.startsWith('/api/v0/nodes')
        ? {
            status: 429,
            body: JSON.stringify({ result: false, msg: 'Max number of in-progress requests=20 reached.' }),
          }
        : null;
    expect(await ray.look()).toBe(2 * PAUSE.changing);
    expect(await ray.look()).toBe(4 * PAUSE.changing);
    expect(asks(replay, '/api/v0/tasks')).toBe(0);
    expect(ray.health().reason).toContain('HTTP 429: Max number of in-progress requests=20 reached.');
    expect((await listJobs(runtime, { limit: 100 })).jobs).toHaveLength(5);
    replay.override = () => null;
    await ray.look();
    expect(ray.health().state).toBe('up');
  });

  it('down: says so, since when and what to do, backs off to a minute, keeps what was seen', async () => {
    const { runtime, replay, ray } = await open('mixed');
    await ray.look();
    expect(replay.asked[0]?.authorization).toBe('Bearer secret');
    const seen = ray.health().lastSuccess;
    await replay.close();
    let pause = 0;
    for (let i = 0; i < 8; i++) pause = await ray.look();
    expect(pause).toBe(PAUSE.failing);
    expect(ray.health()).toMatchObject({ state: 'down', lastSuccess: seen });
    expect(ray.health().reason).toContain('/api/version failed');
    expect(ray.health().whatToDo).toContain(replay.url);
    expect((await listJobs(runtime, { limit: 100 })).jobs).toHaveLength(5);
  });

  it('without the right token it is degraded and says which variable is missing', async () => {
    const { replay, ray } = await open('mixed');
    replay.override = () => ({ status: 401, body: 'Unauthorized: Missing authentication token' });
    await ray.look();
    expect(ray.health()).toMatchObject({ state: 'degraded', whatToDo: expect.stringContaining('RAY_AUTH_TOKEN') });
  });

  it('another session at the address ends the jobs that were under way', async () => {
    const { runtime, replay, ray, tick } = await open('mixed', 'live');
    await ray.look();
    replay.scenario = 'oom';
    replay.phase = 'after';
    tick(10_000);
    await ray.look();
    const job = await getJob(runtime, { jobId: '06000000', session: truth('mixed').session_name });
    expect(job.job).toMatchObject({ status: 'FINISHED', tasks: { running: 0, pending: 0 } });
    expect(job.message).toContain(truth('oom').session_name);
    expect(ray.sessions()).toEqual([truth('oom').session_name, truth('mixed').session_name]);
    const closed = await listTasks(runtime, {
      jobId: '06000000',
      session: truth('mixed').session_name,
      state: 'FAILED',
      limit: 10,
    });
    expect(closed.tasks[0]?.errorType).toBe('WORKER_DIED');
  });
});
