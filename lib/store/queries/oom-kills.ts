/**
 * Kills by Ray's memory monitor, one row per killed process, and the attempts that may have run in those processes.
 * Two queries, because ClickHouse evaluates a common table expression once per mention and merging attempts is the
 * expensive part. Times are ns as decimal text; bytes are float64.
 */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';

const Empty = z.string().transform((text) => (text === '' ? null : text));
const Count = z.coerce.number().nullable();

export interface OomKillRow {
  readonly session: string;
  readonly time_ns: string;
  /** '' where no message says it. */
  readonly kind: string;
  readonly name: string;
  readonly node_id: string | null;
  readonly node_ip: string | null;
  readonly job_id: string | null;
  readonly task_id: string | null;
  readonly attempt: number | null;
  readonly actor_id: string | null;
  readonly actor_state: string | null;
  readonly worker_id: string | null;
  readonly worker_type: string | null;
  readonly pid: number | null;
  readonly used_bytes: number | null;
  readonly node_used_bytes: number | null;
  readonly node_total_bytes: number | null;
  readonly node_threshold_bytes: number | null;
  readonly others: string;
  readonly sources: string[];
  readonly message: string;
}

/** Newest first. Parameters: session ('' for any), from, to (ns, half-open), limit. */
export const oomKills: Query<OomKillRow> = {
  name: 'oom-kills',
  sql: `SELECT kills.session AS session, toString(kills.killed_ns) AS time_ns, kills.said AS kind, kills.called AS name, kills.node AS node_id,
      kills.ip AS node_ip, kills.job AS job_id, kills.task AS task_id, kills.try AS attempt, kills.actor AS actor_id,
      if(empty(actors.states), '', arrayReduce('argMax', mapKeys(actors.states), mapValues(actors.states))) AS actor_state,
      kills.worker AS worker_id, workers.type AS worker_type, ifNull(kills.process, workers.pid) AS pid, ifNull(kills.exact, kills.printed) AS used_bytes,
      kills.node_used AS node_used_bytes, kills.node_total AS node_total_bytes,
      kills.node_threshold AS node_threshold_bytes, kills.beside AS others, kills.told_by AS sources, kills.report AS message
    FROM (
      SELECT session, victim, min(time_ns) AS killed_ns, max(kind) AS said, max(name) AS called, max(node_id) AS node, max(node_ip) AS ip,
        max(job_id) AS job, max(task_id) AS task, max(attempt) AS try, max(actor_id) AS actor, max(worker_id) AS worker, max(pid) AS process,
        max(used_bytes) AS exact, max(used_reported_bytes) AS printed, max(node_used_bytes) AS node_used, max(node_total_bytes) AS node_total,
        max(node_threshold_bytes) AS node_threshold, max(others) AS beside, groupUniqArrayArray(sources) AS told_by, max(message) AS report
      FROM xray.ray_oom_kills WHERE ({session:String} = '' OR session = {session:String}) GROUP BY session, victim
      HAVING killed_ns >= {from:Int64} AND killed_ns < {to:Int64} ORDER BY killed_ns DESC, victim LIMIT {limit:UInt32}
    ) AS kills
    LEFT JOIN (
      SELECT session, worker_id, max(pid) AS pid, max(type) AS type FROM xray.ray_workers
      WHERE (session, worker_id) IN (SELECT session, worker_id FROM xray.ray_oom_kills) GROUP BY session, worker_id
    ) AS workers ON kills.session = workers.session AND kills.worker = workers.worker_id
    LEFT JOIN (
      SELECT session, actor_id, maxMap(state_ns) AS states FROM xray.ray_actors
      WHERE (session, actor_id) IN (SELECT session, actor_id FROM xray.ray_oom_kills WHERE actor_id != '') GROUP BY session, actor_id
    ) AS actors ON kills.session = actors.session AND kills.actor = actors.actor_id
    ORDER BY kills.killed_ns DESC, kills.victim`,
  row: z.object({
    session: z.string(),
    time_ns: z.string(),
    kind: z.string(),
    name: z.string(),
    node_id: Empty,
    node_ip: Empty,
    job_id: Empty,
    task_id: Empty,
    attempt: Count,
    actor_id: Empty,
    actor_state: Empty,
    worker_id: Empty,
    worker_type: Empty,
    pid: Count,
    used_bytes: Count,
    node_used_bytes: Count,
    node_total_bytes: Count,
    node_threshold_bytes: Count,
    others: z.string(),
    sources: z.array(z.string()),
    message: z.string(),
  }),
};

export interface KilledAttemptRow {
  readonly session: string;
  readonly job_id: string;
  readonly task_id: string;
  readonly attempt: number;
  readonly function_name: string;
  readonly actor_id: string | null;
  readonly worker_id: string | null;
  readonly state: string;
  /** '0': never ran. */
  readonly start_ns: string;
}

/**
 * Every attempt of the tasks that failed at least once and had an attempt on a killed worker, or that a kill names. A
 * worker may have run very many tasks before; those that never failed were not killed. Parameter: session ('' for any).
 */
export const killedAttempts: Query<KilledAttemptRow> = {
  name: 'killed-attempts',
  sql: `SELECT session, job_id, task_id, attempt, function_name, actor_id, worker_id, state, toString(start_ns) AS start_ns
    FROM ${attemptsWhere(`({session:String} = '' OR session = {session:String}) AND (session, task_id) IN (
      SELECT session, task_id FROM xray.ray_task_attempts
      WHERE ({session:String} = '' OR session = {session:String})
        AND (session, worker_id) IN (SELECT session, worker_id FROM xray.ray_oom_kills WHERE worker_id != '')
        AND (session, task_id) IN (
          SELECT session, task_id FROM xray.ray_task_attempts
          WHERE ({session:String} = '' OR session = {session:String}) AND (mapContains(state_ns, 'FAILED') OR mapContains(coarse_ns, 'FAILED')))
      UNION ALL SELECT session, task_id FROM xray.ray_oom_kills WHERE task_id != '')`)}
    WHERE counted ORDER BY session, task_id, attempt LIMIT 200000`,
  row: z.object({
    session: z.string(),
    job_id: z.string(),
    task_id: z.string(),
    attempt: z.coerce.number(),
    function_name: z.string(),
    actor_id: Empty,
    worker_id: Empty,
    state: z.string(),
    start_ns: z.string(),
  }),
};
