/** Jobs as they stand, with their task counts. */
import { z } from 'zod';
import { IMPORTED_SESSION } from '../../model/task.ts';
import { byKey } from '../../schema/by-key.ts';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';
import { COUNTED_FUNCTIONS, FUNCTION_COUNTS, KEPT_COUNTS, KEPT_JOBS } from './timeline/job-counts.ts';

const Count = z.coerce.number();
const Ns = z.string().nullable();

export interface JobRow {
  readonly cluster: string;
  readonly session: string;
  readonly job_id: string;
  readonly submission_id: string;
  readonly type: string;
  readonly statuses: Record<string, string>;
  readonly entrypoint: string;
  readonly message: string;
  readonly error_type: string;
  readonly start_ns: string | null;
  readonly end_ns: string | null;
  readonly metadata: string;
  readonly driver_node_id: string;
  readonly driver_pid: number | null;
  readonly driver_exit_code: number | null;
  readonly runtime_env: string;
  readonly is_internal: boolean;
  readonly attempts: number;
  readonly finished: number;
  readonly failed: number;
  readonly running: number;
  readonly pending: number;
  readonly retries: number;
  /** Held by running tasks and by living actors, by Ray's resource name (memory in bytes). */
  readonly task_resources: Record<string, number>;
  readonly actor_resources: Record<string, number>;
  readonly functions: readonly [string, string, string, string, string][];
}

/** A session's cluster: the name somebody gave it, else the session itself. */
export const SESSION_CLUSTERS = `(SELECT session, if(max(cluster) = '', session, max(cluster)) AS cluster, max(ray_version) AS ray_version,
  min(first_ns) AS first_ns, max(last_ns) AS last_ns FROM xray.ray_sessions GROUP BY session)`;

/** Parameters session and exact. */
const REQUESTED = `({session:String} = '' OR session = {session:String}) AND ({exact:String} = '' OR job_id = {exact:String})`;

/** What jobStatus (lib/server/jobs/jobs.ts) says of a row, so that a page of one status is cut where the rows are. */
const STATUS = `multiIf(${['SUCCEEDED', 'FAILED', 'STOPPED', 'FINISHED', 'RUNNING', 'PENDING']
  .map((status) => `mapContains(statuses, '${status}'), '${status}'`)
  .join(', ')}, attempts > finished + failed AND NOT startsWith(session, '${IMPORTED_SESSION}'), 'RUNNING', 'UNKNOWN')`;

/**
 * Jobs that have a row of their own or attempts of the user's. A job without a definition whose functions are all
 * Ray's (names that begin with an underscore, the Jobs API's supervisor) is internal. A submission without a driver has
 * its submission id for a job id, until a row with the real one is there.
 * Parameters: session, cluster, job ('' for any; matches job id or submission id); exact: Ray's job id where it is known,
 * so that no other job's attempts are counted, else ''; internal: 1 for internal jobs too; status ('' for any); limit and offset of
 * rows. Newest first. Counts that are kept and still right are taken from job-counts.ts, and
 * those of large jobs even where they are not of now.
 */
export const jobs: Query<JobRow> = {
  name: 'jobs',
  sql: `WITH counts AS (
      SELECT session, job_id, sum(n) AS attempts, sum(done) AS finished, sum(bad) AS failed, sum(active) AS running, toUInt64(sum(waiting)) AS pending,
        toUInt64(sum(again)) AS retries, sumMap(held) AS task_resources, countIf(NOT startsWith(code, '_') AND NOT startsWith(code, 'JobSupervisor.')) AS user_functions,
        CAST(arraySlice(arraySort(x -> tuple(-toInt64(x.2 + x.3 + x.4 + x.5), x.1), groupArrayIf(tuple(function_name, done, bad, active, waiting), n > 0)), 1, 8), '${COUNTED_FUNCTIONS}') AS functions
      FROM (${FUNCTION_COUNTS(`${REQUESTED} AND (session, job_id) NOT IN (${KEPT_JOBS})`)}) GROUP BY session, job_id
      UNION ALL SELECT * FROM (${KEPT_COUNTS}) WHERE ${REQUESTED}
    ), actors AS (
      SELECT session AS actor_session, job_id AS actor_job, sumMap(resources) AS actor_resources FROM (
        SELECT session, job_id, actor_id, JSONExtract(max(required_resources), 'Map(String, Float64)') AS resources, maxMap(state_ns) AS states
        FROM xray.ray_actors WHERE ${REQUESTED} GROUP BY session, job_id, actor_id
        HAVING arrayReduce('argMax', mapKeys(states), mapValues(states)) = 'ALIVE'
      ) GROUP BY session, job_id
    ), known AS (
      SELECT session, job_id, max(submission_id) AS submission_id, max(type) AS type, maxMap(status_ns) AS statuses, max(entrypoint) AS entrypoint,
        max(message) AS message, max(error_type) AS error_type, min(start_ns) AS start_ns, max(end_ns) AS end_ns, max(metadata) AS metadata,
        max(driver_node_id) AS driver_node_id, max(driver_pid) AS driver_pid, max(driver_exit_code) AS driver_exit_code,
        max(runtime_env) AS runtime_env, max(is_internal) AS told_internal
      FROM xray.ray_jobs WHERE ${REQUESTED}
        AND NOT (job_id = ray_jobs.submission_id AND (session, ray_jobs.submission_id) IN (
          SELECT session, submission_id FROM xray.ray_jobs WHERE submission_id != '' AND job_id != submission_id))
      GROUP BY session, job_id
    )
    SELECT if(clusters.cluster = '', found.session, clusters.cluster) AS cluster, found.session AS session, job_id, submission_id, type, statuses, entrypoint, message, error_type,
      start_ns, end_ns, metadata, driver_node_id, driver_pid, driver_exit_code, runtime_env,
      (ifNull(told_internal, 0) = 1 OR (entrypoint = '' AND user_functions = 0)) AS is_internal,
      attempts, finished, failed, running, pending, retries, functions, task_resources, actors.actor_resources AS actor_resources
    FROM (SELECT * FROM known FULL OUTER JOIN counts USING (session, job_id)) AS found
    LEFT JOIN ${SESSION_CLUSTERS} AS clusters ON clusters.session = found.session
    LEFT JOIN actors ON actors.actor_session = found.session AND actors.actor_job = found.job_id
    WHERE ({cluster:String} = '' OR cluster = {cluster:String}) AND ({job:String} = '' OR job_id = {job:String} OR submission_id = {job:String})
      AND ({internal:UInt8} = 1 OR NOT is_internal) AND ({status:String} = '' OR ${STATUS} = {status:String})
    ORDER BY ifNull(start_ns, 0) DESC, found.session DESC, job_id DESC LIMIT {limit:UInt32} OFFSET {offset:UInt64}`,
  row: z.object({
    cluster: z.string(),
    session: z.string(),
    job_id: z.string(),
    submission_id: z.string(),
    type: z.string(),
    statuses: byKey(z.string()),
    entrypoint: z.string(),
    message: z.string(),
    error_type: z.string(),
    start_ns: Ns,
    end_ns: Ns,
    metadata: z.string(),
    driver_node_id: z.string(),
    driver_pid: Count.nullable(),
    driver_exit_code: Count.nullable(),
    runtime_env: z.string(),
    is_internal: z.coerce.boolean(),
    attempts: Count,
    finished: Count,
    failed: Count,
    running: Count,
    pending: Count,
    retries: Count,
    task_resources: byKey(z.number()),
    actor_resources: byKey(z.number()),
    functions: z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()])),
  }),
};

export const completeness: Query<{
  source: string;
  reported: number | null;
  dropped: number | null;
  truncated: boolean;
  reason: string;
}> = {
  name: 'completeness',
  sql: `SELECT source, reported, dropped, truncated, reason
    FROM xray.ray_completeness FINAL WHERE session = {session:String} AND job_id IN ('', {job:String}) ORDER BY source`,
  row: z.object({
    source: z.string(),
    reported: Count.nullable(),
    dropped: Count.nullable(),
    truncated: z.coerce
      .number()
      .nullable()
      .transform((value) => value === 1),
    reason: z.string(),
  }),
};

/** `undefined_attempts`: a definition may come up to a minute after the first state; then it is missing. */
export const storedAttempts: Query<{ stored: number; sources: string[]; undefined_attempts: number; open: number }> = {
  name: 'stored-attempts',
  sql: `SELECT count() AS stored, groupUniqArrayArray(sources) AS sources, countIf(function_name = '' AND created_ns < toUnixTimestamp64Nano(now64(9)) - 60000000000) AS undefined_attempts,
      countIf(closed_by_job) AS open
    FROM ${attemptsWhere('session = {session:String} AND job_id = {job:String}')} WHERE counted`,
  row: z.object({ stored: Count, sources: z.array(z.string()), undefined_attempts: Count, open: Count }),
};
