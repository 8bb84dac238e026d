/**
 * Keeps the timeline's slices and levels (lib/store/schema/timeline.ts, lib/decisions/0011) up with the attempts: asks which
 * attempts came in since it last looked, gives each ended one a lane, and inserts it once. Attempts that still run are held
 * in memory and answered beside the levels.
 *
 *   ray_task_attempts --touched since--> merged attempts --not kept yet--> depth on its worker --> timeline_slices
 *                                                        --kept, differs-> its worker gets new lanes
 *                                                        --no end yet----> open
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import { Depth } from '../../analysis/lane-depths.ts';
import type { Engine } from '../../store/engine.ts';
import {
  attemptsOfTasks,
  brokenLanes,
  endedJobs,
  keptLanes,
  keptOfTouched,
  keptUntil,
  openInRange,
  touchedAttempts,
  touchedJobs,
  unsettledJobs,
} from '../../store/queries/timeline-keeper.ts';
import { LEVELS } from '../../store/schema/timeline.ts';
import { createJobCounter } from '../job-counts.ts';
import type { Telemetry } from '../telemetry.ts';
import { type JobLanes, keyOf, type OpenSlice, openSlice, workerOf } from './job-lanes.ts';
import { eachRange, rebuildJob } from './rebuild-job.ts';
import { createSliceWriter } from './slice-writer.ts';

const PAUSE_MS = 1_000;
/** Jobs whose lanes stay in memory when nothing of them runs. */
const JOBS_HELD = 100;
/** The keeper works at most a fifth of the time. */
const REST = 4;
/** `stored` is in whole seconds and set when an insert begins: what came in so shortly before is asked for again. */
const SLACK_S = 2;
/** Attempts per step: bounds memory. */
const STEP = 20_000;
/** Parts per step that are looked through for what still runs: the engine holds their ids, and few come here. */
const OPEN_STEP = 500_000;
/** Beyond this share of a job, making its timeline anew is cheaper than looking for what is new. */
const MUCH = 0.2;

export interface TimelineKeeper {
  /** Running attempts of a job that the keeper has seen. */
  readonly open: (session: string, job: string) => readonly OpenSlice[];
  /** True while much of a job waits to be kept: what timelines hold of it is not all. */
  readonly isMaking: (session: string, job: string) => boolean;
  /** Another number whenever slices or lanes of a job may have changed; while they change, too. */
  readonly revision: (session: string, job: string) => number;
  /** Does what there is to do now; resolves when the timeline holds every attempt that was stored before the call. */
  readonly keep: () => Promise<void>;
  /** Resolves when no job is being counted (job-counts.ts). */
  readonly counted: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `writingSince`: when the insert that goes on began, Unix ms, because its rows may carry that moment and not be there yet. */
export function createTimelineKeeper(
  engine: Engine,
  telemetry: Telemetry,
  writingSince: () => number | null,
): TimelineKeeper {
  const jobs = new Map<string, JobLanes>();
  const registers = [telemetry.registry];
  const kept = new Counter({ name: 'xray_timeline_slices_total', help: 'Slices kept for timelines.', registers });
  const relaid = new Counter({
    name: 'xray_timeline_relaid_workers_total',
    help: 'Workers whose slices got new lanes, because what was kept of them changed.',
    registers,
  });
  const rebuilt = new Counter({
    name: 'xray_timeline_rebuilt_jobs_total',
    help: 'Jobs whose timeline was made anew.',
    registers,
  });
  new Gauge({
    name: 'xray_timeline_behind_seconds',
    help: 'Age of the newest moment up to which timelines hold everything that was stored.',
    registers,
    collect() {
      this.set(Date.now() / 1000 - (since ?? Date.now() / 1000));
    },
  });
  const counter = createJobCounter(engine, telemetry);
  let since: number | null = null;
  let version = 0n;
  const nextVersion = (): bigint => {
    const now = BigInt(Date.now()) * 1000n;
    version = now > version ? now : version + 1n;
    return version;
  };

  const writer = createSliceWriter(engine, { kept, relaid }, nextVersion);
  /** Jobs of which so much is new that it takes a while until it is kept. */
  let making = new Set<string>();

  let changes = 0;
  const revisions = new Map<string, number>();
  const changed = (key: string): void => void revisions.set(key, ++changes);

  async function jobLanes(session: string, job: string): Promise<JobLanes> {
    const key = `${session}/${job}`;
    const known = jobs.get(key);
    if (known) {
      // The newest last.
      jobs.delete(key);
      jobs.set(key, known);
      return known;
    }
    const made: JobLanes = {
      session,
      job,
      workers: new Map(),
      retired: new Set(),
      workerOfLane: new Map(),
      open: new Map(),
      rebuiltOf: '',
    };
    for (const row of await engine.select(keptLanes, { session, job })) {
      if (row.retired === 1) {
        made.retired.add(row.lane);
        continue;
      }
      const worker = workerOf(made, row.node_id, row.worker_id);
      worker.generation = row.generation;
      worker.depths[row.depth] = { lane: row.lane, track: new Depth(row.last_ns) };
      made.workerOfLane.set(row.lane, worker);
    }
    for (const worker of made.workers.values()) worker.depths = worker.depths.filter((depth) => depth !== undefined);
    const broken = await engine.select(brokenLanes, { session, job, levels: LEVELS.length });
    const lost = new Set(
      broken.map(({ lane }) => made.workerOfLane.get(lane)).filter((worker) => worker !== undefined),
    );
    for (const { lane } of broken) if (!made.workerOfLane.has(lane)) made.retired.add(lane);
    if (lost.size > 0) telemetry.log('warn', 'timeline-repair', { session, job, workers: lost.size });
    for (const worker of lost) await writer.relay(made, worker, new Set(), []);
    // What ran when the process before this one ended may not have been heard of since.
    if (
      made.workerOfLane.size > 0 &&
      (await engine.select(endedJobs, { jobs: [job] })).every((one) => one.session !== session)
    )
      await eachRange(engine, session, job, OPEN_STEP, async (range) => {
        const began = performance.now();
        for (const row of await engine.select(openInRange, range)) made.open.set(keyOf(row), openSlice(row));
        // Pages wait for the same engine.
        await sleep(performance.now() - began, undefined, { signal: stop.signal });
      });
    jobs.set(key, made);
    // What runs is known only now, and lanes may have been repaired.
    changed(key);
    return made;
  }

  async function keepJob(session: string, name: string, since: number, touched: number, rows: number): Promise<void> {
    const job = await jobLanes(session, name);
    const which = { session, job: name };
    await guarded(job, async () => {
      // What came in seconds ago is asked for twice: not a second time for all of it.
      if (touched > STEP && touched > rows * MUCH && job.rebuiltOf !== `${touched}/${rows}`) {
        job.rebuiltOf = `${touched}/${rows}`;
        await rebuildJob(engine, writer, job);
        rebuilt.inc();
        return;
      }
      const parts = Math.max(1, Math.ceil(touched / STEP));
      for (let part = 0; part < parts; part++) {
        const share = { ...which, since, parts, part };
        const attempts = await engine.select(touchedAttempts, share);
        // Not side by side: what comes in between must not be among the attempts and missing here.
        const keptRows = job.workerOfLane.size === 0 ? [] : await engine.select(keptOfTouched, share);
        await writer.settle(job, attempts, keptRows);
      }
    });
  }

  /** Where it fails, what is in memory may be ahead of what was stored: it is read again, and checked, next time. */
  async function guarded(job: JobLanes, work: () => Promise<void>): Promise<void> {
    const key = `${job.session}/${job.job}`;
    changed(key);
    try {
      await work();
    } catch (error) {
      jobs.delete(key);
      throw error;
    } finally {
      // What was read meanwhile may be half of it.
      changed(key);
    }
  }

  /** Open attempts of jobs that ended, ended with them; nothing need have come in of the attempts themselves. */
  async function endWithJobs(): Promise<void> {
    const open = [...jobs.values()].filter((job) => job.open.size > 0);
    if (open.length === 0) return;
    const ended = await engine.select(endedJobs, { jobs: [...new Set(open.map(({ job }) => job))] });
    for (const { session, job_id } of ended) {
      const job = jobs.get(`${session}/${job_id}`);
      if (job === undefined || job.open.size === 0) continue;
      const tasks = [...new Set([...job.open.values()].map(({ taskId }) => taskId))];
      await guarded(job, async () => {
        for (let from = 0; from < tasks.length; from += 2000) {
          const some = tasks.slice(from, from + 2000);
          const attempts = await engine.select(attemptsOfTasks, { session, job: job_id, tasks: some });
          // Earlier attempts of the same tasks are kept already.
          await writer.settle(
            job,
            attempts.filter((row) => job.open.has(keyOf(row))),
            [],
          );
        }
      });
    }
  }

  /** Where the process before this one left off; what ran then may have ended with its job since. */
  async function takeOver(): Promise<number> {
    const until = (await engine.select(keptUntil))[0]?.until ?? 0;
    for (const { session, job_id, ended, rows } of await engine.select(unsettledJobs, { since: until })) {
      if (ended === 1) await keepJob(session, job_id, 0, rows, rows);
      else await jobLanes(session, job_id);
    }
    return until;
  }

  async function look(): Promise<void> {
    const began = Math.floor((writingSince() ?? Date.now()) / 1000);
    since ??= await takeOver();
    const news = await engine.select(touchedJobs, { since });
    making = new Set(news.filter(({ touched }) => touched > STEP).map(({ session, job_id }) => `${session}/${job_id}`));
    for (const { session, job_id, touched, rows } of news) {
      await keepJob(session, job_id, since, touched, rows);
      making.delete(`${session}/${job_id}`);
    }
    await endWithJobs();
    for (const [key, job] of jobs) {
      if (jobs.size <= JOBS_HELD) break;
      if (job.open.size === 0) jobs.delete(key);
    }
    const until = Math.max(0, began - SLACK_S);
    if (until > since) {
      await engine.insert('xray.timeline_kept', [{ id: 1, until, version: nextVersion() }]);
      since = until;
    }
    counter.start(until);
  }

  let closed = false;
  const stop = new AbortController();
  let working: Promise<void> = Promise.resolve();
  /** One look after the other, whoever asks. */
  function keep(): Promise<void> {
    const next = working.then(look);
    working = next.catch(() => {});
    return next;
  }
  async function loop(): Promise<void> {
    let failures = 0;
    while (!closed) {
      const began = performance.now();
      try {
        await keep();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!closed) telemetry.log('error', 'timeline-keeper', { error: String(error), failures });
      }
      const spent = performance.now() - began;
      const pause = Math.max(PAUSE_MS, spent * REST, failures > 0 ? Math.min(60_000, 1000 * 2 ** failures) : 0);
      await sleep(pause, undefined, { signal: stop.signal }).catch(() => {});
    }
  }
  const looping = loop();

  return {
    open: (session, job) => [...(jobs.get(`${session}/${job}`)?.open.values() ?? [])],
    isMaking: (session, job) => making.has(`${session}/${job}`),
    revision: (session, job) => revisions.get(`${session}/${job}`) ?? 0,
    keep,
    counted: counter.settled,
    async close() {
      closed = true;
      stop.abort();
      await counter.close();
      await looping;
      await working;
    },
  };
}
