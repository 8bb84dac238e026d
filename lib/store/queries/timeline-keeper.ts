/** What the keeper of the timeline asks: which attempts are new, how they stand, and what is kept of them already. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';
import { Hash, OF_JOB } from './timeline-parts.ts';

const Count = z.coerce.number();
const Ns = z.string().transform(BigInt);

export interface JobKey {
  readonly session: string;
  readonly job_id: string;
}

export const keptUntil: Query<{ until: number }> = {
  name: 'timeline-kept-until',
  sql: 'SELECT toUnixTimestamp(until) AS until FROM xray.timeline_kept FINAL',
  row: z.object({ until: z.number() }),
};

/** Jobs of which parts came in since; `parts` before they merge, `rows` that ever came in of the job. */
export const touchedJobs: Query<JobKey & { touched: number; rows: number }> = {
  name: 'timeline-touched-jobs',
  sql: `SELECT news.session AS session, news.job_id AS job_id, touched, rows FROM
      (SELECT session, job_id, count() AS touched FROM xray.ray_task_attempts WHERE stored >= fromUnixTimestamp({since:UInt32})
        AND (session, job_id) IN (SELECT session, job_id FROM xray.ray_job_parts WHERE job_id != '' AND stored >= fromUnixTimestamp({since:UInt32}))
        GROUP BY session, job_id) AS news
    INNER JOIN (SELECT session, job_id, sum(parts) AS rows FROM xray.ray_job_parts GROUP BY session, job_id) AS jobs
      ON news.session = jobs.session AND news.job_id = jobs.job_id`,
  row: z.object({ session: z.string(), job_id: z.string(), touched: Count, rows: Count }),
};

/** Jobs that go on, or whose end came in since: their open attempts need not be heard of again. `rows`: parts of the job. */
export const unsettledJobs: Query<JobKey & { ended: number; rows: number }> = {
  name: 'timeline-unsettled-jobs',
  sql: `SELECT session, job_id, ifNull(ended_ns, 0) > 0 AS ended, rows FROM
      (SELECT session, job_id, sum(parts) AS rows FROM xray.ray_job_parts WHERE job_id != '' GROUP BY session, job_id) AS jobs
    LEFT JOIN (SELECT session, job_id, max(end_ns) AS ended_ns, max(stored) AS stored FROM xray.ray_jobs GROUP BY session, job_id) AS ends
      ON jobs.session = ends.session AND jobs.job_id = ends.job_id
    WHERE ifNull(ended_ns, 0) = 0 OR ends.stored >= fromUnixTimestamp({since:UInt32})`,
  row: z.object({ session: z.string(), job_id: z.string(), ended: z.number(), rows: Count }),
};

/** Tasks of a job of which anything came in since; a share of them by hash. */
const TOUCHED = `SELECT task_id FROM xray.ray_task_attempts
  WHERE ${OF_JOB} AND stored >= fromUnixTimestamp({since:UInt32}) AND cityHash64(task_id) % {parts:UInt32} = {part:UInt32}`;
/** Tasks in a range of ids, both ends open to '' as none. */
const IN_RANGE = "task_id > {after:String} AND ({until:String} = '' OR task_id <= {until:String})";

export interface MergedAttempt {
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
const merged = (which: string): string => `SELECT task_id, attempt,
    if(function_name = '', max(function_name) OVER (PARTITION BY task_id), function_name) AS function_name,
    node_id, worker_id, worker_pid, actor_id, start_ns, end_ns, toUInt8(state = 'FAILED') AS failed, error_type
  FROM ${attemptsWhere(`${OF_JOB} AND ${which}`)} WHERE type != 'DRIVER_TASK'
  QUALIFY start_ns > 0 AND worker_id != '' ORDER BY start_ns`;

const MergedRow = z.object({
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
  sql: merged(`task_id IN (${TOUCHED})`),
  row: MergedRow,
};

/** Ended attempts of a range, as REBUILD has them. */
export const REBUILD =
  'xray.timeline_rebuild (node_id, worker_id, start_ns, end_ns, task_id, attempt, function, failed, error, worker_pid, actor_id)';
export const endedInRange: Query<unknown> = {
  name: 'timeline-ended-in-range',
  sql: `SELECT node_id, worker_id, start_ns, end_ns, task_id, attempt, function_name, failed, error_type, worker_pid, actor_id
    FROM (${merged(IN_RANGE)}) WHERE end_ns != 0`,
  row: z.unknown(),
};

export const rebuiltNodes: Query<{ node_id: string }> = {
  name: 'timeline-rebuilt-nodes',
  sql: 'SELECT DISTINCT node_id FROM xray.timeline_rebuild ORDER BY node_id',
  row: z.object({ node_id: z.string() }),
};

/** Workers of a node; `overlapping`: how many of their slices start before one ended that started earlier. */
export const rebuiltWorkers: Query<{
  worker_id: string;
  overlapping: number;
  last_ns: bigint;
  worker_pid: string | null;
  actor_id: string;
}> = {
  name: 'timeline-rebuilt-workers',
  sql: `SELECT worker_id, countIf(start_ns < before) AS overlapping, max(greatest(start_ns, end_ns)) AS last_ns, max(worker_pid) AS worker_pid, max(actor_id) AS actor_id FROM (
      SELECT worker_id, start_ns, end_ns, worker_pid, actor_id, max(greatest(start_ns, end_ns)) OVER
        (PARTITION BY worker_id ORDER BY start_ns, end_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM xray.timeline_rebuild WHERE node_id = {nodeId:String}
    ) GROUP BY worker_id ORDER BY worker_id`,
  row: z.object({
    worker_id: z.string(),
    overlapping: Count,
    last_ns: Ns,
    worker_pid: z.string().nullable(),
    actor_id: z.string(),
  }),
};

/** Slices of workers that never overlap, as SLICES has them: lane i is worker i's. */
export const SLICES =
  'xray.timeline_slices (session, job_id, node, lane, start_ns, end_ns, task_id, attempt, function, failed, error)';
export const rebuiltSlices: Query<unknown> = {
  name: 'timeline-rebuilt-slices',
  sql: `SELECT {session:String}, {job:String}, {node:UInt64}, transform(worker_id, {workers:Array(String)}, {lanes:Array(UInt64)}, toUInt64(0)) AS lane,
      start_ns, end_ns, task_id, attempt, function, failed, error
    FROM xray.timeline_rebuild WHERE node_id = {nodeId:String} AND worker_id IN {workers:Array(String)}`,
  row: z.unknown(),
};

export const rebuiltOfWorker: Query<MergedAttempt> = {
  name: 'timeline-rebuilt-of-worker',
  sql: `SELECT task_id, attempt, function AS function_name, node_id, worker_id, worker_pid, actor_id, start_ns, end_ns, failed, error AS error_type
    FROM xray.timeline_rebuild WHERE node_id = {nodeId:String} AND worker_id = {worker:String} ORDER BY start_ns`,
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
 * Tasks of a range with an attempt that began and of which no part tells an end. Only names of states are read: of a merged
 * store nothing but those, of one that waits to be merged also the ids of attempts told in several parts.
 */
const TASKS_WITHOUT_END = `SELECT task_id FROM xray.ray_task_attempts WHERE ${OF_JOB} AND ${IN_RANGE}
    AND task_id IN (SELECT task_id FROM xray.ray_task_attempts WHERE ${OF_JOB} AND ${IN_RANGE} AND ${TELLS_NO_END})
  GROUP BY task_id, attempt
  HAVING countIf(${TELLS_END}) = 0 AND countIf(${BEGAN}) > 0`;

/** Those of a range that still run. Few do, so that what they are is read of these alone. */
export const openInRange: Query<MergedAttempt> = {
  name: 'timeline-open-in-range',
  sql: `SELECT * FROM (${merged(`${IN_RANGE} AND task_id IN (${TASKS_WITHOUT_END})`)}) WHERE end_ns = 0`,
  row: MergedRow,
};

export const attemptsOfTasks: Query<MergedAttempt> = {
  name: 'timeline-attempts-of-tasks',
  sql: merged('task_id IN {tasks:Array(String)}'),
  row: MergedRow,
};

/** The last of the next `count` parts by task id; '' behind the end. */
export const rangeEnd: Query<{ until: string }> = {
  name: 'timeline-range-end',
  sql: `SELECT max(task_id) AS until FROM
    (SELECT task_id FROM xray.ray_task_attempts WHERE ${OF_JOB} AND task_id > {after:String} ORDER BY task_id LIMIT {count:UInt32})`,
  row: z.object({ until: z.string() }),
};

export interface KeptSlice {
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

const SLICE = 'task_id, attempt, node, lane, start_ns, end_ns, function, failed, error';
const SliceRow = z.object({
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
    WHERE ${OF_JOB} AND task IN (SELECT cityHash64(task_id) FROM (${TOUCHED}))`,
  row: SliceRow,
};

export const keptOfLanes: Query<KeptSlice> = {
  name: 'timeline-kept-of-lanes',
  sql: `SELECT ${SLICE} FROM xray.timeline_slices FINAL
    WHERE ${OF_JOB} AND node = {node:UInt64} AND lane IN {lanes:Array(UInt64)} ORDER BY start_ns`,
  row: SliceRow,
};

/** What may stand in the way of slices that start at `from` or later on these lanes. */
export const keptAround: Query<{ node: bigint; lane: bigint; start_ns: bigint; end_ns: bigint }> = {
  name: 'timeline-kept-around',
  sql: `SELECT node, lane, start_ns, end_ns FROM xray.timeline_slices FINAL
    WHERE ${OF_JOB} AND node IN {nodes:Array(UInt64)} AND lane IN {lanes:Array(UInt64)} AND end_ns > {from:Int64}`,
  row: z.object({ node: Hash, lane: Hash, start_ns: Ns, end_ns: Ns }),
};

export interface KeptLane {
  readonly node: bigint;
  readonly lane: bigint;
  readonly node_id: string;
  readonly worker_id: string;
  readonly depth: number;
  readonly generation: number;
  readonly retired: number;
  readonly last_ns: bigint;
}

/** Every lane of a job, those that no longer count among them, with the end of its last slice. */
export const keptLanes: Query<KeptLane> = {
  name: 'timeline-kept-lanes',
  sql: `SELECT node, lane, node_id, worker_id, depth, generation, retired, last_ns FROM
      (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}) AS lanes
    LEFT JOIN (SELECT node, lane, max(last_ns) AS last_ns FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane) AS sums
      ON lanes.node = sums.node AND lanes.lane = sums.lane ORDER BY depth`,
  row: z.object({
    node: Hash,
    lane: Hash,
    node_id: z.string(),
    worker_id: z.string(),
    depth: z.number(),
    generation: z.number(),
    retired: z.number(),
    last_ns: Ns,
  }),
};

/**
 * Lanes whose slices, level sums and lane sums do not agree, or that have slices and no name: what a death between two
 * inserts leaves behind.
 */
export const brokenLanes: Query<{ node: bigint; lane: bigint }> = {
  name: 'timeline-broken-lanes',
  sql: `SELECT node, lane FROM (
      SELECT node, lane, count() AS slices, 0 AS summed, 0 AS most, 0 AS named FROM xray.timeline_slices FINAL WHERE ${OF_JOB} GROUP BY node, lane
      UNION ALL SELECT node, lane, 0, sum(tasks), 0, 0 FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane
      UNION ALL SELECT node, lane, 0, 0, if(min(tasks) = max(tasks) AND count() = {levels:UInt8}, max(tasks), 0), 0 FROM
        (SELECT node, lane, level, sum(tasks) AS tasks FROM xray.timeline_levels WHERE ${OF_JOB} GROUP BY node, lane, level) GROUP BY node, lane
      UNION ALL SELECT node, lane, 0, 0, 0, 1 FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0
    ) GROUP BY node, lane
    HAVING sum(named) > 0 AND (sum(slices) != sum(summed) OR sum(slices) != sum(most)) OR sum(named) = 0 AND sum(slices) > 0 AND
      (node, lane) NOT IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 1)`,
  row: z.object({ node: Hash, lane: Hash }),
};

/** Jobs that ended: their open attempts end with them. */
export const endedJobs: Query<JobKey> = {
  name: 'timeline-ended-jobs',
  sql: `SELECT session, job_id FROM xray.ray_jobs WHERE job_id IN {jobs:Array(String)}
    GROUP BY session, job_id HAVING max(end_ns) > 0`,
  row: z.object({ session: z.string(), job_id: z.string() }),
};
