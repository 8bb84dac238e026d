/** Attempts that spans may belong to: by task id, or by worker; the first 100,000 by start. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';

const Text = z.string();

export const attemptsForSpans: Query<{
  session: string;
  job_id: string;
  task_id: string;
  attempt: number;
  function_name: string;
  state: string;
  worker_id: string;
  start_ns: string;
  end_ns: string;
}> = {
  name: 'attempts-for-spans',
  sql: `SELECT session, job_id, task_id, attempt, function_name, state, worker_id, start_ns, end_ns
    FROM ${attemptsWhere('task_id IN {tasks:Array(String)} OR (task_id, attempt) IN (SELECT task_id, attempt FROM xray.ray_task_attempts WHERE worker_id IN {workers:Array(String)})')}
    WHERE type != 'DRIVER_TASK' AND start_ns > 0 AND (task_id IN {tasks:Array(String)} OR (start_ns <= {to:Int64} AND (end_ns = 0 OR end_ns >= {from:Int64})))
    ORDER BY start_ns LIMIT 100000`,
  row: z.object({
    session: Text,
    job_id: Text,
    task_id: Text,
    attempt: z.coerce.number(),
    function_name: Text,
    state: Text,
    worker_id: Text,
    start_ns: Text,
    end_ns: Text,
  }),
};
