/**
 * Brings the timelines of jobs up to what is stored: of which attempts parts came in, how they stand now, what is kept of them, and
 * where the difference goes. Small jobs many at a time; a job most of which is new is made anew inside the engine.
 *
 *   ray_task_attempts --touched since--> merged attempts --not kept yet--> depth on its worker --> timeline_slices
 *                                                        --kept, differs-> its worker gets new lanes
 *                                                        --no end yet----> open
 */
import type { Engine } from '../../store/engine.ts';
import {
  endedWithJob,
  type KeptSlice,
  keptOfTasks,
  keptOfTouched,
  type MergedAttempt,
  touchedAttempts,
} from '../../store/queries/timeline/timeline-indexer.ts';
import { type JobKey, jobsParams } from '../../store/queries/timeline/timeline-parts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type JobLanes, jobKey } from './job-lanes.ts';
import type { KnownJobs } from './known-jobs.ts';
import { type JobLoad, loadJobs } from './load-jobs.ts';
import { eachRange, rebuildJob } from './rebuild-job.ts';
import type { SliceWriter } from './slice-writer.ts';

/** Attempts per step: bounds memory. */
export const STEP = 20_000;
/** Beyond this share of a job, making its timeline anew is cheaper than looking for what is new. */
const MUCH = 0.2;
/** Jobs of one step, and characters of their names, which stand in a statement. */
const STEP_JOBS = 500;
const STEP_NAMES = 60_000;
/** Parts per step that are looked through for what ended with its job. */
const ENDED_STEP = 100_000;
/** Ended jobs that are remembered. */
const MOST_DONE = 20_000;

export interface TouchedJob extends JobKey {
  /** Parts that came in, before they merge, and all that ever came in. */
  readonly touched: number;
  readonly rows: number;
}

export interface JobIndexer {
  /** In memory, read where it was not. Rejects with StoreError. */
  readonly load: (requested: readonly JobLoad[]) => Promise<readonly JobLanes[]>;
  /** Resolves with the jobs that could not be done, and why. `since`: Unix seconds. */
  readonly touched: (news: readonly TouchedJob[], since: number) => Promise<ReadonlyMap<TouchedJob, unknown>>;
  /** What still ran when its job ended. */
  readonly ended: (job: JobKey & { readonly rows: number }) => Promise<void>;
}

/** Steps of jobs that fit together. */
function steps(news: readonly TouchedJob[]): TouchedJob[][] {
  const all: TouchedJob[][] = [];
  let [parts, names] = [0, 0];
  for (const job of news) {
    const open = all.at(-1);
    parts += job.touched;
    names += job.session.length + job.job_id.length;
    if (open !== undefined && parts <= STEP && names <= STEP_NAMES && open.length < STEP_JOBS) {
      open.push(job);
      continue;
    }
    [parts, names] = [job.touched, job.session.length + job.job_id.length];
    all.push([job]);
  }
  return all;
}

const byJob = <Row extends JobKey>(rows: readonly Row[]): ReadonlyMap<string, Row[]> => {
  const all = new Map<string, Row[]>();
  for (const row of rows) {
    const key = jobKey(row.session, row.job_id);
    const list = all.get(key);
    if (list === undefined) all.set(key, [row]);
    else list.push(row);
  }
  return all;
};

export function createJobIndexer(
  engine: Engine,
  writer: SliceWriter,
  telemetry: Telemetry,
  known: KnownJobs,
  counts: { readonly rebuilt: () => void; readonly rest: (ms: number) => Promise<void> },
): JobIndexer {
  /** Jobs that ended, and so did what ran of them: Ray's lists tell of an end again and again. */
  const done = new Set<string>();

  async function load(requested: readonly JobLoad[]): Promise<readonly JobLanes[]> {
    const missing = requested.filter(({ session, job_id }) => known.get(session, job_id) === undefined);
    const read = missing.length > 0 ? await loadJobs(engine, writer, telemetry, missing, counts.rest) : [];
    for (const job of read) {
      known.add(job);
      // What runs is known only now, and lanes may have been repaired.
      known.changed(job.session, job.job);
    }
    const made = new Map(read.map((job) => [jobKey(job.session, job.job), job]));
    return requested.flatMap(
      ({ session, job_id }) => known.get(session, job_id) ?? made.get(jobKey(session, job_id)) ?? [],
    );
  }

  /** Where it fails, what is in memory is not trusted any more. */
  async function guarded(jobs: readonly JobLanes[], work: () => Promise<void>): Promise<void> {
    const changed = (): void => {
      for (const { session, job } of jobs) known.changed(session, job);
    };
    changed();
    try {
      await work();
    } catch (error) {
      for (const job of jobs) known.drop(job);
      throw error;
    } finally {
      // What was read meanwhile may be half of it.
      changed();
    }
  }

  async function rebuild(job: JobLanes): Promise<void> {
    await rebuildJob(engine, writer, job);
    counts.rebuilt();
  }

  async function settle(
    jobs: readonly JobLanes[],
    attempts: readonly MergedAttempt[],
    kept: readonly KeptSlice[],
  ): Promise<readonly JobLanes[]> {
    const [newOf, keptOf] = [byJob(attempts), byJob(kept)];
    return writer.settle(
      jobs.map((job) => {
        const key = jobKey(job.session, job.job);
        return { job, attempts: newOf.get(key) ?? [], kept: keptOf.get(key) ?? [] };
      }),
    );
  }

  /** One step: some jobs, or a part of one. */
  async function step(news: readonly TouchedJob[], jobs: readonly JobLanes[], since: number): Promise<void> {
    const parts = Math.max(1, Math.ceil(news.reduce((sum, { touched }) => sum + touched, 0) / STEP));
    for (let part = 0; part < parts; part++) {
      const share = { ...jobsParams(news), since, parts, part };
      const attempts = await engine.select(touchedAttempts, share);
      // Not side by side: what comes in between must not be among the attempts and missing here.
      const kept = jobs.every(({ workerOfLane }) => workerOfLane.size === 0)
        ? []
        : await engine.select(keptOfTouched, share);
      const anew = await settle(jobs, attempts, kept);
      for (const job of anew) await rebuild(job);
      // All of it is there now.
      if (anew.length > 0 && jobs.length === 1) return;
    }
  }

  async function some(news: readonly TouchedJob[], since: number): Promise<void> {
    const jobs = await load(news.map((one) => ({ ...one, isAllNew: one.touched >= one.rows })));
    await guarded(jobs, async () => {
      const [only] = jobs;
      const [one] = news;
      // What came in seconds ago is asked for twice: not a second time for all of it.
      if (only !== undefined && one !== undefined && one.touched > STEP && one.touched > one.rows * MUCH) {
        if (only.rebuiltOf === `${one.touched}/${one.rows}`) return;
        only.rebuiltOf = `${one.touched}/${one.rows}`;
        await rebuild(only);
        return;
      }
      await step(news, jobs, since);
    });
    known.shrink();
  }

  return {
    load,
    async touched(news, since) {
      const failed = new Map<TouchedJob, unknown>();
      const all = [
        ...steps(news.filter(({ touched }) => touched <= STEP)),
        ...news.filter(({ touched }) => touched > STEP).map((one) => [one]),
      ];
      for (const group of all) {
        try {
          await some(group, since);
        } catch (error) {
          if (group.length === 1 && group[0] !== undefined) failed.set(group[0], error);
          // One of them is to blame: the others are done without it.
          else
            for (const one of group)
              await some([one], since).catch((reason: unknown) => {
                failed.set(one, reason);
              });
        }
      }
      return failed;
    },
    async ended({ session, job_id, rows }) {
      // What comes in later of a job that ended is seen to have ended when it is indexed.
      const key = jobKey(session, job_id);
      if (done.has(key)) return;
      const before = known.get(session, job_id);
      if (before !== undefined && before.open.size === 0 && !before.isOpenLimited) return;
      const [job] = await load([{ session, job_id, rows, isAllNew: false }]);
      if (job === undefined) return;
      await guarded([job], async () => {
        let isMuch = false;
        await eachRange(engine, session, job_id, ENDED_STEP, async (range) => {
          if (isMuch) return;
          const attempts = await engine.select(endedWithJob, { ...range, most: STEP });
          if (attempts.length === 0) return;
          isMuch = attempts.length === STEP;
          if (isMuch) return;
          const tasks = [...new Set(attempts.map(({ task_id }) => task_id))];
          const kept: KeptSlice[] = [];
          for (let from = 0; from < tasks.length; from += 2000)
            for (const slice of await engine.select(keptOfTasks, {
              session,
              job: job_id,
              tasks: tasks.slice(from, from + 2000),
            }))
              kept.push(slice);
          for (const one of await settle([job], attempts, kept)) isMuch ||= one === job;
        });
        if (isMuch) await rebuild(job);
        if (job.open.size === 0) job.isOpenLimited = false;
      });
      if (done.size >= MOST_DONE) done.clear();
      done.add(key);
      known.shrink();
    },
  };
}
