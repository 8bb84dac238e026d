/** A job's attempts and their phases, for drawing. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsOfJob } from './attempts.ts';

const Text = z.string();

export interface TimelineRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly function_name: string;
  readonly state: string;
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly created_ns: string;
  readonly start_ns: string;
  readonly end_ns: string;
  readonly error_type: string;
}

/** Restarts of actors are drawn too, under the definition of attempt 0. */
export const timelineRows: Query<TimelineRow> = {
  name: 'timeline',
  sql: `SELECT task_id, attempt, if(function_name = '', max(function_name) OVER (PARTITION BY task_id), function_name) AS function_name,
      state, node_id, worker_id, worker_pid, actor_id, created_ns, start_ns, end_ns, error_type
    FROM ${attemptsOfJob} WHERE type != 'DRIVER_TASK'
    QUALIFY ({function:String} = '' OR function_name = {function:String}) AND ({state:String} = '' OR state = {state:String})
    ORDER BY start_ns, task_id, attempt LIMIT {limit:UInt32}`,
  row: z.object({
    task_id: Text,
    attempt: z.coerce.number(),
    function_name: Text,
    state: Text,
    node_id: Text,
    worker_id: Text,
    worker_pid: Text.nullable(),
    actor_id: Text,
    created_ns: Text,
    start_ns: Text,
    end_ns: Text,
    error_type: Text,
  }),
};

/** The same span comes with other roundings from other sources: of each attempt, those of its most exact source. */
export const phaseRows: Query<{ task_id: string; attempt: number; name: string; start_ns: string; end_ns: string }> = {
  name: 'timeline-phases',
  sql: `SELECT task_id, attempt, name, start_ns, end_ns FROM xray.ray_profile_spans
    WHERE session = {session:String} AND job_id = {job:String} AND ({task:String} = '' OR task_id = {task:String})
      AND name IN ('task:deserialize_arguments', 'task:execute', 'task:store_outputs')
    GROUP BY task_id, attempt, name, start_ns, end_ns, source
    QUALIFY transform(source, ['event', 'state-api'], [0, 1], 2) = min(transform(source, ['event', 'state-api'], [0, 1], 2)) OVER (PARTITION BY task_id, attempt)
    ORDER BY start_ns LIMIT {limit:UInt32}`,
  row: z.object({ task_id: Text, attempt: z.coerce.number(), name: Text, start_ns: Text, end_ns: Text }),
};

export const nodeNames: Query<{ node_id: string; name: string; ip: string }> = {
  name: 'node-names',
  sql: `SELECT node_id, max(name) AS name, max(ip) AS ip FROM xray.ray_nodes WHERE session = {session:String} GROUP BY node_id`,
  row: z.object({ node_id: Text, name: Text, ip: Text }),
};

export const actorClasses: Query<{ actor_id: string; class_name: string }> = {
  name: 'actor-classes',
  sql: `SELECT actor_id, max(class_name) AS class_name FROM xray.ray_actors WHERE session = {session:String} AND job_id = {job:String} GROUP BY actor_id`,
  row: z.object({ actor_id: Text, class_name: Text }),
};
