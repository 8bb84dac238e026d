/** Counts of a job's attempts that are kept (lib/store/schema/timeline-granules.ts), and what they are counted from. */
import { z } from 'zod';
import { byKey } from '../../../schema/by-key.ts';
import type { Query } from '../../engine.ts';
import { attemptsWhere } from '../attempts.ts';
import { OF_JOBS } from './timeline-parts.ts';

const Count = z.coerce.number();

/** Jobs of more parts are never counted while somebody waits. */
const LARGE_PARTS = 200_000;

/**
 * Every job with attempts: how many parts ever came in, when anything last came in that may change its counts, and the
 * moment that the kept counts hold everything before of (null: never counted).
 */
const CHANGES = `SELECT jobs.session AS session, jobs.job_id AS job_id, parts, greatest(jobs.came_in, ends.came_in) AS came_in, counts.until AS until,
    counts.version > 0 AS is_counted, is_counted AND until > came_in AS is_fresh, parts > ${LARGE_PARTS} AS is_large
  FROM (SELECT session, job_id, sum(parts) AS parts, max(stored) AS came_in FROM xray.ray_job_parts GROUP BY session, job_id) AS jobs
  LEFT JOIN (SELECT session, job_id, max(stored) AS came_in FROM xray.ray_jobs GROUP BY session, job_id) AS ends
    ON jobs.session = ends.session AND jobs.job_id = ends.job_id
  LEFT JOIN (SELECT session, job_id, max(until) AS until, max(version) AS version FROM xray.ray_job_counts GROUP BY session, job_id) AS counts
    ON jobs.session = counts.session AND jobs.job_id = counts.job_id`;

/** Jobs whose kept counts are taken as they are: nothing came in since, or there is too much to count them now. */
export const KEPT_JOBS = `SELECT session, job_id FROM (${CHANGES}) WHERE is_fresh OR is_large`;

/** Name, finished, failed, running, pending. */
export const COUNTED_FUNCTIONS = 'Array(Tuple(String, UInt64, UInt64, UInt64, UInt64))';
const COLUMNS =
  'session, job_id, attempts, finished, failed, running, pending, retries, task_resources, user_functions, functions';
/** Ended attempts on the lanes that count. */
const ON_LANES = `SELECT session, job_id, sum(tasks) AS ended, sum(failures) AS lost FROM xray.timeline_lane_sums
  WHERE (session, job_id, node, lane) IN (SELECT session, job_id, node, lane FROM xray.timeline_lanes FINAL WHERE retired = 0) GROUP BY session, job_id`;

/**
 * Kept counts of KEPT_JOBS, but of jobs of driver tasks only, which no list counts; of a large job that was never counted
 * the ended attempts that its timeline holds.
 */
export const KEPT_COUNTS = `SELECT ${COLUMNS} FROM xray.ray_job_counts FINAL WHERE attempts > 0 AND (session, job_id) IN (${KEPT_JOBS})
  UNION ALL SELECT session, job_id, toUInt64(ended) AS attempts, toUInt64(ended - lost) AS finished, toUInt64(lost) AS failed, ${'toUInt64(0), '.repeat(3)}
      CAST(map(), 'Map(String, Float64)'), toUInt64(1), CAST([], '${COUNTED_FUNCTIONS}')
    FROM (SELECT session, job_id FROM (${CHANGES}) WHERE is_large AND NOT is_counted) AS uncounted
    LEFT JOIN (${ON_LANES}) AS lanes ON uncounted.session = lanes.session AND uncounted.job_id = lanes.job_id`;

/** Large jobs whose counts are not of now. `until`: Unix seconds, 0: never counted. */
export const staleCounts: Query<{ session: string; job_id: string; parts: number; until: number }> = {
  name: 'job-counts-stale',
  sql: `SELECT session, job_id, parts, toUnixTimestamp(until) AS until FROM (${CHANGES}) WHERE is_large AND NOT is_fresh ORDER BY session, job_id`,
  row: z.object({ session: z.string(), job_id: z.string(), parts: Count, until: z.number() }),
};

/** Jobs to count: those that nothing came in of since `until`, Unix seconds, and large ones. */
export const uncountedJobs: Query<{ session: string; job_id: string; is_quiet: number; parts: number }> = {
  name: 'job-counts-wanted',
  sql: `SELECT session, job_id, came_in < fromUnixTimestamp({until:UInt32}) AS is_quiet, parts FROM (${CHANGES})
    WHERE NOT is_fresh AND (is_quiet OR is_large) ORDER BY is_large, session, job_id`,
  row: z.object({ session: z.string(), job_id: z.string(), is_quiet: z.number(), parts: Count }),
};

/** What one function's attempts of a job (or of a range of its tasks, which no other range shares) come to. */
export const FUNCTION_COUNTS = (
  condition: string,
): string => `SELECT session, job_id, function_name, any(qualified_name) AS code, count() AS n, countIf(state = 'FINISHED') AS done, countIf(state = 'FAILED') AS bad,
    countIf(state LIKE 'RUNNING%') AS active, n - done - bad - active AS waiting, n - uniqExact(task_id) AS again,
    sumMapIf(JSONExtract(required_resources, 'Map(String, Float64)'), state LIKE 'RUNNING%' AND type = 'NORMAL_TASK') AS held
  FROM ${attemptsWhere(condition)} WHERE counted GROUP BY session, job_id, function_name`;

export interface FunctionCounts {
  readonly session: string;
  readonly job_id: string;
  readonly function_name: string;
  readonly code: string;
  readonly n: number;
  readonly done: number;
  readonly bad: number;
  readonly active: number;
  readonly waiting: number;
  readonly again: number;
  readonly held: Readonly<Record<string, number>>;
}

const FunctionRow = z.object({
  session: z.string(),
  job_id: z.string(),
  function_name: z.string(),
  code: z.string(),
  n: Count,
  done: Count,
  bad: Count,
  active: Count,
  waiting: Count,
  again: Count,
  held: byKey(z.number()),
});

/** Of the tasks of a range of ids, both ends open to '' as none. */
export const countsInRange: Query<FunctionCounts> = {
  name: 'job-counts-in-range',
  sql: FUNCTION_COUNTS(
    "session = {session:String} AND job_id = {job:String} AND task_id > {after:String} AND ({until:String} = '' OR task_id <= {until:String})",
  ),
  row: FunctionRow,
};

/** Of all tasks of some jobs. */
export const countsOfJobs: Query<FunctionCounts> = {
  name: 'job-counts-of-jobs',
  sql: FUNCTION_COUNTS(OF_JOBS),
  row: FunctionRow,
};
