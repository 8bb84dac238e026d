/** Logs of jobs and attempts: from a recorded dashboard, from what was kept, and what is said where there are none. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withoutAnsi } from '../../../../lib/model/without-ansi.ts';
import { getLogs } from '../../../../lib/server/jobs/job-logs.ts';
import { keepLog, tailLines } from '../../../../lib/server/jobs/kept-logs.ts';
import { createPolledRay, type PolledRaySource } from '../../../../lib/server/ray/ray-source-polling.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { selectKeptLog } from '../../../../lib/store/queries/kept-logs.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { truth } from '../../../support/recordings.ts';
import { type Replay, replayRay } from '../../sources/ray/replay.ts';

const NO_AUTH = { bearerToken: null, basic: null, headers: {}, caFile: null };
let runtime: Runtime;
let replay: Replay;
let ray: PolledRaySource;
beforeAll(async () => {
  const opened = await openTestRuntime();
  replay = await replayRay('mixed');
  ray = createPolledRay({
    cluster: 'ads',
    source: { url: replay.url, auth: NO_AUTH },
    engine: opened.engine,
    ingest: opened.ingest,
    telemetry: opened.telemetry,
  });
  runtime = { ...opened, rays: () => [ray] };
  await ray.look();
});
afterEach(() => {
  replay.override = () => null;
});
afterAll(async () => {
  await ray.close();
  await replay.close();
  await runtime.close();
});
const { signal } = new AbortController();
const fixture = (file: string): string =>
  readFileSync(new URL(`../../../fixtures/ray/2.58.0/mixed/http/${file}`, import.meta.url), 'utf8');

const etl = { jobId: 'raysubmit_daily_etl_01', tail: 1000 };
const FLAKY = '041ad94346487ee0ffffffffffffffffffffffff02000000';
const PUSH_ACTOR = '0570747fed0ad535b785f83203000000';

describe('driver logs', () => {
  it('come from the Jobs API, by the end, without the colours of a terminal', async () => {
    const all = await getLogs(runtime, etl, signal);
    expect(all).toMatchObject({ source: 'driver', kept: false, truncated: false, notices: [] });
    expect(all.lines[1]).toBe(
      'Running entrypoint for job raysubmit_daily_etl_01: python /home/ray/app/workload.py etl',
    );
    expect(all.lines.some((line) => line.includes('\u001b'))).toBe(false);
    expect(all.lines.length).toBeGreaterThan(50);
    const end = await getLogs(runtime, { ...etl, tail: 5 }, signal);
    expect(end).toMatchObject({ truncated: true, lines: all.lines.slice(-5) });
  });

  it('outlive the cluster: the kept copy is shown, and said to be one, with why', async () => {
    const before = await getLogs(runtime, etl, signal);
    replay.override = () => ({ status: 503, body: 'the head node is gone' });
    await ray.look();
    expect(ray.health().state).toBe('down');
    const after = await getLogs(runtime, etl, signal);
    expect(after).toMatchObject({ kept: true, lines: before.lines });
    expect(after.notices).toMatchObject([{ source: 'ray:ads', kind: 'stale' }]);
    expect(after.notices[0]?.message).toContain('shown is what X-Ray kept at');
    const without = await getLogs({ ...runtime, rays: () => [] }, etl, signal);
    expect(without).toMatchObject({ kept: true, lines: before.lines });
  });

  it('of a driver that was not submitted: there is none, and it is said how to have one', async () => {
    const requested = replay.asked.length;
    const log = await getLogs(runtime, { jobId: '03000000', tail: 100 }, signal);
    expect(log).toMatchObject({ lines: [], notices: [{ kind: 'nothing-measured' }] });
    expect(log.notices[0]?.whatToDo).toContain('ray job submit');
    expect(replay.asked.length).toBe(requested);
  });

  it('without a dashboard: the notice says what to configure', async () => {
    const without = { ...runtime, rays: () => [] };
    const log = await getLogs(without, { jobId: '02000000', taskId: FLAKY, tail: 50 }, signal);
    expect(log).toMatchObject({ lines: [], kept: false, notices: [{ kind: 'nothing-measured' }] });
    expect(log.notices[0]?.whatToDo).toContain('RAY_DASHBOARD_URL');
  });
});

describe('logs of attempts', () => {
  it('come from the State API by task, attempt and stream, and are kept', async () => {
    const text = fixture('after/logfile_task_long_running_1_a0.out.txt');
    replay.override = (path) => (path.startsWith('/api/v0/logs/file') ? { status: 200, body: text } : null);
    const query = { jobId: '02000000', taskId: FLAKY, attempt: 0, stream: 'err', tail: 50 } as const;
    const log = await getLogs(runtime, query, signal);
    expect(log).toMatchObject({ source: 'task', lines: [text.trim()], notices: [] });
    expect(replay.asked.at(-1)?.path).toBe(`/api/v0/logs/file?task_id=${FLAKY}&attempt_number=0&suffix=err&lines=1000`);
    replay.override = () => ({ status: 503, body: 'gone' });
    expect(await getLogs(runtime, query, signal)).toMatchObject({ kept: true, lines: [text.trim()] });
    expect((await getLogs(runtime, { ...query, stream: 'out' }, signal)).notices).toMatchObject([{ kind: 'down' }]);
  });

  it('a refusal is told in the words of Ray; an actor has the log of the actor', async () => {
    const refusal = { status: 500, body: fixture('errors/unknown_task_log.txt') };
    replay.override = (path) =>
      path.includes('task_id=')
        ? refusal
        : path.includes('actor_id=')
          ? { status: 200, body: ':job_id:03000000\n:actor_name:ParamServer\npushed\n' }
          : null;
    const refused = await getLogs(runtime, { jobId: '02000000', taskId: FLAKY, tail: 50 }, signal);
    expect(refused).toMatchObject({ lines: [], notices: [{ kind: 'refused' }] });
    expect(refused.notices[0]?.message).toContain('HTTP 500: Could not find log file for task');
    const { listTasks } = await import('../../../../lib/server/jobs/tasks.ts');
    const push = (
      await listTasks(runtime, { jobId: '03000000', function: 'ParamServer.push', state: 'FINISHED', limit: 1 })
    ).tasks[0];
    const log = await getLogs(runtime, { jobId: '03000000', taskId: push?.taskId, tail: 50 }, signal);
    expect(log).toMatchObject({ lines: ['pushed'], origin: `/api/v0/logs/file?actor_id=${PUSH_ACTOR}&suffix=out` });
  });

  it('an attempt that never reached a worker wrote nothing; an unknown one is a 404 that says which there are', async () => {
    const { listTasks } = await import('../../../../lib/server/jobs/tasks.ts');
    const never = (await listTasks(runtime, { jobId: '04000000', function: 'backfill_day', limit: 1 })).tasks[0];
    const log = await getLogs(runtime, { jobId: '04000000', taskId: never?.taskId, tail: 50 }, signal);
    expect(log.notices[0]?.message).toContain('never reached a worker');
    await expect(
      getLogs(runtime, { jobId: '02000000', taskId: FLAKY, attempt: 9, tail: 50 }, signal),
    ).rejects.toMatchObject({
      problem: { status: 404, detail: expect.stringContaining('has no attempt 9: it has 0') },
    });
  });
});

describe('keeping', () => {
  it('keeps the end of a long text from the start of a line, and never an empty one over another', async () => {
    const key = { session: 'session_of_test', jobId: '01000000' };
    await keepLog(runtime.engine, key, `${'first\n'.repeat(10)}${'x'.repeat(99)}\n`.repeat(20_000));
    const kept = await selectKeptLog(runtime.engine, key);
    expect(kept?.text.length).toBeLessThanOrEqual(2 * 1024 ** 2);
    expect(kept?.text.startsWith('first') || kept?.text.startsWith('x'.repeat(99))).toBe(true);
    await keepLog(runtime.engine, key, '');
    expect((await selectKeptLog(runtime.engine, key))?.text).toBe(kept?.text);
  });

  it.each([
    ['\u001b[36m(pid=1)\u001b[39m hello', '(pid=1) hello'],
    ['\u001b]8;;http://a\u0007link\u001b]8;;\u0007', 'link'],
    ['plain [36m', 'plain [36m'],
  ])('plain text of %j', (text, plain) => expect(withoutAnsi(text)).toBe(plain));

  it('tails by line', () => {
    expect(tailLines('a\nb\r\nc\n', 2)).toEqual({ lines: ['b', 'c'], truncated: true });
    expect(tailLines('', 2)).toEqual({ lines: [], truncated: false });
    expect(tailLines('a\n\n', 5)).toEqual({ lines: ['a', ''], truncated: false });
  });
});

describe('a cluster that was started again', () => {
  it('has lost its old logs: the kept copy is shown, never a log of the new session', async () => {
    replay.scenario = 'oom';
    await ray.look();
    const log = await getLogs(runtime, { ...etl, session: truth('mixed').session_name }, signal);
    expect(log.kept).toBe(true);
    expect(log.notices[0]?.message).toContain('has been started again since');
  });
});
