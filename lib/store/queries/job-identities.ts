/** Which jobs an id may mean, without counting their attempts: cheap, because every route about a job begins with it. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { SESSION_CLUSTERS } from './jobs.ts';

export interface JobIdentity {
  readonly cluster: string;
  readonly session: string;
  readonly job_id: string;
  readonly submission_id: string;
  readonly start_ns: string | null;
}

const NAMED = `({session:String} = '' OR session = {session:String}) AND job_id = {job:String}`;

/**
 * Jobs with this Ray job id or submission id. A submission without a driver has its submission id for a job id, until a
 * row with the real one is there; at most two, because two are ambiguous. Attempts of jobs whose timeline is kept are not read. Parameters: job; session, cluster ('' for any).
 */
export const jobIdentities: Query<JobIdentity> = {
  name: 'job-identities',
  sql: `SELECT if(clusters.cluster = '', found.session, clusters.cluster) AS cluster, found.session AS session, job_id, submission_id, start_ns
    FROM (
      SELECT session, job_id, max(submission) AS submission_id, min(started) AS start_ns FROM (
        SELECT session, job_id, submission_id AS submission, start_ns AS started FROM xray.ray_jobs
        WHERE (session, job_id) IN (
          SELECT session, job_id FROM xray.ray_jobs
          WHERE ({session:String} = '' OR session = {session:String}) AND (job_id = {job:String} OR submission_id = {job:String}))
        UNION ALL
        SELECT session, job_id, '' AS submission, NULL AS started FROM xray.timeline_lanes WHERE ${NAMED} GROUP BY session, job_id
        UNION ALL
        SELECT DISTINCT session, job_id, '' AS submission, NULL AS started FROM xray.ray_task_attempts
        WHERE ${NAMED} AND (session, job_id) NOT IN (SELECT session, job_id FROM xray.timeline_lanes WHERE ${NAMED} GROUP BY session, job_id)
      ) GROUP BY session, job_id
      HAVING NOT (job_id = submission_id AND (session, submission_id) IN (
        SELECT session, submission_id FROM xray.ray_jobs WHERE submission_id != '' AND job_id != submission_id))
    ) AS found
    LEFT JOIN ${SESSION_CLUSTERS} AS clusters ON clusters.session = found.session
    WHERE ({cluster:String} = '' OR cluster = {cluster:String})
    ORDER BY ifNull(start_ns, 0) DESC, session DESC, job_id DESC LIMIT 2`,
  row: z.object({
    cluster: z.string(),
    session: z.string(),
    job_id: z.string(),
    submission_id: z.string(),
    start_ns: z.string().nullable(),
  }),
};
