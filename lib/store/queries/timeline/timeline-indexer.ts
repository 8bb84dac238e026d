/** What the indexer of the timeline asks: which attempts are new, how they stand, and what is kept of them already. */
import { z } from 'zod';
import type { Query } from '../../engine.ts';
import { attemptsWhere } from '../attempts.ts';
import { Hash, type JobKey, OF_JOB, OF_JOBS } from './timeline-parts.ts';

const Count = z.coerce.number();
const Ns = z.string().transform(BigInt);

const KEY = { session: z.string(), job_id: z.string() };

export const keptUntil: Query<{ until: number }> = {
  name: 'timeline-kept-until',
  sql: 'SELECT toUnixTimestamp(until) AS until FROM xray.timeline_kept FINAL',
  row: z.object({ until: z.number() }),
};

const touched = (more: string): string => `SELECT news.session AS session, news.job_id AS job_id, touched, rows FROM
      (SELECT session, job_id, count() AS touched FROM xray.ray_task_attempts WHERE stored >= fromUnixTimestamp({since:UInt32})${more}
        AND (session, job_id) IN (SELECT session, job_id FROM xray.ray_job_parts WHERE job_id != '' AND stored >= fromUnixTimestamp({since:UInt32}))
        GROUP BY session, job_id) AS news
    INNER JOIN (SELECT session, job_id, sum(parts) AS rows FROM xray.ray_job_parts WHERE job_id != ''${more} GROUP BY session, job_id) AS jobs
      ON news.session = jobs.session AND news.job_id = jobs.job_id`;
const TouchedRow = z.object({ ...KEY, touched: Count, rows: Count });

/** Jobs of which parts came in since; `touched`: how many, before they merge, `rows`: all that ever came in of the job. */
export const touchedJobs: Query<JobKey & { touched: number; rows: number }> = {
  name: 'timeline-touched-jobs',
  sql: touched(''),
  row: TouchedRow,
};
/** The same of one job. */
export const touchedJob: Query<JobKey & { touched: number; rows: number }> = {
  name: 'timeline-touched-job',
  sql: touched(` AND ${OF_JOB}`),
  row: TouchedRow,
};

/** Jobs whose end came in since, and that have attempts: what ran ended with them. `rows`: parts of the job. */
export const endedSince: Query<JobKey & { rows: number }> = {
  name: 'timeline-ended-since',
  sql: `SELECT ends.session AS session, ends.job_id AS job_id, rows FROM
      (SELECT session, job_id FROM xray.ray_jobs WHERE job_id != '' GROUP BY session, job_id
        HAVING max(end_ns) > 0 AND max(stored) >= fromUnixTimestamp({since:UInt32})) AS ends
    INNER JOIN (SELECT session, job_id, sum(parts) AS rows FROM xray.ray_job_parts GROUP BY session, job_id) AS jobs
      ON jobs.session = ends.session AND jobs.job_id = ends.job_id`,
  row: z.object({ ...KEY, rows: Count }),
};

/** How many parts ever came in of each of these jobs. */
export const partsOfJobs: Query<JobKey & { rows: number }> = {
  name: 'timeline-parts-of-jobs',
  sql: `SELECT session, job_id, sum(parts) AS rows FROM xray.ray_job_parts WHERE ${OF_JOBS} GROUP BY session, job_id`,
  row: z.object({ ...KEY, rows: Count }),
};

/** Tasks of jobs of which anything came in since; a share of them by hash. */
const TOUCHED = `SELECT task_id FROM xray.ray_task_attempts
  WHERE ${OF_JOBS} AND stored >= fromUnixTimestamp({since:UInt32}) AND cityHash64(task_id) % {parts:UInt32} = {part:UInt32}`;
/** Tasks in a range of ids, both ends open to '' as none. */
export const IN_RANGE = "task_id > {after:String} AND ({until:String} = '' OR task_id <= {until:String})";

export interface MergedAttempt extends JobKey {
  readonly task_id: string;
  readonly attempt: number;
  readonly function_name: string;
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly start_ns: bigint;
  /** 0: goes on. */
  readonly end_ns: bigint;
  readonly failed: number;
  readonly error_type: string;
}

/** Attempts that reached a worker. Those of a task whose definition says a name get it also where their own parts do not. */
export const merged = (which: string): string => `SELECT session, job_id, task_id, attempt,
    if(function_name = '', max(function_name) OVER (PARTITION BY session, job_id, task_id), function_name) AS function_name,
    node_id, worker_id, worker_pid, actor_id, start_ns, end_ns, toUInt8(state = 'FAILED') AS failed, error_type
  FROM ${attemptsWhere(which)} WHERE type != 'DRIVER_TASK'
  QUALIFY start_ns > 0 AND worker_id != '' ORDER BY start_ns`;

export const MergedRow = z.object({
  ...KEY,
  task_id: z.string(),
  attempt: z.number(),
  function_name: z.string(),
  node_id: z.string(),
  worker_id: z.string(),
  worker_pid: z.string().nullable(),
  actor_id: z.string(),
  start_ns: Ns,
  end_ns: Ns,
  failed: z.number(),
  error_type: z.string(),
});

export const touchedAttempts: Query<MergedAttempt> = {
  name: 'timeline-touched-attempts',
  sql: merged(`${OF_JOBS} AND task_id IN (${TOUCHED})`),
  row: MergedRow,
};

const ends = (states: string): string => `hasAny(mapKeys(${states}), ['FINISHED', 'FAILED'])`;
const TELLS_END = `(${ends('state_ns')} OR ${ends('coarse_ns')})`;
/** A part that tells no end: one of states, or one derived where no state was told (attempts.ts). */
const TELLS_NO_END = `NOT ${TELLS_END}
  AND (notEmpty(mapKeys(state_ns)) OR notEmpty(mapKeys(coarse_ns)) OR NOT ${ends('derived_ns')})`;
const BEGAN = ['state_ns', 'coarse_ns', 'derived_ns']
  .map((states) => `has(mapKeys(${states}), 'RUNNING')`)
  .join(' OR ');
/**
 * Tasks with an attempt that began and of which no part tells an end. Only names of states are read: of a merged
 * store nothing but those, of one that waits to be merged also the ids of attempts told in several parts.
 */
const withoutEnd = (which: string): string => `SELECT task_id FROM xray.ray_task_attempts WHERE ${which}
    AND task_id IN (SELECT task_id FROM xray.ray_task_attempts WHERE ${which} AND ${TELLS_NO_END})
  GROUP BY session, job_id, task_id, attempt
  HAVING countIf(${TELLS_END}) = 0 AND countIf(${BEGAN}) > 0`;
const OF_RANGE = `${OF_JOB} AND ${IN_RANGE}`;

/** Those of a range that still run, `most` of them. Few do, so that what they are is read of these alone. */
export const openInRange: Query<MergedAttempt> = {
  name: 'timeline-open-in-range',
  sql: `SELECT * FROM (${merged(`${OF_RANGE} AND task_id IN (${withoutEnd(OF_RANGE)})`)}) WHERE end_ns = 0 LIMIT {most:UInt32}`,
  row: MergedRow,
};

/** The same of some jobs, `most` of each. */
export const openOfJobs: Query<MergedAttempt> = {
  name: 'timeline-open-of-jobs',
  sql: `SELECT * FROM (${merged(`${OF_JOBS} AND task_id IN (${withoutEnd(OF_JOBS)})`)}) WHERE end_ns = 0 LIMIT {most:UInt32} BY session, job_id`,
  row: MergedRow,
};

/** Attempts of a range that ended with their job, `most` of them. */
export const endedWithJob: Query<MergedAttempt> = {
  name: 'timeline-ended-with-job',
  sql: `SELECT * FROM (${merged(`${OF_RANGE} AND task_id IN (${withoutEnd(OF_RANGE)})`)}) WHERE end_ns != 0 LIMIT {most:UInt32}`,
  row: MergedRow,
};

export interface KeptSlice extends JobKey {
  readonly task_id: string;
  readonly attempt: number;
  readonly node: bigint;
  readonly lane: bigint;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly function: string;
  readonly failed: number;
  readonly error: string;
}

const SLICE = 'session, job_id, task_id, attempt, node, lane, start_ns, end_ns, function, failed, error';
const SliceRow = z.object({
  ...KEY,
  task_id: z.string(),
  attempt: z.number(),
  node: Hash,
  lane: Hash,
  start_ns: Ns,
  end_ns: Ns,
  function: z.string(),
  failed: z.number(),
  error: z.string(),
});

export const keptOfTouched: Query<KeptSlice> = {
  name: 'timeline-kept-of-touched',
  sql: `SELECT ${SLICE} FROM xray.timeline_slices FINAL
    WHERE ${OF_JOBS} AND task IN (SELECT cityHash64(task_id) FROM (${TOUCHED}))`,
  row: SliceRow,
};

export const keptOfTasks: Query<KeptSlice> = {
  name: 'timeline-kept-of-tasks',
  sql: `SELECT ${SLICE} FROM xray.timeline_slices FINAL
    WHERE ${OF_JOB} AND task IN (SELECT cityHash64(arrayJoin({tasks:Array(String)})))`,
  row: SliceRow,
};

/** How many slices these lanes hold. */
export const slicesOfLanes: Query<{ slices: number }> = {
  name: 'timeline-slices-of-lanes',
  sql: `SELECT sum(tasks) AS slices FROM xray.timeline_lane_sums
    WHERE ${OF_JOB} AND node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)}`,
  row: z.object({ slices: Count }),
};

export const keptOfLanes: Query<KeptSlice> = {
  name: 'timeline-kept-of-lanes',
  sql: `SELECT ${SLICE} FROM xray.timeline_slices FINAL
    WHERE ${OF_JOB} AND node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)} ORDER BY start_ns`,
  row: SliceRow,
};

/**
 * What may stand in the way of slices between `from` and `until` on these lanes, by start; RowBinary: u64 lane, i64 start, i64 end.
 * At most `most`.
 */
export const keptAround: Query<unknown> = {
  name: 'timeline-kept-around',
  sql: `SELECT lane, start_ns, end_ns FROM xray.timeline_slices FINAL
    WHERE ${OF_JOB} AND node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)} AND end_ns > {from:Int64} AND start_ns < {until:Int64}
    ORDER BY start_ns, end_ns LIMIT {most:UInt32}`,
  row: z.unknown(),
};

export interface KeptLane extends JobKey {
  readonly lane: bigint;
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly depth: number;
  readonly generation: number;
  readonly last_ns: bigint;
}

/** Every lane of jobs that counts, with the end of its last slice. */
export const keptLanes: Query<KeptLane> = {
  name: 'timeline-kept-lanes',
  sql: `SELECT lanes.session AS session, lanes.job_id AS job_id, lanes.lane AS lane, node_id, worker_id, worker_pid, actor_id, depth, generation, last_ns FROM
      (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOBS} AND retired = 0) AS lanes
    LEFT JOIN (SELECT session, job_id, node, lane, max(last_ns) AS last_ns FROM xray.timeline_lane_sums WHERE ${OF_JOBS} GROUP BY session, job_id, node, lane) AS sums
      ON lanes.session = sums.session AND lanes.job_id = sums.job_id AND lanes.node = sums.node AND lanes.lane = sums.lane ORDER BY depth`,
  row: z.object({
    ...KEY,
    lane: Hash,
    node_id: z.string(),
    worker_id: z.string(),
    worker_pid: z.string().nullable(),
    actor_id: z.string(),
    depth: z.number(),
    generation: z.number(),
    last_ns: Ns,
  }),
};

/**
 * Lanes with a name whose slices, level sums and lane sums do not agree: what a death between two inserts leaves behind. Slices on
 * lanes without one are no one's.
 */
export const brokenLanes: Query<JobKey & { lane: bigint }> = {
  name: 'timeline-broken-lanes',
  sql: `SELECT session, job_id, lane FROM (
      SELECT session, job_id, node, lane, count() AS slices, 0 AS summed, 0 AS most, 0 AS named FROM xray.timeline_slices FINAL WHERE ${OF_JOBS} GROUP BY session, job_id, node, lane
      UNION ALL SELECT session, job_id, node, lane, 0, sum(tasks), 0, 0 FROM xray.timeline_lane_sums WHERE ${OF_JOBS} GROUP BY session, job_id, node, lane
      UNION ALL SELECT session, job_id, node, lane, 0, 0, if(min(tasks) = max(tasks) AND count() = {levels:UInt8}, max(tasks), 0), 0 FROM
        (SELECT session, job_id, node, lane, level, sum(tasks) AS tasks FROM xray.timeline_levels WHERE ${OF_JOBS} GROUP BY session, job_id, node, lane, level)
        GROUP BY session, job_id, node, lane
      UNION ALL SELECT session, job_id, node, lane, 0, 0, 0, 1 FROM xray.timeline_lanes FINAL WHERE ${OF_JOBS} AND retired = 0
    ) GROUP BY session, job_id, node, lane
    HAVING sum(named) > 0 AND (sum(slices) != sum(summed) OR sum(slices) != sum(most))`,
  row: z.object({ ...KEY, lane: Hash }),
};

/** Of these jobs, those that ended: their open attempts ended with them. */
export const endedJobs: Query<JobKey> = {
  name: 'timeline-ended-jobs',
  sql: `SELECT session, job_id FROM xray.ray_jobs WHERE ${OF_JOBS} GROUP BY session, job_id HAVING max(end_ns) > 0`,
  row: z.object(KEY),
};
