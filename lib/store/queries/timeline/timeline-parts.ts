/** What the queries of a job's timeline share: which job, which lanes count, which slices a filter leaves. */
import { z } from 'zod';

/** A 64-bit hash, which arrives as decimal text. */
export const Hash = z.string().transform(BigInt);
export const OF_JOB = 'session = {session:String} AND job_id = {job:String}';
export const CURRENT = `(node, lane) IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0)`;

export interface JobKey {
  readonly session: string;
  readonly job_id: string;
}
/** Jobs as parameters `sessions` and `jobs`: the same place in both is one job. */
export const OF_JOBS = `(session, job_id) IN (SELECT pair.1, pair.2 FROM
  (SELECT arrayJoin(arrayZip({sessions:Array(String)}, {jobs:Array(String)})) AS pair))`;
export const jobsParams = (jobs: readonly JobKey[]) => ({
  sessions: jobs.map(({ session }) => session),
  jobs: jobs.map(({ job_id }) => job_id),
});

/** Slices that a filter leaves: parameters function, outcome (-1: both), longer, shorter, text, onNode (0: all), actor ('': all). */
export const FILTER = `({function:String} = '' OR function = {function:String})
  AND ({outcome:Int8} = -1 OR failed = {outcome:Int8})
  AND end_ns - start_ns >= {longer:Int64} AND end_ns - start_ns <= {shorter:Int64}
  AND ({text:String} = '' OR positionCaseInsensitive(function, {text:String}) > 0 OR positionCaseInsensitive(error, {text:String}) > 0
    OR startsWith(task_id, {text:String}))
  AND ({onNode:UInt64} = 0 OR node = {onNode:UInt64})
  AND ({actor:String} = '' OR (node, lane) IN (SELECT node, lane FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0 AND actor_id != ''
    AND (actor_id = {actor:String} OR actor_id IN (SELECT actor_id FROM xray.ray_actors WHERE session = {session:String} AND class_name = {actor:String}))))`;
