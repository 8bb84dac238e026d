/** `xray import` of timelines as Ray wrote them up to 1.0: whole tasks of category `task`, short ids, times as text. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listJobs } from '../../../lib/server/jobs/jobs.ts';
import { summariseTasks } from '../../../lib/server/jobs/tasks.ts';
import { getTimeline } from '../../../lib/server/timeline/timeline.ts';
import { type ImportDesk, openImportDesk } from './import-desk.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

const JOB = '00000000';
const sessionOf = async (known: readonly string[]) =>
  (await listJobs(desk.runtime, { limit: 100, internal: true })).jobs.find(
    ({ session, jobId }) => jobId === JOB && !known.includes(session),
  )?.session ?? '';
const shown = async (session: string) => {
  const { functions, completeness } = await summariseTasks(desk.runtime, { jobId: JOB, session });
  return {
    functions: functions.map(({ name, tasks, byState, durationNs }) => [name, tasks, byState, durationNs?.p50]),
    reason: completeness.reason,
  };
};

it('three tasks of one function on one lane, in one job, and why there is no other', async () => {
  const { code, report } = await desk.importJson(['test/fixtures/ray/synthetic/old-timeline/ray_timeline.json']);
  expect([code, report.accepted, report.rejected, report.ignored]).toEqual([0, 12, 0, 0]);
  const session = await sessionOf([]);
  const { functions, reason } = await shown(session);
  expect(reason).toContain('it names no job');
  expect(functions).toEqual([['rollout', 3, { FINISHED: 3 }, '540000']]);
  const timeline = await getTimeline(desk.runtime, { jobId: JOB, session, limit: 1000 });
  expect([timeline.functions, timeline.lanes.length, timeline.lanes[0]?.workerId]).toEqual([
    ['rollout'],
    1,
    'c'.repeat(56),
  ]);
});

it('SYNTHETIC: ids of 20 bytes, times and arguments as text, a task that failed and has no id', async () => {
  const before = await sessionOf([]);
  const span = (cat: string, startUs: number, us: number, args: unknown, name = cat) => ({
    cat,
    name,
    pid: '10.0.0.9',
    tid: `worker:${'d'.repeat(40)}`,
    ts: `${1_795_990_000_000_000 + startUs}.0`,
    dur: `${us}.0`,
    ph: 'X',
    cname: 'rail_idle',
    args,
  });
  const events = [
    span('task:execute', 10, 80, {}),
    span('task', 0, 100, JSON.stringify({ name: 'train', task_id: 'ab'.repeat(20) }), 'train'),
    span('task:execute', 210, 80, { type: 'ValueError', value: 'x', traceback: 'Traceback: ValueError: x' }),
    span('task', 200, 100, { name: 'train' }, 'train'),
    span('worker_idle', 300, 5, {}),
    // Drivers: an id of Ray 0.7, which is random, and one of 0.8 to 1.0, whose job id has two bytes.
    { ...span('ray.get', 20, 70, {}), tid: `driver:${'1e'.repeat(20)}` },
    { ...span('submit_task', 5, 5, {}), tid: `driver:0100${'f'.repeat(52)}` },
  ];
  const { code, report } = await desk.importJson([desk.write('old.json', JSON.stringify(events))]);
  expect([code, report.accepted, report.rejected, report.ignored]).toEqual([0, 6, 0, 1]);
  const session = await sessionOf([before]);
  const { functions } = await shown(session);
  expect(functions).toEqual([['train', 2, { FINISHED: 1, FAILED: 1 }, '100000']]);
  const { jobs } = await listJobs(desk.runtime, { limit: 100, internal: true });
  expect(jobs.filter((job) => job.session === session).map(({ jobId }) => jobId)).toEqual([JOB]);
});
