/** Which attempts still run, asked of names of states first, against the definition of an attempt (queries/attempts.ts). */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AttemptPart, TaskState } from '../../../lib/model/task.ts';
import { nanoseconds } from '../../../lib/model/units.ts';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import { attemptsOfJob } from '../../../lib/store/queries/attempts.ts';
import { openInRange } from '../../../lib/store/queries/timeline/timeline-indexer.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
  await runtime.engine.command('SYSTEM STOP MERGES xray.ray_task_attempts');
});
afterAll(() => runtime.close());

const START = 1_790_000_000_000_000_000n;
const STATES: readonly TaskState[] = ['PENDING_ARGS_AVAIL', 'SUBMITTED_TO_WORKER', 'RUNNING', 'FINISHED', 'FAILED'];

/** A part tells any states in any combination; from a `timeline` they are derived, from the `state-api` cut to milliseconds. */
const part = fc.record({
  task: fc.integer({ min: 0, max: 60 }),
  attempt: fc.integer({ min: 0, max: 2 }),
  source: fc.constantFrom('event', 'event', 'state-api', 'timeline'),
  type: fc.constantFrom('NORMAL_TASK', 'NORMAL_TASK', 'NORMAL_TASK', 'DRIVER_TASK', undefined),
  name: fc.constantFrom('read', 'train', undefined, undefined),
  placed: fc.boolean(),
  states: fc.uniqueArray(fc.constantFrom(...STATES), { maxLength: 3 }),
  at: fc.integer({ min: 1, max: 1_000_000 }),
});
type Reported = typeof part extends fc.Arbitrary<infer Value> ? Value : never;

const partOf = (session: string, reported: Reported): AttemptPart => ({
  session,
  jobId: '01000000',
  taskId: reported.task.toString(16).padStart(48, '0'),
  attempt: reported.attempt,
  source: reported.source,
  ...(reported.type === undefined ? {} : { type: reported.type }),
  ...(reported.name === undefined ? {} : { functionName: reported.name }),
  ...(reported.placed ? { nodeId: 'n', workerId: `w${reported.at % 3}` } : {}),
  stateTimes: Object.fromEntries(
    reported.states.map((state, i) => [state, nanoseconds(START + BigInt(reported.at + i))]),
  ),
});

const definition = {
  name: 'attempts-by-definition',
  sql: `SELECT task_id, attempt, type, function_name, worker_id, start_ns, end_ns FROM ${attemptsOfJob}`,
  row: z.object({
    task_id: z.string(),
    attempt: z.number(),
    type: z.string(),
    function_name: z.string(),
    worker_id: z.string(),
    start_ns: z.string(),
    end_ns: z.string(),
  }),
};

async function expected(session: string): Promise<string[]> {
  const all = (await runtime.engine.select(definition, { session, job: '01000000' })).filter(
    ({ type }) => type !== 'DRIVER_TASK',
  );
  const names = (task: string) => all.filter(({ task_id }) => task_id === task).map((row) => row.function_name);
  return all
    .filter(({ worker_id, start_ns, end_ns }) => worker_id !== '' && start_ns !== '0' && end_ns === '0')
    .map(
      ({ task_id, attempt, function_name, start_ns }) =>
        `${task_id} ${attempt} ${function_name || (names(task_id).sort().at(-1) ?? '')} ${start_ns}`,
    )
    .sort();
}

describe('attempts that still run', () => {
  it('are found by the names of their states, before and after parts merge', async () => {
    let sessions = 0;
    let found = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 150 }), fc.nat(150), async (reported, cut) => {
        const session = `session_open_${sessions++}`;
        for (const some of [reported.slice(0, cut), reported.slice(cut)])
          await runtime.ingest.rayFacts({ attempts: some.map((one) => partOf(session, one)) });
        const open = async () =>
          (
            await runtime.engine.select(openInRange, {
              most: 1_000_000,
              session,
              job: '01000000',
              after: '',
              until: '',
            })
          )
            .map((row) => `${row.task_id} ${row.attempt} ${row.function_name} ${row.start_ns}`)
            .sort();
        const wanted = await expected(session);
        expect(await open()).toEqual(wanted);
        await runtime.engine.command('SYSTEM START MERGES xray.ray_task_attempts');
        await runtime.engine.command('OPTIMIZE TABLE xray.ray_task_attempts FINAL');
        await runtime.engine.command('SYSTEM STOP MERGES xray.ray_task_attempts');
        expect(await open()).toEqual(wanted);
        found += wanted.length;
      }),
      { numRuns: 20 },
    );
    expect(found).toBeGreaterThan(0);
  }, 120_000);
});

describe('times of an attempt', () => {
  it.each([
    ['event', 'state-api'],
    ['state-api', 'event'],
  ] as const)('are those of events where the State API cuts them (%s first)', async (...order) => {
    const session = `times-${order[0]}`;
    const exact = { RUNNING: START + 1_999_600n, FINISHED: START + 2_000_100n };
    const cut = (ns: bigint) => nanoseconds((ns / 1_000_000n) * 1_000_000n);
    const part = { session, jobId: '01000000', taskId: 'ab'.repeat(24), attempt: 0, functionName: 'quick' };
    const reported = {
      event: { RUNNING: nanoseconds(exact.RUNNING), FINISHED: nanoseconds(exact.FINISHED) },
      'state-api': { RUNNING: cut(exact.RUNNING), FINISHED: cut(exact.FINISHED) },
    };
    for (const source of order)
      await runtime.ingest.rayFacts({ attempts: [{ ...part, source, stateTimes: reported[source] }] });
    const [attempt] = await runtime.engine.select(definition, { session, job: '01000000' });
    expect(attempt).toMatchObject({ start_ns: String(exact.RUNNING), end_ns: String(exact.FINISHED) });
  });

  it('are those of the State API where nothing else tells them', async () => {
    const at = nanoseconds(START + 3_000_000n);
    const part = { session: 'only-cut', jobId: '01000000', taskId: 'cd'.repeat(24), attempt: 0 };
    await runtime.ingest.rayFacts({
      attempts: [{ ...part, source: 'state-api', stateTimes: { RUNNING: at, FAILED: at } }],
    });
    const [attempt] = await runtime.engine.select(definition, { session: 'only-cut', job: '01000000' });
    expect(attempt).toMatchObject({ start_ns: String(at), end_ns: String(at) });
  });
});
