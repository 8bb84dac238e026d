/** Recordings that are older than the retention: whatever is acknowledged is there afterwards, and after retention has run. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listJobs } from '../../../lib/server/jobs/jobs.ts';
import { summariseTasks } from '../../../lib/server/jobs/tasks.ts';
import { setRuntime } from '../../../lib/server/runtime/runtime.ts';
import { listTraces } from '../../../lib/server/traces/traces.ts';
import { protobufRequest, span, traceRequest } from '../../support/otlp-bodies.ts';
import { type ImportDesk, openImportDesk } from './import-desk.ts';

let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk({
    XRAY_RETENTION_TRACES_DAYS: '1',
    XRAY_RETENTION_TASKS_DAYS: '1',
    XRAY_RETENTION_ALERTS_DAYS: '1',
  });
  setRuntime(desk.runtime);
}, 60_000);
afterAll(() => desk?.close());

const matched = async (): Promise<number> => (await listTraces(desk.runtime, { limit: 10 })).matched;
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

it('traces of years ago, of every format, are taken and stay', async () => {
  const event = {
    ph: 'X',
    cat: 'cpu_op',
    name: 'aten::old',
    pid: 1,
    tid: 1,
    ts: 1_712_195_495_519_689,
    dur: 10,
    args: {},
  };
  const old = { startTimeUnixNano: '1600000000000000000', endTimeUnixNano: '1600000000000000005' };
  const paths = [
    desk.write('old.json', JSON.stringify({ schemaVersion: 1, traceEvents: [event] })),
    desk.write('old-otlp.json', JSON.stringify(traceRequest([span(1, old)]))),
    // Spans of the days of the recordings, which are older than one day.
    desk.write('old.pb', protobufRequest(1, Buffer.alloc(0), 70_000)),
  ];
  const { code, report } = await desk.importJson(paths);
  expect([code, report.accepted, report.rejected]).toEqual([0, 3, 0]);
  expect(await matched()).toBe(3);
  await desk.runtime.store.retain();
  expect(await matched()).toBe(3);
}, 60_000);

it('the same sent live is set aside with the reason, never acknowledged', async () => {
  const before = await matched();
  const answer = await fetch(`${desk.front.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(protobufRequest(5, Buffer.alloc(0), 80_000)),
  });
  const text = Buffer.from(await answer.arrayBuffer()).toString();
  expect([answer.status, text]).toEqual([200, expect.stringContaining('traces are kept for 1 days')]);
  expect(text).toContain('5 spans of this request are older than the retention');
  const { matched: after, notices } = await listTraces(desk.runtime, { limit: 10 });
  expect(after).toBe(before);
  expect(notices).toMatchObject([
    { message: '5 spans sent since yesterday are set aside: older than the 1 days that traces are kept' },
  ]);
}, 60_000);

it('events and timelines of Ray of years ago count from when they were stored, imported or live', async () => {
  const record = (session: string) => ({
    eventType: 'TASK_LIFECYCLE_EVENT',
    sessionName: session,
    timestamp: '2021-05-01T10:00:00Z',
    taskLifecycleEvent: {
      taskId: base64(`${'1'.padStart(16, '0')}${'f'.repeat(24)}05000000`),
      jobId: base64('05000000'),
      stateTransitions: [
        { state: 'RUNNING', timestamp: '2021-05-01T10:00:00Z' },
        { state: 'FINISHED', timestamp: '2021-05-01T10:00:01Z' },
      ],
    },
  });
  const unused = { eventType: 'PLATFORM_EVENT', sessionName: 'session_imported', timestamp: '2021-05-01T10:00:00Z' };
  const file = desk.write('events.json', JSON.stringify([record('session_imported'), unused]));
  const { code, report } = await desk.importJson([file]);
  expect([code, report.accepted, report.ignored]).toEqual([0, 1, 1]);
  expect(report.files[0]?.notes).toEqual(['of no use to X-Ray: 1 PLATFORM_EVENT']);
  await fetch(`${desk.front.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([record('session_live')]),
  });
  const name = { cat: 'task::old', name: 'task::old', pid: '10.0.0.1', tid: `worker:${'c'.repeat(56)}` };
  const args = { name: 'old', task_id: `${'2'.padStart(16, '0')}${'f'.repeat(24)}06000000` };
  const timeline = [{ ...name, ph: 'X', ts: 1_600_000_000_000_000, dur: 500, args }];
  expect((await desk.importJson([desk.write('timeline.json', JSON.stringify(timeline))])).code).toBe(0);
  await desk.runtime.store.retain();
  for (const session of ['session_imported', 'session_live'])
    expect((await summariseTasks(desk.runtime, { jobId: '05000000', session })).functions[0]?.attempts).toBe(1);
  expect((await summariseTasks(desk.runtime, { jobId: '06000000' })).functions).toMatchObject([{ attempts: 1 }]);
  expect((await listJobs(desk.runtime, { limit: 10 })).jobs.map(({ jobId }) => jobId).sort()).toEqual([
    '05000000',
    '05000000',
    '06000000',
  ]);
}, 60_000);
