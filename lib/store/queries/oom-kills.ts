/**
 * Kills by Ray's memory monitor, one row per killed process, with the attempt that ran in it and what became of its
 * task. Every message names the worker, so parts group by (session, victim); a part that only knows its attempt is
 * dropped where the worker of that attempt has a row of its own.
 *
 * A task's report does not say which attempt it was; the attempt is the last one that started on the worker before it
 * was killed. Times are ns as decimal text; bytes are float64.
 */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';

const Empty = z.string().transform((text) => (text === '' ? null : text));
const Count = z.coerce.number().nullable();

export interface OomKillRow {
  readonly session: string;
  readonly time_ns: string;
  readonly kind: string;
  readonly name: string;
  readonly node_id: string | null;
  readonly node_ip: string | null;
  readonly job_id: string | null;
  readonly task_id: string | null;
  readonly attempt: number | null;
  readonly attempts: number | null;
  /** State of the task's last attempt; null where no task is known. */
  readonly last_state: string | null;
  readonly function_name: string | null;
  readonly actor_id: string | null;
  readonly actor_state: string | null;
  readonly worker_id: string | null;
  readonly pid: number | null;
  readonly used_bytes: number | null;
  readonly node_used_bytes: number | null;
  readonly node_total_bytes: number | null;
  readonly others: string;
  readonly sources: string[];
  readonly message: string;
}

/** Newest first. Parameters: session, job ('' for any), from, to (ns, half-open). */
export const oomKills: Query<OomKillRow> = {
  name: 'oom-kills',
  sql: `WITH kills AS (
      SELECT session, victim, min(time_ns) AS killed_ns, max(kind) AS said, max(name) AS called, max(node_id) AS node, max(node_ip) AS ip,
        max(job_id) AS job, max(task_id) AS task, max(attempt) AS try, max(actor_id) AS actor, max(worker_id) AS worker, max(pid) AS process,
        max(used_bytes) AS exact, max(used_reported_bytes) AS printed, max(node_used_bytes) AS node_used, max(node_total_bytes) AS node_total,
        max(others) AS beside, groupUniqArrayArray(sources) AS told_by, max(message) AS report
      FROM xray.ray_oom_kills WHERE ({session:String} = '' OR session = {session:String}) GROUP BY session, victim
    ), tried AS (
      SELECT session, job_id, task_id, attempt, function_name, actor_id, node_id, worker_id, worker_pid, state, start_ns
      FROM ${attemptsWhere(`(session, task_id) IN (
        SELECT session, task_id FROM xray.ray_task_attempts
        WHERE (session, worker_id) IN (SELECT session, worker_id FROM xray.ray_oom_kills WHERE worker_id != '')
        UNION ALL SELECT session, task_id FROM xray.ray_oom_kills WHERE task_id != '')`)} WHERE counted
    ), ran AS (
      SELECT kills.session AS session, kills.victim AS victim, argMax(tried.task_id, tried.start_ns) AS task, argMax(tried.attempt, tried.start_ns) AS try,
        argMax(tried.job_id, tried.start_ns) AS job, argMax(tried.actor_id, tried.start_ns) AS actor, argMax(tried.function_name, tried.start_ns) AS function
      FROM kills INNER JOIN tried ON kills.session = tried.session AND kills.worker = tried.worker_id
      WHERE kills.worker != '' AND tried.start_ns > 0 AND tried.start_ns <= kills.killed_ns AND kills.said != 'idle_worker' GROUP BY session, victim
    ), chains AS (
      SELECT session, task_id, count() AS attempts, argMax(state, attempt) AS last_state, any(function_name) AS function FROM tried GROUP BY session, task_id
    ), workers AS (
      SELECT session, worker_id, max(pid) AS pid, max(type) AS type FROM xray.ray_workers
      WHERE (session, worker_id) IN (SELECT session, worker_id FROM xray.ray_oom_kills) GROUP BY session, worker_id
    ), actors AS (
      SELECT session, actor_id, maxMap(state_ns) AS states FROM xray.ray_actors
      WHERE (session, actor_id) IN (SELECT session, actor_id FROM xray.ray_oom_kills WHERE actor_id != '') GROUP BY session, actor_id
    )
    SELECT kills.session AS session, toString(kills.killed_ns) AS time_ns,
      multiIf(kills.said != '', kills.said, workers.type = 'DRIVER', 'driver', ran.actor != '', 'actor', ran.task != '', 'task', 'idle_worker') AS kind,
      kills.called AS name, kills.node AS node_id, kills.ip AS node_ip, if(kills.job != '', kills.job, ran.job) AS job_id,
      if(kills.task != '', kills.task, ran.task) AS task_id,
      if(task_id = '', NULL, ifNull(kills.try, ran.try)) AS attempt,
      if(chains.attempts = 0, NULL, chains.attempts) AS attempts, chains.last_state AS last_state,
      if(ran.function != '', ran.function, chains.function) AS function_name,
      if(kills.actor != '', kills.actor, ran.actor) AS actor_id,
      if(empty(actors.states), '', arrayReduce('argMax', mapKeys(actors.states), mapValues(actors.states))) AS actor_state,
      kills.worker AS worker_id, ifNull(kills.process, workers.pid) AS pid, ifNull(kills.exact, kills.printed) AS used_bytes,
      kills.node_used AS node_used_bytes, kills.node_total AS node_total_bytes, kills.beside AS others, kills.told_by AS sources, kills.report AS message
    FROM kills
    LEFT JOIN ran ON kills.session = ran.session AND kills.victim = ran.victim
    LEFT JOIN chains ON kills.session = chains.session AND if(kills.task != '', kills.task, ran.task) = chains.task_id
    LEFT JOIN workers ON kills.session = workers.session AND kills.worker = workers.worker_id
    LEFT JOIN actors ON kills.session = actors.session AND kills.actor = actors.actor_id
    WHERE kills.killed_ns >= {from:Int64} AND kills.killed_ns < {to:Int64}
      AND ({job:String} = '' OR job_id = {job:String})
      AND NOT (kills.worker = '' AND kills.task != '' AND (kills.session, kills.task, ifNull(kills.try, 0)) IN (
        SELECT session, task, try FROM ran))
    ORDER BY kills.killed_ns DESC, kills.victim LIMIT {limit:UInt32}`,
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
    attempts: Count,
    last_state: Empty,
    function_name: Empty,
    actor_id: Empty,
    actor_state: Empty,
    worker_id: Empty,
    pid: Count,
    used_bytes: Count,
    node_used_bytes: Count,
    node_total_bytes: Count,
    others: z.string(),
    sources: z.array(z.string()),
    message: z.string(),
  }),
};
