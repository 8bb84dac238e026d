/** Jobs whose lanes the indexer holds in memory, and how often each changed. */
import { LRUCache } from 'lru-cache';
import { type JobLanes, jobKey } from './job-lanes.ts';

const MOST_JOBS = 500;
/** Workers and running attempts of all of them. */
const MOST_WEIGHT = 300_000;

export interface KnownJobs {
  /** Makes it the newest. */
  readonly get: (session: string, job: string) => JobLanes | undefined;
  readonly add: (job: JobLanes) => void;
  /** What is in memory may be ahead of what was stored: it is read again, and checked, next time. */
  readonly drop: (job: JobLanes) => void;
  /** Lets the oldest go while there is too much. */
  readonly shrink: () => void;
  /** Slices or lanes of a job may have changed. */
  readonly changed: (session: string, job: string) => void;
  /** Another number whenever they may have. */
  readonly revision: (session: string, job: string) => number;
}

export function createKnownJobs(): KnownJobs {
  const jobs = new Map<string, JobLanes>();
  let changes = 0;
  /** What jobs that are forgotten here count as: more than any answer that was made of them. */
  let forgotten = 0;
  const revisions = new LRUCache<string, number>({
    max: 20 * MOST_JOBS,
    dispose(_revision, _key, reason) {
      if (reason === 'evict') forgotten = changes;
    },
  });
  const weightOf = (job: JobLanes): number => job.workers.size + job.open.size;
  return {
    get(session, job) {
      const key = jobKey(session, job);
      const known = jobs.get(key);
      if (known === undefined) return undefined;
      jobs.delete(key);
      jobs.set(key, known);
      return known;
    },
    add: (job) => void jobs.set(jobKey(job.session, job.job), job),
    drop: (job) => void jobs.delete(jobKey(job.session, job.job)),
    shrink() {
      let weight = 0;
      for (const job of jobs.values()) weight += weightOf(job);
      for (const [key, job] of jobs) {
        if (jobs.size <= 1 || (jobs.size <= MOST_JOBS && weight <= MOST_WEIGHT)) break;
        jobs.delete(key);
        weight -= weightOf(job);
      }
    },
    changed: (session, job) => void revisions.set(jobKey(session, job), ++changes),
    revision: (session, job) => revisions.get(jobKey(session, job)) ?? forgotten,
  };
}
