/**
 * Every line under "Known oddities" of the recordings of Ray 2.58 that concerns events and tasks, one test each, in the
 * order and words of the PROVENANCE.md. Lines about single endpoints of the dashboard belong to the Ray source's tests,
 * lines about kill counters to the memory page's, lines about `ray timeline` files to the import's.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { getJob, listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { listTasks, summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents, truth } from '../../../support/recordings.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
  for (const scenario of ['mixed', 'oom', 'truncated', 'train'])
    await postEvents(runtime, eventBodies(scenario), scenario);
}, 180_000);
afterAll(() => runtime.close());

const session = (scenario: string): string => truth(scenario).session_name;

async function functionOf(scenario: string, jobId: string, name: string) {
  const summary = await summariseTasks(runtime, { jobId, session: session(scenario) });
  return summary.functions.find((row) => row.name === name || row.name.endsWith(`:${name}`));
}

describe('mixed', () => {
  it('both raylets share one IP, one host name: two nodes stay two nodes', async () => {
    const nodes = await runtime.engine.select(
      {
        name: 'nodes-of-session',
        sql: 'SELECT node_id, max(ip) AS ip, max(name) AS name FROM xray.ray_nodes WHERE session = {session:String} GROUP BY node_id',
        row: z.object({ node_id: z.string(), ip: z.string(), name: z.string() }),
      },
      { session: session('mixed') },
    );
    expect(nodes.length).toBe(2);
    expect(new Set(nodes.map((node) => node.ip)).size).toBe(1);
    expect(nodes.map((node) => node.name).sort()).toEqual(['ray-head', 'ray-worker-1']);
  });

  it('backfill_day: no terminal state is ever sent; closed from DRIVER_JOB_LIFECYCLE_EVENT as FAILED / WORKER_DIED', async () => {
    expect(await functionOf('mixed', '04000000', 'backfill_day')).toMatchObject({
      attempts: 6,
      byState: { FAILED: 6 },
      errors: { WORKER_DIED: 6 },
    });
  });

  it('long_sleep was cancelled twice: FINISHED without force, FAILED / TASK_CANCELLED with it', async () => {
    expect(await functionOf('mixed', '03000000', 'long_sleep')).toMatchObject({
      byState: { FINISHED: 1, FAILED: 1 },
      errors: { TASK_CANCELLED: 1 },
    });
  });

  it('ParamServer.push: 24 FAILED attempts of which calls never started', async () => {
    const found = await functionOf('mixed', '03000000', 'ParamServer.push');
    expect(found).toMatchObject({ byState: { FAILED: 24 }, errors: { ACTOR_UNAVAILABLE: 24 } });
    expect(found?.ran).toBeLessThan(found?.attempts ?? 0);
  });

  it('ParamServer.__init__: restarts are attempts 1 and 2 that never finish; attempt 0 only is shown', async () => {
    expect(await functionOf('mixed', '03000000', 'ParamServer.__init__')).toMatchObject({ attempts: 1, retries: 0 });
  });

  it('no PLACEMENT_GROUP_*, SUBMISSION_JOB_* or PLATFORM event arrived; jobs come as DRIVER_JOB_* with the submission id in their metadata', async () => {
    const job = await getJob(runtime, { jobId: 'raysubmit_backfill_03', session: session('mixed') });
    expect(job.job).toMatchObject({ jobId: '04000000', submissionId: 'raysubmit_backfill_03', type: 'SUBMISSION' });
  });

  it('all 17 event types are accepted all the same, in camelCase and snake_case', async () => {
    const kept = [
      ...['TASK_DEFINITION', 'TASK_LIFECYCLE', 'ACTOR_TASK_DEFINITION', 'TASK_PROFILE', 'DRIVER_JOB_DEFINITION'],
      ...['DRIVER_JOB_LIFECYCLE', 'NODE_DEFINITION', 'NODE_LIFECYCLE', 'ACTOR_DEFINITION', 'ACTOR_LIFECYCLE'],
      ...['WORKER_LIFECYCLE', 'WORKER_DEFINITION'],
    ];
    const ignored = [
      'PLACEMENT_GROUP_DEFINITION',
      'PLACEMENT_GROUP_LIFECYCLE',
      'SUBMISSION_JOB_DEFINITION',
      'SUBMISSION_JOB_LIFECYCLE',
      'PLATFORM',
    ];
    expect(kept.length + ignored.length).toBe(17);
    const id = (bytes: number) => Buffer.alloc(bytes, 1).toString('base64');
    const body = {
      jobId: id(4),
      taskId: id(24),
      nodeId: id(28),
      actorId: id(16),
      workerId: id(28),
      stateTransitions: [{ state: 'RUNNING', timestamp: '2026-11-24T10:00:00Z' }],
    };
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const turn = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turn);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [snake(key), turn(item)]));
    };
    const records = [...kept, ...ignored].map((type) => {
      const name = type.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const field = type === 'TASK_PROFILE' ? 'taskProfileEvents' : `${name}Event`;
      return {
        eventType: `${type}_EVENT`,
        sessionName: 'synthetic-17',
        timestamp: '2026-11-24T10:00:00Z',
        [field]: body,
      };
    });
    for (const all of [records, records.map(turn)]) {
      const report = await runtime.ingest.rayEvents({
        bytes: Buffer.from(JSON.stringify(all)),
        contentType: 'application/json',
        contentEncoding: '',
        cluster: null,
      });
      expect(report).toMatchObject({ accepted: 12, ignored: 5, rejected: 0 });
    }
  });

  it('driver tasks (ffff...<job>) and internal jobs are in the events and not in the answers', async () => {
    const { tasks } = await listTasks(runtime, { jobId: '03000000', session: session('mixed'), limit: 1000 });
    expect(tasks.length).toBeGreaterThan(100);
    expect(tasks.filter((task) => task.type === 'DRIVER_TASK' || /^f{40}/.test(task.taskId))).toEqual([]);
    const shown = await listJobs(runtime, { limit: 100, session: session('mixed') });
    const all = await listJobs(runtime, { limit: 100, session: session('mixed'), internal: true });
    expect(all.jobs.length).toBeGreaterThan(shown.jobs.length);
  });

  it('generator tasks (stream_rows): the duration is that of the attempt (190 to 280 ms and more), not of a span', async () => {
    const found = await functionOf('mixed', '02000000', 'stream_rows');
    expect(found).toMatchObject({ attempts: 4 });
    expect(Number(found?.durationNs?.p50)).toBeGreaterThan(190e6);
  });

  it('env_missing in truth.json is the function leaf_env, which failed before it ran', async () => {
    const { functions } = await summariseTasks(runtime, { jobId: '06000000', session: session('mixed') });
    const other = await summariseTasks(runtime, { jobId: '03000000', session: session('mixed') });
    const found = [...functions, ...other.functions].filter((row) => row.name === 'leaf_env');
    expect(found.length).toBe(1);
    expect(found[0]).toMatchObject({ ran: 0 });
  });
});

describe('oom', () => {
  it('a killed body may still write its ledger line: the attempt counts as FAILED / OUT_OF_MEMORY whatever the body wrote', async () => {
    expect(await functionOf('oom', '01000000', 'train_embedding')).toMatchObject({
      attempts: 3,
      ran: 3,
      byState: { FINISHED: 1, FAILED: 2 },
      errors: { OUT_OF_MEMORY: 2 },
    });
  });

  it('the innocent tasks (score_batch) survived in this recording', async () => {
    expect(await functionOf('oom', '01000000', 'score_batch')).toMatchObject({ attempts: 2, byState: { FINISHED: 2 } });
  });
});

describe('truncated', () => {
  it('the State API truncates at 10,000 without a single failure; the events have all 12,400 attempts and all 56 FAILED', async () => {
    const { functions } = await summariseTasks(runtime, { jobId: '01000000', session: session('truncated') });
    expect(functions.reduce((sum, row) => sum + row.attempts, 0)).toBe(12_400);
    expect(functions.reduce((sum, row) => sum + (row.byState.FAILED ?? 0), 0)).toBe(56);
  });

  it('two tasks of the dashboard’s own stats actor are counted in total (12,402), and belong to an internal job here', async () => {
    // 03000000 is the recorder's own `ray timeline`, a driver like any other.
    const { jobs } = await listJobs(runtime, { limit: 100, session: session('truncated') });
    expect(jobs.map((job) => job.jobId).sort()).toEqual(['01000000', '03000000']);
    const all = await listJobs(runtime, { limit: 100, session: session('truncated'), internal: true });
    const hidden = all.jobs.filter((job) => !jobs.some((shown) => shown.jobId === job.jobId));
    expect(hidden.reduce((sum, job) => sum + job.tasks.attempts, 0)).toBe(2);
  });
});

describe('train', () => {
  it('the driver was still busy when the recording ended: its job is RUNNING and nothing of it is closed', async () => {
    const { jobs } = await listJobs(runtime, { limit: 100, session: session('train') });
    expect(jobs.find((job) => job.jobId === '01000000')?.status).toBe('RUNNING');
    const { functions } = await summariseTasks(runtime, { jobId: '01000000', session: session('train') });
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.some((row) => (row.errors.WORKER_DIED ?? 0) > 0)).toBe(false);
  });

  it('there is no ledger: task truth is the ranks that truth.json names, each an actor in the events', async () => {
    const { train_ranks: ranks } = z
      .object({ train_ranks: z.array(z.object({ actor_id: z.string() })) })
      .parse(truth('train'));
    const actors = await runtime.engine.select(
      {
        name: 'actors-of-session',
        sql: 'SELECT DISTINCT actor_id FROM xray.ray_actors WHERE session = {session:String}',
        row: z.object({ actor_id: z.string() }),
      },
      { session: session('train') },
    );
    const known = new Set(actors.map((row) => row.actor_id));
    expect(ranks.length).toBeGreaterThan(0);
    expect(ranks.filter((rank) => !known.has(rank.actor_id))).toEqual([]);
  });
});
