/** SYNTHETIC jobs whose tasks carry names of their own: few make functions, many are beneath the function. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listTasks, summariseTasks } from '../../../../lib/server/jobs/tasks.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const START = Date.now() - 60_000;
let runtime: Awaited<ReturnType<typeof openTestRuntime>>;
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** A definition and the life of one task of `function`, named `name`. */
function taskEvents(job: string, n: number, name: string, functionName: string): object[] {
  const taskId = base64(`${n.toString(16).padStart(16, '0')}${'f'.repeat(24)}${job}`);
  const at = (ms: number): string => new Date(START + n * 10 + ms).toISOString();
  const common = { sessionName: 'synthetic-names', sourceType: 'CORE_WORKER', severity: 'INFO', timestamp: at(0) };
  return [
    {
      ...common,
      eventId: base64(`${'a1'.repeat(12)}${n.toString(16).padStart(8, '0')}`),
      eventType: 'TASK_DEFINITION_EVENT',
      taskDefinitionEvent: {
        taskId,
        taskAttempt: 0,
        taskType: 'NORMAL_TASK',
        jobId: base64(job),
        taskName: name,
        taskFunc: { pythonFunctionDescriptor: { functionName, moduleName: 'm', className: '', functionHash: '' } },
      },
    },
    {
      ...common,
      eventId: base64(`${'b2'.repeat(12)}${n.toString(16).padStart(8, '0')}`),
      eventType: 'TASK_LIFECYCLE_EVENT',
      taskLifecycleEvent: {
        taskId,
        taskAttempt: 0,
        jobId: base64(job),
        stateTransitions: [
          { state: 'RUNNING', timestamp: at(1) },
          { state: 'FINISHED', timestamp: at(n % 100 === 7 ? 900 : 101) },
        ],
      },
    },
  ];
}

beforeAll(async () => {
  runtime = await openTestRuntime();
  const events = [
    ...Array.from({ length: 3000 }, (_, i) => taskEvents('01000000', i, `shard-${i}`, 'm.load')),
    ...Array.from({ length: 60 }, (_, i) =>
      taskEvents('01000000', 5000 + i, i % 2 === 0 ? 'train' : 'evaluate', 'm.step'),
    ),
  ].flat();
  await runtime.ingest.rayEvents({
    bytes: Buffer.from(JSON.stringify(events)),
    contentType: 'application/json',
    contentEncoding: '',
    cluster: null,
  });
});
afterAll(() => runtime.close());

it('3,000 names of one function are one row with its names beneath, two names are two rows', async () => {
  const { functions, omitted } = await summariseTasks(runtime, { jobId: '01000000' });
  expect(
    functions.map(({ name, tasks, byState, durationNs }) => [name, tasks, byState, durationNs?.p50, durationNs?.max]),
  ).toEqual([
    ['m.load', 3000, { FINISHED: 3000 }, '100000000', '899000000'],
    ['evaluate', 30, { FINISHED: 30 }, '100000000', '899000000'],
    ['train', 30, { FINISHED: 30 }, '100000000', '100000000'],
  ]);
  expect(omitted).toBe(0);
  expect(functions.map(({ declaredNames }) => declaredNames?.count ?? null)).toEqual([3000, null, null]);
  expect(functions[0]?.declaredNames?.most.length).toBe(10);
  expect(functions[0]?.declaredNames?.most[0]).toEqual({ name: 'shard-0', attempts: 1 });
});

it('the tasks of the function are found by it, and each by its name', async () => {
  const of = async (name: string) =>
    (await listTasks(runtime, { jobId: '01000000', function: name, limit: 10 })).matched;
  expect([await of('m.load'), await of('shard-17'), await of('train')]).toEqual([3000, 1, 30]);
});
