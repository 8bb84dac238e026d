/** Sessions of clusters with what was heard of them, their nodes in numbers, and their jobs without task counts. */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';

const Count = z.coerce.number();
const Ns = z.string().nullable();

export interface SeenSessionRow {
  readonly session: string;
  /** '' where nobody named it. */
  readonly cluster: string;
  readonly ray_version: string;
  readonly first_ns: string | null;
  readonly last_ns: string | null;
  /** `events`, `state-api`, `prometheus`, `traces`. */
  readonly sources: readonly string[];
  readonly nodes_told: number;
  readonly nodes_alive: number;
  /** Logical resources of the nodes that have not ended; of all nodes where every one has. */
  readonly cpus: number;
  readonly gpus: number;
}

/** Every session, newest first: by the first word of it, or by the start of its first node where that was earlier. */
export const seenSessions: Query<SeenSessionRow> = {
  name: 'heard-sessions',
  sql: `WITH named AS (
      SELECT session, max(cluster) AS cluster, max(ray_version) AS ray_version, min(first_ns) AS first_ns, max(last_ns) AS last_ns
      FROM xray.ray_sessions GROUP BY session
    ), heard AS (
      SELECT session, groupUniqArray(source) AS sources, min(first_ns) AS first_ns, max(last_ns) AS last_ns
      FROM xray.ray_heard GROUP BY session
    ), nodes AS (
      SELECT session, count() AS told, countIf(end_ns IS NULL) AS alive, min(start_ns) AS start_ns,
        if(alive = 0, sum(JSONExtractFloat(resources, 'CPU')), sumIf(JSONExtractFloat(resources, 'CPU'), end_ns IS NULL)) AS cpus,
        if(alive = 0, sum(JSONExtractFloat(resources, 'GPU')), sumIf(JSONExtractFloat(resources, 'GPU'), end_ns IS NULL)) AS gpus
      FROM (SELECT session, node_id, min(start_ns) AS start_ns, min(end_ns) AS end_ns, max(resources) AS resources FROM xray.ray_nodes GROUP BY session, node_id)
      GROUP BY session
    )
    SELECT seen.session AS session, named.cluster AS cluster, named.ray_version AS ray_version,
      arrayMin(arrayFilter(ns -> isNotNull(ns), [named.first_ns, heard.first_ns, nodes.start_ns])) AS first_ns,
      arrayMax(arrayFilter(ns -> isNotNull(ns), [named.last_ns, heard.last_ns])) AS last_ns,
      arraySort(heard.sources) AS sources, nodes.told AS nodes_told, nodes.alive AS nodes_alive, nodes.cpus AS cpus, nodes.gpus AS gpus
    FROM (SELECT session FROM named UNION DISTINCT SELECT session FROM heard) AS seen
    LEFT JOIN named ON named.session = seen.session LEFT JOIN heard ON heard.session = seen.session
    LEFT JOIN nodes ON nodes.session = seen.session
    WHERE seen.session != '' ORDER BY ifNull(first_ns, 0) DESC, session DESC`,
  row: z.object({
    session: z.string(),
    cluster: z.string(),
    ray_version: z.string(),
    first_ns: Ns,
    last_ns: Ns,
    sources: z.array(z.string()),
    nodes_told: Count,
    nodes_alive: Count,
    cpus: Count,
    gpus: Count,
  }),
};

export interface SessionJobRow {
  readonly session: string;
  readonly job_id: string;
  readonly statuses: Record<string, string>;
  readonly metadata: string;
  readonly start_ns: string | null;
  readonly end_ns: string | null;
  readonly attempts: number;
  readonly finished: number;
  readonly failed: number;
}

/**
 * The users' jobs of every session, newest first: the same jobs that the query `jobs` gives, without counting their tasks.
 * Attempts are looked at only for jobs that have no definition: whose they are is told by their functions' names.
 */
export const sessionJobs: Query<SessionJobRow> = {
  name: 'session-jobs',
  sql: `WITH known AS (
      SELECT session, job_id, maxMap(status_ns) AS statuses, max(entrypoint) AS entrypoint, max(metadata) AS metadata,
        min(start_ns) AS start_ns, max(end_ns) AS end_ns, max(is_internal) AS told_internal
      FROM xray.ray_jobs
      WHERE NOT (job_id = ray_jobs.submission_id AND (session, ray_jobs.submission_id) IN (
        SELECT session, submission_id FROM xray.ray_jobs WHERE submission_id != '' AND job_id != submission_id))
      GROUP BY session, job_id
    ), counts AS (
      SELECT session, job_id, count() AS attempts, countIf(state = 'FINISHED') AS finished, countIf(state = 'FAILED') AS failed,
        countIf(NOT startsWith(qualified_name, '_') AND NOT startsWith(qualified_name, 'JobSupervisor.')) AS user_attempts
      FROM ${attemptsWhere(`(session, job_id) NOT IN (
        SELECT session, job_id FROM xray.ray_jobs GROUP BY session, job_id HAVING max(entrypoint) != '')`)}
      WHERE counted GROUP BY session, job_id
    )
    SELECT session, job_id, statuses, metadata, start_ns, end_ns, attempts, finished, failed
    FROM known FULL OUTER JOIN counts USING (session, job_id)
    WHERE ifNull(told_internal, 0) != 1 AND (entrypoint != '' OR user_attempts > 0)
    ORDER BY ifNull(start_ns, 0) DESC, session DESC, job_id DESC`,
  row: z.object({
    session: z.string(),
    job_id: z.string(),
    statuses: byKey(z.string()),
    metadata: z.string(),
    start_ns: Ns,
    end_ns: Ns,
    attempts: Count,
    finished: Count,
    failed: Count,
  }),
};

/** Sessions whose nodes are named by spans of the last {seconds:UInt32} s, with the newest span's time. */
export const tracedSessions: Query<{ session: string; last_ns: string }> = {
  name: 'traced-sessions',
  sql: `SELECT nodes.session AS session, toString(max(spans.last)) AS last_ns
    FROM (SELECT SpanAttributes['ray.node_id'] AS node_id, max(toUnixTimestamp64Nano(Timestamp)) AS last FROM xray.otel_traces
      PREWHERE Timestamp > now64(9) - toIntervalSecond({seconds:UInt32}) WHERE node_id != '' GROUP BY node_id) AS spans
    INNER JOIN (SELECT DISTINCT session, node_id FROM xray.ray_nodes) AS nodes ON nodes.node_id = spans.node_id
    GROUP BY nodes.session`,
  row: z.object({ session: z.string(), last_ns: z.string() }),
};
