/** Reads what is kept of jobs: their lanes, and which attempts run. Repairs what a death between two inserts left. */

import { DEPTHS } from '../../model/timeline-tile.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import type { Engine } from '../../store/engine.ts';
import {
  brokenLanes,
  endedJobs,
  keptLanes,
  openInRange,
  openOfJobs,
} from '../../store/queries/timeline/timeline-indexer.ts';
import { type JobKey, jobsParams } from '../../store/queries/timeline/timeline-parts.ts';
import { LEVELS } from '../../store/schema/timeline.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { holdOpen, type JobLanes, jobKey, MOST_OPEN, newJob, type WorkerLanes, workerOf } from './job-lanes.ts';
import { eachRange, rebuildJob } from './rebuild-job.ts';
import type { SliceWriter } from './slice-writer.ts';

/** Parts per step that are looked through for what still runs: the engine holds their ids, and few come here. */
const OPEN_STEP = 500_000;
/** Parts of jobs that are looked through together. */
const TOGETHER = 100_000;
const MOST_LANES = 5_000_000;

export interface JobLoad extends JobKey {
  /** Parts of the job that ever came in. */
  readonly rows: number;
  /** True where all of them are about to be told again: what runs need not be looked for. */
  readonly isAllNew: boolean;
}

/** The jobs in the order asked for. `rest`: called after each step with the ms it took. Rejects with StoreError. */
export async function loadJobs(
  engine: Engine,
  writer: SliceWriter,
  telemetry: Telemetry,
  requested: readonly JobLoad[],
  rest: (ms: number) => Promise<void>,
): Promise<readonly JobLanes[]> {
  const jobs = new Map(requested.map(({ session, job_id }) => [jobKey(session, job_id), newJob(session, job_id)]));
  const params = jobsParams(requested);
  const turn = takeTurns();
  for (const row of await engine.select(keptLanes, params, { maxRows: MOST_LANES })) {
    await turn();
    const job = jobs.get(jobKey(row.session, row.job_id));
    if (job === undefined) continue;
    const worker = workerOf(job, row);
    worker.generation = row.generation;
    if (row.depth < DEPTHS) worker.depths.push({ lane: row.lane, end: row.last_ns });
    else worker.deeper.push({ lane: row.lane, depth: row.depth });
    job.workerOfLane.set(row.lane, worker);
  }
  const known = requested.filter(
    ({ session, job_id }) => (jobs.get(jobKey(session, job_id))?.workerOfLane.size ?? 0) > 0,
  );
  if (known.length > 0) await repair(engine, writer, telemetry, jobs, known);
  const searched = requested.filter(({ isAllNew }) => !isAllNew);
  if (searched.length > 0) await findOpen(engine, jobs, searched, rest);
  return [...jobs.values()];
}

async function repair(
  engine: Engine,
  writer: SliceWriter,
  telemetry: Telemetry,
  jobs: ReadonlyMap<string, JobLanes>,
  known: readonly JobLoad[],
): Promise<void> {
  const lost = new Map<JobLanes, Set<WorkerLanes>>();
  for (const row of await engine.select(brokenLanes, { ...jobsParams(known), levels: LEVELS.length })) {
    const job = jobs.get(jobKey(row.session, row.job_id));
    const worker = job?.workerOfLane.get(row.lane);
    if (job === undefined || worker === undefined) continue;
    lost.set(job, (lost.get(job) ?? new Set()).add(worker));
  }
  for (const [job, workers] of lost) {
    telemetry.log('warn', 'timeline-repair', { session: job.session, job: job.job, workers: workers.size });
    if (!(await writer.relay(job, [...workers]))) await rebuildJob(engine, writer, job);
  }
}

/** What ran when the process before this one ended may not have been heard of since. */
async function findOpen(
  engine: Engine,
  jobs: ReadonlyMap<string, JobLanes>,
  searched: readonly JobLoad[],
  rest: (ms: number) => Promise<void>,
): Promise<void> {
  const ended = new Set(
    (await engine.select(endedJobs, jobsParams(searched))).map(({ session, job_id }) => jobKey(session, job_id)),
  );
  const live = searched.filter(({ session, job_id }) => !ended.has(jobKey(session, job_id)));
  const small = live.filter(({ rows }) => rows <= TOGETHER);
  if (small.length > 0)
    for (const row of await engine.select(openOfJobs, { ...jobsParams(small), most: MOST_OPEN + 1 })) {
      const job = jobs.get(jobKey(row.session, row.job_id));
      if (job !== undefined) holdOpen(job, row);
    }
  for (const { session, job_id, rows } of live) {
    const job = jobs.get(jobKey(session, job_id));
    if (rows <= TOGETHER || job === undefined) continue;
    await eachRange(engine, session, job_id, OPEN_STEP, async (range) => {
      if (job.isOpenLimited) return;
      const began = performance.now();
      const most = MOST_OPEN + 1 - job.open.size;
      for (const row of await engine.select(openInRange, { ...range, most })) holdOpen(job, row);
      // Pages wait for the same engine.
      await rest(performance.now() - began);
    });
  }
}
