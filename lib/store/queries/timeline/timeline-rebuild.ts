/** What the indexer of the timeline asks to make a job's timeline anew, by way of xray.timeline_rebuild. */
import { z } from 'zod';
import type { Query } from '../../engine.ts';
import { IN_RANGE, type MergedAttempt, MergedRow, merged } from './timeline-indexer.ts';
import { Hash, OF_JOB } from './timeline-parts.ts';

const Count = z.coerce.number();
const Ns = z.string().transform(BigInt);

/** The last of the next `count` parts by task id; '' behind the end. */
export const rangeEnd: Query<{ until: string }> = {
  name: 'timeline-range-end',
  sql: `SELECT max(task_id) AS until FROM
    (SELECT task_id FROM xray.ray_task_attempts WHERE ${OF_JOB} AND task_id > {after:String} ORDER BY task_id LIMIT {count:UInt32})`,
  row: z.object({ until: z.string() }),
};

/** Ended attempts of a range, as REBUILD has them. */
export const REBUILD =
  'xray.timeline_rebuild (node_id, worker_id, start_ns, end_ns, task_id, attempt, function, failed, error, worker_pid, actor_id)';
export const endedInRange: Query<unknown> = {
  name: 'timeline-ended-in-range',
  sql: `SELECT node_id, worker_id, start_ns, end_ns, task_id, attempt, function_name, failed, error_type, worker_pid, actor_id
    FROM (${merged(`${OF_JOB} AND ${IN_RANGE}`)}) WHERE end_ns != 0`,
  row: z.unknown(),
};

/** Workers behind another one, in the order of node and worker. */
const BEHIND = `node_id >= {afterNode:String} AND (node_id > {afterNode:String} OR worker_id > {afterWorker:String})`;
/** Up to one more, which is among them. */
const UP_TO = `node_id <= {untilNode:String} AND (node_id < {untilNode:String} OR worker_id <= {untilWorker:String})`;
const WORKER = 'cityHash64(node_id, worker_id)';

/** The next `count` workers of what is made anew, with how many slices each has. */
export const rebuiltPage: Query<{ node_id: string; worker_id: string; slices: number }> = {
  name: 'timeline-rebuilt-page',
  sql: `SELECT node_id, worker_id, count() AS slices FROM xray.timeline_rebuild WHERE ${BEHIND}
    GROUP BY node_id, worker_id ORDER BY node_id, worker_id LIMIT {count:UInt32}`,
  row: z.object({ node_id: z.string(), worker_id: z.string(), slices: Count }),
};

/** Workers of a page; `overlapping`: how many of their slices start before one ended that started earlier. */
export const rebuiltWorkers: Query<{
  node_id: string;
  worker_id: string;
  worker: bigint;
  slices: number;
  overlapping: number;
  last_ns: bigint;
  worker_pid: string | null;
  actor_id: string;
}> = {
  name: 'timeline-rebuilt-workers',
  sql: `SELECT node_id, worker_id, ${WORKER} AS worker, count() AS slices, countIf(start_ns < before) AS overlapping,
      max(greatest(start_ns, end_ns)) AS last_ns, max(worker_pid) AS worker_pid, max(actor_id) AS actor_id FROM (
      SELECT node_id, worker_id, start_ns, end_ns, worker_pid, actor_id, max(greatest(start_ns, end_ns)) OVER
        (PARTITION BY node_id, worker_id ORDER BY start_ns, end_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM xray.timeline_rebuild WHERE ${BEHIND} AND ${UP_TO}
    ) GROUP BY node_id, worker_id ORDER BY node_id, worker_id`,
  row: z.object({
    node_id: z.string(),
    worker_id: z.string(),
    worker: Hash,
    slices: Count,
    overlapping: Count,
    last_ns: Ns,
    worker_pid: z.string().nullable(),
    actor_id: z.string(),
  }),
};

/** Slices of workers that never overlap, as SLICES has them: place i of `workers`, `nodes` and `lanes` is one worker's. */
export const SLICES =
  'xray.timeline_slices (session, job_id, node, lane, start_ns, end_ns, task_id, attempt, function, failed, error)';
export const rebuiltSlices: Query<unknown> = {
  name: 'timeline-rebuilt-slices',
  sql: `SELECT {session:String}, {job:String}, transform(${WORKER}, {workers:Array(UInt64)}, {nodes:Array(UInt64)}, toUInt64(0)) AS node,
      transform(${WORKER}, {workers:Array(UInt64)}, {lanes:Array(UInt64)}, toUInt64(0)) AS lane,
      start_ns, end_ns, task_id, attempt, function, failed, error
    FROM xray.timeline_rebuild WHERE ${BEHIND} AND ${UP_TO} AND ${WORKER} IN {workers:Array(UInt64)}`,
  row: z.unknown(),
};

/**
 * Slices of some workers of a page in the order of worker and start, `count` behind the one that `lastWorker`, `lastNs`,
 * `lastTask`, `lastAttempt` name: there may be millions of one worker.
 */
export const rebuiltOverlapping: Query<MergedAttempt & { worker: bigint }> = {
  name: 'timeline-rebuilt-overlapping',
  sql: `SELECT {session:String} AS session, {job:String} AS job_id, ${WORKER} AS worker, task_id, attempt, function AS function_name, node_id, worker_id,
      worker_pid, actor_id, start_ns, end_ns, failed, error AS error_type
    FROM xray.timeline_rebuild WHERE ${BEHIND} AND ${UP_TO} AND worker IN {workers:Array(UInt64)}
      AND (worker, start_ns, task_id, attempt) > ({lastWorker:UInt64}, {lastNs:Int64}, {lastTask:String}, {lastAttempt:Int64})
    ORDER BY worker, start_ns, task_id, attempt LIMIT {count:UInt32}`,
  row: MergedRow.extend({ worker: Hash }),
};
