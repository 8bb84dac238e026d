/** A job's attempts and their phases, for drawing. */
import { z } from 'zod';
import type { Query } from '../../engine.ts';
import { attemptsOfJob } from '../attempts.ts';
import { CURRENT, OF_JOB } from './timeline-parts.ts';

const Text = z.string();

/** Attempts of one worker in columns, some of them; `worker_id` is '' for those that never reached one. */
export interface LaneRow {
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly task_ids: readonly string[];
  readonly attempts: readonly number[];
  readonly functions: readonly string[];
  readonly states: readonly string[];
  /** RUNNING, split at the second, because a float64 holds no Unix time in ns; 0 and 0: never. */
  readonly start_s: readonly number[];
  readonly start_rest_ns: readonly number[];
  /** Duration in ns; null while it goes on. */
  readonly duration_ns: readonly (number | null)[];
  readonly errors: readonly string[];
}

/** Attempts of one row: a row is parsed at once. */
const PIECE = 2_000;
/** Arrays of a row by name, and what each holds of an attempt. */
const ARRAYS = Object.entries({
  task_ids: 'groupArray(task_id)',
  attempts: 'groupArray(attempt)',
  functions: 'groupArray(function_name)',
  states: 'groupArray(state)',
  start_s: 'groupArray(toUInt32(intDiv(start_ns, 1000000000)))',
  start_rest_ns: 'groupArray(toUInt32(start_ns % 1000000000))',
  // groupArray leaves NULLs out; tuples of them it keeps.
  duration_ns: 'groupArray(tuple(if(end_ns = 0, NULL, toFloat64(end_ns - start_ns)))).1',
  errors: 'groupArray(error_type)',
});

const LaneRowSchema = z.object({
  node_id: Text,
  worker_id: Text,
  worker_pid: Text.nullable(),
  actor_id: Text,
  task_ids: z.array(Text),
  attempts: z.array(z.number()),
  functions: z.array(Text),
  states: z.array(Text),
  start_s: z.array(z.number()),
  start_rest_ns: z.array(z.number()),
  duration_ns: z.array(z.number().nullable()),
  errors: z.array(Text),
});

/** `attempts`: SQL of them by start, with the columns that ARRAYS and the lane take. */
function inPieces(attempts: string): string {
  return `SELECT node_id, worker_id, worker_pid, actor_id, ${ARRAYS.map(([name]) => name).join(', ')}
    FROM (
    SELECT node_id, worker_id, max(worker_pid) AS worker_pid, max(actor_id) AS actor_id,
      ${ARRAYS.map(([name, all]) => `arraySplit((_, i) -> i % ${PIECE} = 0, ${all}, range(count())) AS pieces_of_${name}`).join(', ')}
    FROM (
      ${attempts}
    ) GROUP BY node_id, worker_id
    ) ARRAY JOIN ${ARRAYS.map(([name]) => `pieces_of_${name} AS ${name}`).join(', ')}`;
}

/**
 * A row per worker and 2,000 of its attempts, so that 200,000 attempts cost a few hundred rows to parse. Arrays are cut before rows are made
 * of the pieces: a row that still carried whole arrays would be copied once a piece (150,000 attempts of one worker: 2 GB). Restarts of an
 * actor come without a function name; the caller looks it up in attempt 0, which a filter by function therefore keeps.
 */
export const timelineLanes: Query<LaneRow> = {
  name: 'timeline',
  sql: inPieces(`SELECT task_id, attempt, function_name, state, node_id, if(start_ns = 0, '', worker_id) AS worker_id, worker_pid, actor_id, start_ns, end_ns, error_type
      FROM ${attemptsOfJob} WHERE type != 'DRIVER_TASK'
        AND ({function:String} = '' OR function_name IN ({function:String}, '')) AND ({state:String} = '' OR state = {state:String})
      ORDER BY start_ns, task_id, attempt LIMIT {limit:UInt32}`),
  row: LaneRowSchema,
};

/** Ended attempts that touch [from, to), from the slices that the indexer keeps: what lies outside of the window is not read. */
export const timelineWindow: Query<LaneRow> = {
  name: 'timeline-window',
  sql: inPieces(`SELECT task_id, attempt, function AS function_name, if(failed = 1, 'FAILED', 'FINISHED') AS state, node_id, worker_id, worker_pid,
        actor_id, start_ns, end_ns, error AS error_type
      FROM (SELECT * FROM xray.timeline_slices WHERE ${OF_JOB} AND ${CURRENT} AND start_ns < {to:Int64} AND end_ns >= {from:Int64}
        AND ({function:String} = '' OR function = {function:String})
        AND ({state:String} = '' OR if(failed = 1, 'FAILED', 'FINISHED') = {state:String})) AS slices
      INNER JOIN (SELECT node, lane, node_id, worker_id, worker_pid, actor_id FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0) AS lanes
        USING (node, lane)
      ORDER BY start_ns, task_id, attempt LIMIT {limit:UInt32}`),
  row: LaneRowSchema,
};

/** A window that leaves nothing out. */
export const ALWAYS = { from: 0n, to: 9_223_372_036_854_775_807n };

/**
 * Phases that touch [from, to), of one task or ('') of all. The same span comes with other roundings from other sources: of
 * each attempt, those of its most exact source.
 */
export const phaseRows: Query<{ task_id: string; attempt: number; name: string; start_ns: string; end_ns: string }> = {
  name: 'timeline-phases',
  sql: `SELECT task_id, attempt, name, start_ns, end_ns FROM xray.ray_profile_spans
    WHERE session = {session:String} AND job_id = {job:String} AND ({task:String} = '' OR task_id = {task:String})
      AND start_ns < {to:Int64} AND end_ns >= {from:Int64} AND name IN ('task:deserialize_arguments', 'task:execute', 'task:store_outputs')
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

/** Nodes that ran anything of a job. */
export const nodesOfJob: Query<{ node_id: string }> = {
  name: 'nodes-of-job',
  sql: `SELECT DISTINCT node_id FROM xray.ray_task_attempts
    WHERE session = {session:String} AND job_id = {job:String} AND node_id != '' LIMIT 10000`,
  row: z.object({ node_id: Text }),
};
