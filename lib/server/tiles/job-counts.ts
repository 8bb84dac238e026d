/**
 * Keeps the counts of jobs' attempts (by state and function) for lists of jobs, so that a list does not read every attempt:
 * counts a job once nothing more comes in of it, and a large one that goes on from time to time. Range by range of its tasks:
 * no count holds more than a range in memory, and it stops between two.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_NAMES_PER_FUNCTION } from '../../model/declared-names.ts';
import { ownValue, setOwnValue } from '../../model/own-value.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import type { Engine } from '../../store/engine.ts';
import {
  countsInRange,
  countsOfJobs,
  type FunctionCounts,
  uncountedJobs,
} from '../../store/queries/timeline/job-counts.ts';
import { type JobKey, jobsParams } from '../../store/queries/timeline/timeline-parts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { eachRange } from './rebuild-job.ts';

/** Parts of a range. */
const STEP = 100_000;
/** Counting takes at most a fifth of the time, and a job that goes on is counted again after twenty times as long as it took. */
const REST = 4;
const AGAIN = 20;
/** Jobs that are counted by one question; together at most STEP parts. */
const TOGETHER = 300;
/** Characters of a name that a log line holds: names come from outside. */
const LOGGED = 300;
/** Characters of their names, which stand in the statement. */
const TOGETHER_NAMES = 60_000;
/** Functions that a list names. */
const NAMED = 8;

export interface JobCounter {
  /** Counts what there is to count, beside the caller; `until`: Unix seconds, everything stored before is there. */
  readonly start: (until: number) => void;
  /** Resolves when nothing is being counted. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type Sums = { -readonly [Key in keyof FunctionCounts]: FunctionCounts[Key] };

export function createJobCounter(engine: Engine, telemetry: Telemetry): JobCounter {
  const stop = new AbortController();
  /** Large jobs that go on: when they may be counted again, ms of performance.now(). */
  const notBefore = new Map<string, number>();
  let counting: Promise<void> | null = null;
  /** Asked for while another count went on, which may be the last time for long. */
  let next: number | null = null;
  let version = 0;

  async function count(session: string, job: string, until: number): Promise<void> {
    const byFunction = new Map<string, Sums>();
    await eachRange(engine, session, job, STEP, async (range) => {
      const began = performance.now();
      for (const row of await engine.select(countsInRange, range)) add(byFunction, row);
      stop.signal.throwIfAborted();
      if (range.until !== '' && byFunction.size > 0) await rest(began);
    });
    await engine.insert('xray.ray_job_counts', [rowOf(session, job, [...byFunction.values()], until)]);
  }

  const rest = (began: number) => sleep((performance.now() - began) * REST, undefined, { signal: stop.signal });

  function rowOf(session: string, job: string, counts: readonly Sums[], until: number): object {
    const functions = grouped(counts).sort((a, b) => b.n - a.n || (a.function_name < b.function_name ? -1 : 1));
    const sum = (of: (one: Sums) => number): number => functions.reduce((total, one) => total + of(one), 0);
    const held = new Map<string, number>();
    for (const one of functions)
      for (const [name, amount] of Object.entries(one.held)) held.set(name, (held.get(name) ?? 0) + amount);
    version = Math.max(version + 1, Date.now());
    return {
      session,
      job_id: job,
      until,
      attempts: sum(({ n }) => n),
      finished: sum(({ done }) => done),
      failed: sum(({ bad }) => bad),
      running: sum(({ active }) => active),
      pending: sum(({ waiting }) => waiting),
      retries: sum(({ again }) => again),
      task_resources: Object.fromEntries(held),
      user_functions: functions.filter(({ code }) => !code.startsWith('_') && !code.startsWith('JobSupervisor.'))
        .length,
      functions: functions
        .slice(0, NAMED)
        .map(({ function_name, done, bad, active, waiting }) => [function_name, done, bad, active, waiting]),
      version,
    };
  }

  /** Small jobs that are quiet, one question for all of them. */
  async function countTogether(jobs: readonly JobKey[], until: number): Promise<void> {
    const began = performance.now();
    const rows = await engine.select(countsOfJobs, jobsParams(jobs));
    const turn = takeTurns();
    const byKey = new Map<string, FunctionCounts[]>(jobs.map(({ session, job_id }) => [`${session}/${job_id}`, []]));
    for (const row of rows) byKey.get(`${row.session}/${row.job_id}`)?.push(row);
    const counted: object[] = [];
    for (const { session, job_id } of jobs) {
      counted.push(rowOf(session, job_id, byKey.get(`${session}/${job_id}`) ?? [], until));
      await turn();
    }
    await engine.insert('xray.ray_job_counts', counted);
    await rest(began);
  }

  /** One that cannot be counted keeps no other from it. */
  async function countSome(jobs: readonly JobKey[], until: number): Promise<void> {
    try {
      await countTogether(jobs, until);
    } catch (error) {
      stop.signal.throwIfAborted();
      telemetry.log('warn', 'job-counts', { jobs: jobs.length, error: String(error).slice(0, 4 * LOGGED) });
      for (const job of jobs) await countOne(job, until);
    }
  }

  async function countOne({ session, job_id }: JobKey, until: number): Promise<boolean> {
    try {
      await count(session, job_id, until);
      stop.signal.throwIfAborted();
      return true;
    } catch (error) {
      stop.signal.throwIfAborted();
      const job = job_id.slice(0, LOGGED);
      telemetry.log('error', 'job-counts', {
        session: session.slice(0, LOGGED),
        job,
        error: String(error).slice(0, 4 * LOGGED),
      });
      return false;
    }
  }

  async function work(until: number): Promise<void> {
    let together: JobKey[] = [];
    let [parts, names] = [0, 0];
    for (const job of await engine.select(uncountedJobs, { until })) {
      const { session, job_id, is_quiet } = job;
      if (is_quiet === 1 && job.parts <= STEP) {
        const name = session.length + job_id.length;
        if (parts + job.parts > STEP || names + name > TOGETHER_NAMES || together.length >= TOGETHER) {
          if (together.length > 0) await countSome(together, until);
          [together, parts, names] = [[], 0, 0];
        }
        together.push(job);
        parts += job.parts;
        names += name;
        continue;
      }
      const key = `${session}/${job_id}`;
      const began = performance.now();
      if (is_quiet === 0 && began < (notBefore.get(key) ?? 0)) continue;
      if (!(await countOne(job, until))) continue;
      if (is_quiet === 1) notBefore.delete(key);
      else notBefore.set(key, performance.now() + ((performance.now() - began) / REST) * AGAIN);
    }
    if (together.length > 0) await countSome(together, until);
  }

  function start(until: number): void {
    if (stop.signal.aborted) return;
    if (counting !== null) {
      next = until;
      return;
    }
    counting = work(until)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) telemetry.log('error', 'job-counts', { error: String(error) });
      })
      .finally(() => {
        counting = null;
        const again = next;
        next = null;
        if (again !== null) start(again);
      });
  }

  return {
    start,
    settled: async () => {
      while (counting !== null) await counting;
    },
    async close() {
      stop.abort();
      next = null;
      await counting;
    },
  };
}

/** One row for a function whose tasks carry many names, else one for each name. */
function grouped(counts: readonly Sums[]): Sums[] {
  const namesOf = new Map<string, number>();
  for (const { code } of counts) namesOf.set(code, (namesOf.get(code) ?? 0) + 1);
  const found = new Map<string, Sums>();
  for (const row of counts) {
    const isGrouped = row.code !== '' && (namesOf.get(row.code) ?? 0) > MOST_NAMES_PER_FUNCTION;
    add(found, isGrouped ? { ...row, function_name: row.code } : row);
  }
  return [...found.values()];
}

function add(byFunction: Map<string, Sums>, row: FunctionCounts): void {
  const sums = byFunction.get(row.function_name);
  if (sums === undefined) {
    byFunction.set(row.function_name, { ...row });
    return;
  }
  for (const name of ['n', 'done', 'bad', 'active', 'waiting', 'again'] as const) sums[name] += row[name];
  if (Object.keys(row.held).length === 0) return;
  const held = { ...sums.held };
  for (const [name, amount] of Object.entries(row.held)) setOwnValue(held, name, (ownValue(held, name) ?? 0) + amount);
  sums.held = held;
}
