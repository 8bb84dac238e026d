/**
 * Task attempts as they stand: parts merged, the state derived from the times of its states, and attempts that Ray left
 * open closed by the end of their job, as Ray's own GCS closes them (FAILED, WORKER_DIED). States derived from a timeline
 * file count only where nobody told one. Every query about attempts selects from this.
 *
 * Left out by `counted`: driver tasks, which /api/v0/tasks leaves out too, and restarts of an actor's creation task
 * (attempts 1, 2, ... that come without definition and end), which the State API does not show.
 */
import { z } from 'zod';
import { MOST_NAMES_PER_FUNCTION, NAMES_SHOWN } from '../../model/declared-names.ts';
import { TASK_STATES } from '../../model/task.ts';
import { byKey } from '../../schema/by-key.ts';
import type { Query } from '../engine.ts';

/** States with the same time (the State API cuts to ms) are told apart by Ray's own order. */
const STATE_ORDER = TASK_STATES.map((state) => `'${state}'`).join(', ');

/**
 * SQL of the attempts of one job; parameters session, job. Columns: session, job_id, task_id, attempt, type, function_name,
 * name, ids, worker_pid, state, error_type, created_ns, start_ns, end_ns (0: unset), states (map), job_ended.
 */
export const attemptsOfJob = attemptsWhere('session = {session:String} AND job_id = {job:String}');

/** The same for any condition over the key and the merged columns' sources. */
export function attemptsWhere(condition: string): string {
  return `(
    SELECT merged.session AS session, merged.job_id AS job_id, merged.task_id AS task_id, merged.attempt AS attempt,
      merged.kind AS type, if(merged.declared = '', merged.function, merged.declared) AS function_name, merged.function AS qualified_name,
      merged.actor AS actor_id, merged.parent AS parent_task_id, merged.group_id AS placement_group_id, merged.node AS node_id,
      merged.worker AS worker_id, merged.pid AS worker_pid, merged.resources AS required_resources, merged.site AS call_site,
      merged.log AS logs, merged.told_by AS sources, merged.states AS states,
      merged.states['FAILED'] AS failed_ns, merged.states['FINISHED'] AS finished_ns,
      failed_ns > 0 OR finished_ns > 0 AS terminal,
      ifNull(ended.end_ns, 0) AS job_end_ns,
      NOT terminal AND job_end_ns > 0 AS closed_by_job,
      multiIf(closed_by_job, 'FAILED', failed_ns > 0 AND failed_ns >= finished_ns, 'FAILED', finished_ns > 0, 'FINISHED',
        empty(merged.states), 'NIL', arrayReduce('argMax', mapKeys(merged.states),
          arrayMap((s, t) -> tuple(t, indexOf([${STATE_ORDER}], s)), mapKeys(merged.states), mapValues(merged.states)))) AS state,
      if(state = 'FAILED', if(merged.error = '' AND closed_by_job, 'WORKER_DIED', merged.error), '') AS error_type,
      if(closed_by_job AND merged.error_text = '', 'the job ended before this attempt did', merged.error_text) AS error_message,
      if(empty(merged.states), 0, arrayMin(mapValues(merged.states))) AS created_ns,
      merged.states['RUNNING'] AS start_ns,
      multiIf(state = 'FAILED' AND closed_by_job, greatest(job_end_ns, start_ns), state = 'FAILED', failed_ns, state = 'FINISHED', finished_ns, 0) AS end_ns,
      merged.kind != 'DRIVER_TASK' AND NOT (merged.kind = '' AND merged.attempt > 0 AND merged.function = '' AND merged.declared = '') AS counted,
      start_ns > 0 OR state = 'FINISHED' OR (state = 'FAILED' AND error_type = 'TASK_EXECUTION_EXCEPTION') AS ran
    FROM (
      SELECT session, job_id, task_id, attempt, max(type) AS kind, max(function_name) AS function, max(name) AS declared,
        max(actor_id) AS actor, max(parent_task_id) AS parent, max(placement_group_id) AS group_id, if(max(node_id) = '', max(node_ip), max(node_id)) AS node,
        max(worker_id) AS worker, max(worker_pid) AS pid, max(required_resources) AS resources, max(call_site) AS site, max(logs) AS log,
        mapUpdate(minMap(coarse_ns), minMap(state_ns)) AS told, if(empty(told), minMap(derived_ns), told) AS states,
        if(empty(told), max(derived_error), max(error_type)) AS error, if(empty(told), max(derived_message), max(error_message)) AS error_text,
        groupUniqArrayArray(sources) AS told_by
      FROM xray.ray_task_attempts WHERE ${condition} GROUP BY session, job_id, task_id, attempt
    ) AS merged
    LEFT JOIN (SELECT session, job_id, max(end_ns) AS end_ns FROM xray.ray_jobs GROUP BY session, job_id) AS ended
      ON merged.session = ended.session AND merged.job_id = ended.job_id
  )`;
}

const Count = z.coerce.number();

/** Characters of an error in a list; one task's attempts say more of it. */
const LISTED_ERROR = 2_000;
const WHOLE_ERROR = 64_000;
/** Attempts of one task in one answer, and functions of one job. */
const MOST_ATTEMPTS = 1_000;
const MOST_FUNCTIONS = 2_000;
/** Kinds of errors that a function is listed with. */
const MOST_ERRORS = 50;

/**
 * The 2,000 functions with the most attempts; `all`: how many there are. By declared names where a function has few, else by the function:
 * then `names` are how many it has, and `declared` those with the most attempts.
 */
export const tasksSummary: Query<{
  name: string;
  tasks: number;
  attempts: number;
  ran: number;
  retries: number;
  states: Record<string, string>;
  errors: Record<string, string>;
  timed: number;
  p50: string;
  p95: string;
  longest: string;
  names: number;
  declared: [name: string, attempts: number][];
  all: number;
}> = {
  name: 'tasks-summary',
  sql: `SELECT name, uniqExactMerge(task_ids) AS tasks, sum(n) AS attempts, sum(of_ran) AS ran, attempts - tasks AS retries, sumMap(of_states) AS states,
      CAST(arraySlice(arrayReverseSort(x -> (x.2, x.1), arrayZip(mapKeys(sumMap(of_errors) AS met), mapValues(met))), 1, ${MOST_ERRORS}), 'Map(String, UInt64)') AS errors,
      sum(of_timed) AS timed, quantilesExactIfMerge(0.5, 0.95)(durations) AS middle, middle[1] AS p50, middle[2] AS p95, max(of_longest) AS longest,
      countIf(is_grouped) AS names,
      arraySlice(arraySort(x -> (-x.2, x.1), groupArrayIf((function_name, n), is_grouped)), 1, ${NAMES_SHOWN}) AS declared, count() OVER () AS all
    FROM (
      SELECT *, qualified_name != '' AND count() OVER (PARTITION BY qualified_name) > ${MOST_NAMES_PER_FUNCTION} AS is_grouped,
        if(is_grouped, qualified_name, function_name) AS name
      FROM (
        SELECT qualified_name, function_name, uniqExactState(task_id) AS task_ids, toInt64(count()) AS n, countIf(ran) AS of_ran,
          sumMap(map(state, toUInt64(1))) AS of_states, sumMapIf(map(error_type, toUInt64(1)), error_type != '') AS of_errors,
          countIf(start_ns > 0 AND end_ns > 0) AS of_timed,
          quantilesExactIfState(0.5, 0.95)(end_ns - start_ns, start_ns > 0 AND end_ns > 0) AS durations,
          maxIf(end_ns - start_ns, start_ns > 0 AND end_ns > 0) AS of_longest
        FROM ${attemptsOfJob} WHERE counted GROUP BY qualified_name, function_name
      )
    ) GROUP BY name ORDER BY attempts DESC, name LIMIT ${MOST_FUNCTIONS}`,
  row: z.object({
    name: z.string(),
    tasks: Count,
    attempts: Count,
    ran: Count,
    retries: Count,
    states: byKey(z.string()),
    errors: byKey(z.string()),
    timed: Count,
    p50: z.string(),
    p95: z.string(),
    longest: z.string(),
    names: Count,
    declared: z.array(z.tuple([z.string(), Count])),
    all: Count,
  }),
};

const Unset = z.string().transform((ns) => (ns === '0' ? null : ns));
const Empty = z.string().transform((text) => (text === '' ? null : text));

export const AttemptRow = z.object({
  session: z.string(),
  job_id: z.string(),
  task_id: z.string(),
  attempt: Count,
  type: z.string(),
  function_name: z.string(),
  qualified_name: z.string(),
  state: z.string(),
  error_type: Empty,
  error_message: Empty,
  node_id: Empty,
  worker_id: Empty,
  worker_pid: z.coerce.number().nullable(),
  actor_id: Empty,
  parent_task_id: Empty,
  created_ns: Unset,
  start_ns: Unset,
  end_ns: Unset,
});
export type AttemptRowValue = z.infer<typeof AttemptRow>;

export const ATTEMPT_COLUMNS = `session, job_id, task_id, attempt, type, function_name, qualified_name, state, error_type,
  substringUTF8(error_message, 1, ${LISTED_ERROR}) AS error_message, node_id, worker_id, worker_pid, actor_id, parent_task_id, created_ns, start_ns, end_ns`;

const FILTERS = `counted
  AND ({function:String} = '' OR function_name = {function:String} OR qualified_name = {function:String})
  AND ({state:String} = '' OR state = {state:String})
  AND ({node:String} = '' OR node_id = {node:String}) AND ({worker:String} = '' OR worker_id = {worker:String})`;

/** Newest first would move under the reader: by creation, then id; `after` is the key of the last row seen. */
export const tasksPage: Query<AttemptRowValue> = {
  name: 'tasks-page',
  sql: `SELECT ${ATTEMPT_COLUMNS} FROM ${attemptsOfJob}
    WHERE ${FILTERS} AND ({after:String} = '' OR (created_ns, task_id, attempt) >
      (toInt64({afterNs:Int64}), {after:String}, toUInt32({afterAttempt:UInt32})))
    ORDER BY created_ns, task_id, attempt LIMIT {limit:UInt32}`,
  row: AttemptRow,
};

export const tasksMatched: Query<{ matched: number }> = {
  name: 'tasks-matched',
  sql: `SELECT count() AS matched FROM ${attemptsOfJob} WHERE ${FILTERS}`,
  row: z.object({ matched: Count }),
};

/** The newest 1,000, oldest first; `all`: how many there are; `task_function`: what any of them says. */
export const attemptsOfTask: Query<
  AttemptRowValue & {
    all: number;
    task_function: string;
    states: Record<string, string>;
    required_resources: string;
    placement_group_id: string;
    call_site: string;
    logs: string;
  }
> = {
  name: 'attempts-of-task',
  sql: `SELECT * FROM (SELECT ${ATTEMPT_COLUMNS.replace(String(LISTED_ERROR), String(WHOLE_ERROR))}, states, required_resources, placement_group_id,
      substringUTF8(call_site, 1, ${WHOLE_ERROR}) AS call_site, logs, count() OVER () AS all, max(function_name) OVER () AS task_function
    FROM ${attemptsWhere('session = {session:String} AND job_id = {job:String} AND task_id = {task:String}')}
    ORDER BY attempt DESC LIMIT ${MOST_ATTEMPTS}) ORDER BY attempt`,
  row: AttemptRow.extend({
    all: Count,
    task_function: z.string(),
    states: byKey(z.string()),
    required_resources: z.string(),
    placement_group_id: z.string(),
    call_site: z.string(),
    logs: z.string(),
  }),
};

/** Attempts of any job that ran on a node or worker in [from, to); `matched` is how many, before the limit. */
export const attemptsRanThen: Query<AttemptRowValue & { matched: number }> = {
  name: 'attempts-ran-then',
  sql: `SELECT ${ATTEMPT_COLUMNS}, count() OVER () AS matched
    FROM ${attemptsWhere(`({session:String} = '' OR session = {session:String})
      AND ({cluster:String} = '' OR session IN (SELECT session FROM xray.ray_sessions GROUP BY session HAVING if(max(cluster) = '', session, max(cluster)) = {cluster:String}))`)}
    WHERE type != 'DRIVER_TASK' AND start_ns > 0 AND start_ns < {to:Int64} AND (end_ns = 0 OR end_ns >= {from:Int64})
      AND ({node:String} = '' OR node_id = {node:String}) AND ({worker:String} = '' OR worker_id = {worker:String})
      AND ({function:String} = '' OR function_name = {function:String} OR qualified_name = {function:String})
    ORDER BY state = 'FAILED' DESC, if(end_ns = 0, {to:Int64}, end_ns) - start_ns DESC, task_id, attempt LIMIT {limit:UInt32}`,
  row: AttemptRow.extend({ matched: Count }),
};
