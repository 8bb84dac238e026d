/** Timeline files of real Ray clusters: their counts, merged with events of the same session and alone. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { getTask } from '../../../../lib/server/jobs/task.ts';
import { listTasks, summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { getTimeline } from '../../../../lib/server/timeline/timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type Counts, eventBodies, postEvents, recorded, truth } from '../../../support/recordings.ts';

// Tens of thousands of spans through the engine take their time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const FORMAT_A = 'http/after/tasks_timeline.json';
const FORMAT_B = 'timeline/ray_timeline_after.json';

const Event = z.looseObject({ ph: z.string(), cat: z.string().optional(), tid: z.unknown(), args: z.looseObject({}) });
const events = (scenario: string, file: string) => z.array(Event).parse(recorded(scenario, file));

const StateRow = z.looseObject({
  task_id: z.string(),
  attempt_number: z.number(),
  name: z.string(),
  state: z.string(),
  job_id: z.string(),
});
const stateRows = (scenario: string) =>
  z
    .object({ data: z.object({ result: z.object({ result: z.array(StateRow) }) }) })
    .parse(recorded(scenario, 'http/after/tasks.json')).data.result.result;

const post = (runtime: Runtime, content: unknown, names: { session?: string; cluster?: string; job?: string } = {}) =>
  runtime.ingest.rayTimeline({
    bytes: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
    contentType: 'application/json',
    contentEncoding: '',
    cluster: names.cluster ?? null,
    session: names.session ?? null,
    job: names.job ?? null,
  });

async function importedSession(runtime: Runtime): Promise<string> {
  const { jobs } = await listJobs(runtime, { limit: 100, internal: true });
  return jobs.find((job) => job.session.startsWith('imported:'))?.session ?? '';
}

async function countsOf(runtime: Runtime, session: string, jobs: readonly string[]): Promise<Record<string, Counts>> {
  const all: Record<string, Counts> = {};
  for (const jobId of jobs) {
    const { functions } = await summariseTasks(runtime, { jobId, session });
    all[jobId] = Object.fromEntries(functions.map((row) => [row.name, row.byState]));
  }
  return all;
}

function add(into: Record<string, Counts>, jobId: string, name: string, state: string): void {
  const counts = into[jobId] ?? {};
  const states = counts[name] ?? {};
  states[state] = (states[state] ?? 0) + 1;
  counts[name] = states;
  into[jobId] = counts;
}

describe.each(['mixed', 'oom'])('format A of %s, alone', (scenario) => {
  let runtime: Runtime;
  let report: Awaited<ReturnType<typeof post>>;
  let session = '';
  const file = events(scenario, FORMAT_A);
  beforeAll(async () => {
    runtime = await openTestRuntime();
    report = await post(runtime, file);
    session = await importedSession(runtime);
  });
  afterAll(() => runtime.close());

  it('takes every record', () => {
    expect(report).toEqual({ accepted: file.length, ignored: 0, rejected: 0, rejects: [] });
  });

  it('counts per function and state equal the State API, but for attempts whose end the file lacks', async () => {
    const held = new Set<string>();
    const ended = new Set<string>();
    for (const event of file) {
      const key = `${event.args.task_id}.${event.args.attempt_number}`;
      if (event.ph !== 'X') continue;
      held.add(key);
      if (event.cat?.startsWith('task::')) ended.add(key);
    }
    const expected: Record<string, Counts> = {};
    for (const row of stateRows(scenario)) {
      const key = `${row.task_id}.${row.attempt_number}`;
      if (held.has(key)) add(expected, row.job_id, row.name, ended.has(key) ? row.state : 'SUBMITTED_TO_WORKER');
    }
    expect(held.size - ended.size).toBe(6);
    expect(await countsOf(runtime, session, Object.keys(expected))).toEqual(expected);
  });

  it('its jobs are not called running, though the end of some attempts is not known', async () => {
    const { jobs } = await listJobs(runtime, { limit: 100, internal: true });
    expect(new Set(jobs.map((job) => job.status))).toEqual(new Set(['UNKNOWN']));
  });

  it('says what a timeline cannot know', async () => {
    const [job] = Object.keys(truth(scenario).executions_per_job_and_function);
    const { completeness } = await summariseTasks(runtime, { jobId: job ?? '', session });
    expect(completeness).toMatchObject({ source: 'timeline', truncated: false });
    expect(completeness.reason).toContain('without a mark');
  });

  it('importing it twice changes nothing', async () => {
    const jobs = (await listJobs(runtime, { limit: 100, internal: true })).jobs.map((job) => job.jobId);
    const before = await Promise.all(jobs.map((jobId) => summariseTasks(runtime, { jobId, session })));
    await post(runtime, file);
    expect(await Promise.all(jobs.map((jobId) => summariseTasks(runtime, { jobId, session })))).toEqual(before);
    expect((await listJobs(runtime, { limit: 100, internal: true })).jobs.length).toBe(jobs.length);
  });
});

describe('format A of mixed, drawn', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await post(runtime, events('mixed', FORMAT_A), { cluster: 'ads' });
  });
  afterAll(() => runtime.close());

  it('has lanes by worker and, two raylets on one address being one there, one node', async () => {
    const timeline = await getTimeline(runtime, { jobId: '02000000', cluster: 'ads', phases: true, limit: 200_000 });
    expect(new Set(timeline.lanes.map((lane) => lane.nodeName)).size).toBe(1);
    expect(timeline.lanes[0]?.nodeName).toMatch(/^192\.0\.2\.\d+$/);
    expect(timeline.lanes.length).toBeGreaterThan(5);
    expect(timeline.phases.row.length).toBeGreaterThan(1000);
  });

  it('a failed attempt has its traceback and the phases it had', async () => {
    const page = await listTasks(runtime, { jobId: '02000000', function: 'flaky_parse', state: 'FAILED', limit: 1 });
    const task = await getTask(runtime, { jobId: '02000000', taskId: page.tasks[0]?.taskId ?? '' });
    const failed = task.attempts.find((attempt) => attempt.state === 'FAILED');
    expect(failed?.errorType).toBe('TASK_EXECUTION_EXCEPTION');
    expect(failed?.errorMessage).toContain('Traceback');
    expect(failed?.phases.map((phase) => phase.name)).toContain('task:execute');
  });
});

describe.each(['mixed', 'oom'])('timelines of %s beside the events of the same session', (scenario) => {
  const session = truth(scenario).session_name;
  const jobs = Object.keys(truth(scenario).executions_per_job_and_function);
  let runtime: Runtime;
  let before: unknown;
  const functions = async () =>
    Promise.all(jobs.map(async (jobId) => (await summariseTasks(runtime, { jobId, session })).functions));
  const phases = async () =>
    Promise.all(jobs.map(async (jobId) => (await getTimeline(runtime, { jobId, session, limit: 200_000 })).phases));
  let phasesBefore: unknown;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies(scenario));
    before = await functions();
    phasesBefore = await phases();
  });
  afterAll(() => runtime.close());

  it('format A changes no count, no duration and draws no phase twice', async () => {
    await post(runtime, events(scenario, FORMAT_A), { session });
    expect(await functions()).toEqual(before);
    expect(await phases()).toEqual(phasesBefore);
  });

  it('format B changes no count and no duration either', async () => {
    await post(runtime, events(scenario, FORMAT_B), { session });
    expect(await functions()).toEqual(before);
  });

  it('events that come after the files win over what they derived', async () => {
    await runtime.close();
    runtime = await openTestRuntime();
    await post(runtime, events(scenario, FORMAT_A), { session });
    await post(runtime, events(scenario, FORMAT_B), { session });
    await postEvents(runtime, eventBodies(scenario));
    expect(await functions()).toEqual(before);
  });
});

describe.each([
  // Spans of workers that died before they sent that of the whole task, and in mixed 3 of an actor that runs several
  // calls at once, which stand in the file before another call's.
  { scenario: 'mixed', ofNoTask: 10 },
  { scenario: 'oom', ofNoTask: 10 },
  { scenario: 'truncated', ofNoTask: 0 },
])('format B of $scenario, alone', ({ scenario, ofNoTask }) => {
  let runtime: Runtime;
  const file = events(scenario, FORMAT_B);
  beforeAll(async () => {
    runtime = await openTestRuntime();
  });
  afterAll(() => runtime.close());

  it('attempts per function equal the spans of whole tasks; ids are the same at every import', async () => {
    const report = await post(runtime, file);
    expect(report).toMatchObject({ ignored: ofNoTask, rejected: 0, accepted: file.length - ofNoTask });
    await post(runtime, file);
    const session = await importedSession(runtime);
    const expected: Record<string, number> = {};
    const inits = new Set<unknown>();
    for (const event of file) {
      if (!event.cat?.startsWith('task::')) continue;
      const isRestart = String(event.args.task_id).startsWith('f'.repeat(16)) && inits.has(event.args.task_id);
      inits.add(event.args.task_id);
      const name = event.cat.slice('task::'.length);
      if (!isRestart) expected[name] = (expected[name] ?? 0) + 1;
    }
    const found: Record<string, number> = {};
    const { jobs } = await listJobs(runtime, { limit: 100, internal: true });
    for (const job of jobs.filter((each) => each.session === session))
      for (const row of (await summariseTasks(runtime, { jobId: job.jobId, session })).functions)
        found[row.name] = (found[row.name] ?? 0) + row.attempts;
    expect(found).toEqual(expected);
  });
});

describe('truncated', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
  });
  afterAll(() => runtime.close());

  it('format A with exactly 10,000 attempts is called truncated, though it has no mark', async () => {
    await post(runtime, events('truncated', 'http/live/tasks_timeline.json'));
    const session = await importedSession(runtime);
    const { completeness } = await summariseTasks(runtime, { jobId: '01000000', session });
    expect(completeness).toMatchObject({ stored: 10_000, truncated: true });
    expect(completeness.reason).toContain('exactly that many');
  });
});

describe('what is no timeline', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
  });
  afterAll(() => runtime.close());

  it('sets bad records aside with position and reason, and takes the rest', async () => {
    const good = events('mixed', FORMAT_A)
      .filter((event) => event.ph === 'X')
      .slice(0, 3);
    const [first] = good;
    const report = await post(runtime, [
      ...good,
      'text',
      { ...first, ts: 'soon' },
      { ...first, dur: -1 },
      { ...first, args: { ...first?.args, task_id: '12' } },
      { ...first, args: { ...first?.args, attempt_number: -1 } },
      { ...first, tid: 'thread:1' },
      { name: 'no phase' },
      { ...first, ph: 'i' },
    ]);
    expect(report).toMatchObject({ accepted: 3, ignored: 1, rejected: 7 });
    expect(report.rejects.map((reject) => reject.position).sort()).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(Object.fromEntries(report.rejects.map((reject) => [reject.position, reject.reason]))).toMatchObject({
      3: 'the record is not an object',
      4: expect.stringContaining('ts is "soon"'),
      6: expect.stringContaining('48 hex digits'),
      8: expect.stringContaining('worker:<id>'),
    });
  });

  it('keeps the limits of ingest', async () => {
    await expect(post(runtime, '[{"ph":')).rejects.toMatchObject({ problem: { code: 'invalid-body' } });
    await expect(post(runtime, `${'['.repeat(80)}${']'.repeat(80)}`)).rejects.toMatchObject({
      problem: { code: 'invalid-body' },
    });
    await runtime.close();
    runtime = await openTestRuntime({ XRAY_LIMIT_RECORDS: '2' });
    await expect(post(runtime, [1, 2, 3])).rejects.toMatchObject({ problem: { code: 'too-large' } });
  });
});
