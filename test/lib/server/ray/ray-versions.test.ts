/**
 * The event export of every version from 2.49 on: recordings of 2.49.2 and 2.50.1, events by hand for what they do not hold, and what is
 * broken in one record. Through ingest into the real engine.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { POST as postEvents } from '../../../../app/v1/events/route.ts';
import { POST as postTimeline } from '../../../../app/v1/timeline/route.ts';
import { IngestReport, type IngestReportWire } from '../../../../lib/contract/ingest.ts';
import { getJob, listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import { listOomKills } from '../../../../lib/server/memory/oom-kills.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
  setRuntime(runtime);
});
afterAll(() => runtime.close());

const fixture = (path: string): Buffer => readFileSync(new URL(`../../../fixtures/ray/${path}`, import.meta.url));
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

async function send(body: string, query = ''): Promise<IngestReportWire> {
  const request = new Request(`http://127.0.0.1/v1/events${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const answer = await postEvents(request);
  expect(answer.status).toBe(200);
  return IngestReport.parse(await answer.json());
}
const task = (number: number): string => base64(`${number.toString(16).padStart(16, '0')}${'f'.repeat(24)}07000000`);
const record = (type: string, name: string, body: object, more: object = {}) => ({
  eventType: type,
  sessionName: 'session_versions',
  timestamp: '2026-11-29T10:00:00.123456789Z',
  [name]: body,
  ...more,
});

describe('TASK_EXECUTION_EVENT of 2.49 and 2.50', () => {
  it('tells the states of attempts', async () => {
    const events = fixture('synthetic/execution-event/events.json').toString();
    const report = await send(events);
    expect(report).toMatchObject({ ignored: 0, rejected: 0 });
    const { functions } = await summariseTasks(runtime, { jobId: '03000000' });
    expect(functions).toMatchObject([{ name: 'preprocess', tasks: 4, byState: { FINISHED: 3, FAILED: 1 } }]);
  });

  it.each([
    ['without a job id, which 2.49 does not say', { taskId: task(1), taskState: { 8: '2026-11-29T10:00:00Z' } }],
    ['states by name', { taskId: task(1), taskState: { RUNNING: '2026-11-29T10:00:00Z' } }],
    ['snake case', { task_id: task(1), task_state: { 8: '2026-11-29T10:00:00Z' } }],
    [
      'transitions with numbers',
      { taskId: task(1), stateTransitions: [{ state: 8, timestamp: '2026-11-29T10:00:00Z' }] },
    ],
    [
      'beside states that nobody knows',
      { taskId: task(1), taskState: { 8: '2026-11-29T10:00:00Z', 99: '2026-11-29T10:00:01Z', x: null } },
    ],
    ['beside a node id that is none', { taskId: task(1), nodeId: '***', taskState: { 8: '2026-11-29T10:00:00Z' } }],
    ['doubled', { taskId: task(1), taskState: { 8: '2026-11-29T10:00:00Z' } }],
  ])('%s', async (name, body) => {
    const session = `session_${name.replaceAll(/\W/g, '_')}`;
    const one = { ...record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', body), sessionName: session };
    const report = await send(JSON.stringify([one, one]));
    expect(report).toMatchObject({ accepted: 2, rejected: 0, ignored: 0 });
    const { attempts } = (await summariseTasks(runtime, { jobId: '07000000', session })).functions[0] ?? {};
    expect(attempts).toBe(1);
  });

  it('the runtime environment of 2.49 is read where it stood', async () => {
    const definition = {
      ...{ taskId: task(2), jobId: base64('07000000'), taskName: 'f', taskAttempt: 0 },
      runtimeEnvInfo: { serializedRuntimeEnv: '{"pip":["torch"]}' },
    };
    await send(JSON.stringify([record('TASK_DEFINITION_EVENT', 'taskDefinitionEvent', definition)]));
    const { functions } = await summariseTasks(runtime, { jobId: '07000000', session: 'session_versions' });
    expect(functions[0]?.name).toBe('f');
  });
});

describe.each(['2.49.2', '2.50.1'])('the recording of %s', (version) => {
  it('has every task of the job, its retries and its failure', async () => {
    const bodies = gunzipSync(fixture(`${version}/small/events.jsonl.gz`))
      .toString()
      .trim()
      .split('\n');
    for (const body of bodies)
      expect(await send(body, `?cluster=ray-${version}`)).toMatchObject({ rejected: 0, ignored: 0 });
    const { functions } = await summariseTasks(runtime, { jobId: '01000000', cluster: `ray-${version}` });
    const counts = Object.fromEntries(functions.map(({ name, byState }) => [name, byState]));
    expect(counts).toMatchObject({
      preprocess: { FINISHED: 11, FAILED: 1 },
      'shard-13': { FINISHED: 1 },
      'Counter.add': { FINISHED: 3 },
    });
    const { jobs } = await listJobs(runtime, { cluster: `ray-${version}`, limit: 10 });
    expect(jobs).toMatchObject([{ jobId: '01000000' }]);
  });
});

describe('what is received and is of no use', () => {
  it('is named in the answer and in the completeness of the job', async () => {
    const lifecycle = { taskId: task(3), taskState: { 8: '2026-11-29T10:00:00Z', 11: '2026-11-29T10:00:01Z' } };
    const events = [
      record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', lifecycle, { sessionName: 'session_unused' }),
      ...[1, 2, 3].map(() => record('PLACEMENT_GROUP_LIFECYCLE_EVENT', 'x', {}, { sessionName: 'session_unused' })),
      record('EVENT_OF_TOMORROW', 'x', {}, { sessionName: 'session_unused' }),
      record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', {}, { sessionName: 'session_unused' }),
    ];
    expect(await send(JSON.stringify(events))).toMatchObject({
      accepted: 1,
      ignored: 4,
      ignoredTypes: { PLACEMENT_GROUP_LIFECYCLE_EVENT: 3, EVENT_OF_TOMORROW: 1 },
      rejects: [{ position: 5, reason: 'taskId is missing' }],
    });
    const { completeness } = await getJob(runtime, { jobId: '07000000', session: 'session_unused' });
    expect(completeness).toMatchObject({
      unused: [
        { type: 'PLACEMENT_GROUP_LIFECYCLE_EVENT', records: 3 },
        { type: 'EVENT_OF_TOMORROW', records: 1 },
      ],
      reason: expect.stringContaining('1 record of this session could not be read: taskId is missing'),
    });
  });
});

describe('one bad thing costs itself alone', () => {
  const long = 'A'.repeat(400_000);
  it.each([
    ['a job id of 400,000 characters', { jobId: long }, /jobId has 400000 characters/],
    ['a job id of 100 bytes', { jobId: base64('01'.repeat(100)) }, /jobId has 100 bytes/],
    ['a task id of 400,000 characters', { taskId: long }, /taskId has 300000 bytes, expected 24/],
    ['a session with a slash', {}, /sessionName is "a\/b"/, { sessionName: 'a/b' }],
    ['a session of 100,000 characters', {}, /sessionName is "sss/, { sessionName: 's'.repeat(100_000) }],
  ])('%s is refused', async (_, fields, reason, more?: object) => {
    const body = { taskId: task(4), taskState: { 8: '2026-11-29T10:00:00Z' }, ...fields };
    const good = record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', { taskId: task(4), taskState: {} });
    const bad = record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', body, more);
    expect(await send(JSON.stringify([good, bad, good]))).toMatchObject({
      accepted: 2,
      rejects: [{ position: 1, reason: expect.stringMatching(reason) }],
    });
  });

  it.each([
    ['a node id', { nodeId: long }, /nodeId has 400000 characters.*; left out/],
    ['a worker id', { workerId: '***' }, /workerId is not a base64 id; left out/],
  ])('%s that is none is left out, and noted', async (_, fields, reason) => {
    const body = { taskId: task(5), taskState: { 8: '2026-11-29T10:00:00Z' }, ...fields };
    const report = await send(JSON.stringify([record('TASK_EXECUTION_EVENT', 'taskExecutionEvent', body)]));
    expect(report).toMatchObject({ accepted: 1, rejected: 0 });
    expect(report.notes).toEqual([{ position: 0, reason: expect.stringMatching(reason) }]);
  });

  it('null, NaN, Infinity and raw control characters beside what is told', async () => {
    const body = `{"taskId":"${task(6)}","taskState":{"8":"2026-11-29T10:00:00Z"},"rayErrorInfo":null,"nodeId":null,"workerPid":NaN}`;
    const node = `{"nodeId":"${base64('ab'.repeat(28))}","labels":null,"nodeIpAddress":"10.0.0.1","hostname":"a\u0001b"}`;
    const state = `{"nodeId":"${base64('ab'.repeat(28))}","stateTransitions":[null,{"state":"ALIVE","timestamp":"2026-11-29T10:00:00Z","resources":{"CPU":Infinity,"GPU":8}}]}`;
    const of = (type: string, name: string, text: string): string =>
      `{"eventType":"${type}","sessionName":"session_odd","timestamp":"2026-11-29T10:00:00Z","${name}":${text}}`;
    const events = [
      of('TASK_EXECUTION_EVENT', 'taskExecutionEvent', body),
      of('NODE_DEFINITION_EVENT', 'nodeDefinitionEvent', node),
      of('NODE_LIFECYCLE_EVENT', 'nodeLifecycleEvent', state),
      '{"eventType":"\\q"}',
    ];
    expect(await send(`[${events.join(',')}]`)).toMatchObject({
      accepted: 3,
      rejects: [{ position: 3, reason: expect.stringMatching(/^the record is not valid JSON/) }],
    });
  });

  it.each([
    [
      'of a task',
      record('TASK_LIFECYCLE_EVENT', 'taskLifecycleEvent', {
        taskId: task(7),
        stateTransitions: [
          { state: 'RUNNING', timestamp: '2026-11-29T10:00:00Z' },
          { state: 'FINISHED', timestamp: 'soon' },
        ],
      }),
    ],
    [
      'of a node',
      record('NODE_LIFECYCLE_EVENT', 'nodeLifecycleEvent', {
        nodeId: base64('cd'.repeat(28)),
        stateTransitions: [
          { state: 'ALIVE', timestamp: '2026-11-29T10:00:00Z', resources: { slots: 1e17 } },
          { state: 'DEAD', timestamp: 'soon' },
        ],
      }),
    ],
    [
      'of a job',
      record('DRIVER_JOB_LIFECYCLE_EVENT', 'driverJobLifecycleEvent', {
        jobId: base64('07000000'),
        stateTransitions: [
          { state: 'CREATED', timestamp: 'soon' },
          { state: 'FINISHED', timestamp: '2026-11-29T10:00:00Z' },
        ],
      }),
    ],
  ])('a time %s that is none costs itself alone, and is noted', async (_, event) => {
    const report = await send(JSON.stringify([event]));
    expect(report).toMatchObject({ accepted: 1, rejected: 0 });
    expect(report.notes).toEqual([{ position: 0, reason: expect.stringMatching(/timestamp is not an RFC 3339 time/) }]);
  });

  it('a resource of 1e17 is a number all the same', async () => {
    const rows = await runtime.engine.select({
      name: 'resources-of-test',
      sql: "SELECT max(JSONExtractFloat(resources, 'slots')) AS slots FROM xray.ray_nodes WHERE session = 'session_versions'",
      row: z.object({ slots: z.coerce.number() }),
    });
    expect(rows).toEqual([{ slots: 1e17 }]);
  });

  it('a record of a timeline that is no JSON is refused with that reason', async () => {
    const good = `{"ph":"X","cat":"task:execute","name":"task:execute","pid":0,"tid":0,"ts":1795466262515168.2,"dur":483.5,"args":{"task_id":"${'0'.repeat(15)}9${'f'.repeat(24)}0a000000","job_id":"0a000000","attempt_number":0}}`;
    const answer = await postTimeline(
      new Request('http://127.0.0.1/v1/timeline', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `[{"cat":"task:execute","name":"a\\qb"},${good}]`,
      }),
    );
    expect(IngestReport.parse(await answer.json())).toMatchObject({
      accepted: 1,
      rejects: [{ position: 0, reason: expect.stringMatching(/^the record is not valid JSON/) }],
    });
  });

  it('ids in a timeline file that are none are left out, and text timestamps are read', async () => {
    const taskId = `${'0'.repeat(15)}9${'f'.repeat(24)}08000000`;
    const span = (category: string, more: object, ts: unknown = 1_795_466_262_515_168.2) => ({
      ...{ ph: 'X', cat: category, name: category, pid: 0, tid: 0, ts, dur: '483.5' },
      args: { task_id: taskId, attempt_number: 0, func_or_class_name: 'load', ...more },
    });
    const records = [
      span('task:execute', { job_id: 'j'.repeat(400_000), actor_id: 7 }),
      span('task::load', { job_id: '08000000' }, '1795466262515168.25'),
    ];
    const answer = await postTimeline(
      new Request('http://127.0.0.1/v1/timeline', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(records),
      }),
    );
    const report = IngestReport.parse(await answer.json());
    expect(report).toMatchObject({ accepted: 2, rejected: 0 });
    expect(report.notes?.map(({ position }) => position)).toEqual([0, 0]);
    const { functions } = await summariseTasks(runtime, { jobId: '08000000' });
    expect(functions).toMatchObject([{ name: 'load', byState: { FINISHED: 1 } }]);
  });

  it.each(['team/prod', 'a\\b', '..', 'a%2fb', 'a\u0001b'])(
    'a cluster called %j has no address: refused',
    async (name) => {
      for (const route of [postEvents, postTimeline]) {
        const request = new Request(`http://127.0.0.1/v1/x?cluster=${encodeURIComponent(name)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '[]',
        });
        const answer = await route(request);
        expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('can stand in an address')]);
      }
    },
  );
});

describe('reports of the memory monitor', () => {
  it('the node, what it used, its total and the threshold are taken, whatever the list of victims looks like', async () => {
    await send(fixture('synthetic/oom-formats/events.json').toString());
    const { kills } = await listOomKills(runtime, { session: 'session_2026-11-29_09-00-00_000000_7' });
    expect(kills).toHaveLength(3);
    for (const kill of kills) {
      expect(kill.nodeIp).toBe('10.0.0.9');
      expect([kill.nodeUsedBytes, kill.nodeTotalBytes, kill.nodeThresholdBytes]).toEqual([
        expect.any(Number),
        expect.any(Number),
        expect.any(Number),
      ]);
    }
    expect(kills[0]).toMatchObject({
      nodeUsedBytes: 7_728_742_400,
      nodeThresholdBytes: 6_871_947_674,
      nodeTotalBytes: 8_589_934_592,
    });
  });
});
