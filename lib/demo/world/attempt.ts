/** One attempt of one simulated task, with its whole fate known beforehand; what is visible depends on the time. */
import type { DemoWorker, Job, JobKey } from './model.ts';

export interface Failure {
  readonly errorType: 'TASK_EXECUTION_EXCEPTION' | 'OUT_OF_MEMORY';
  readonly errorMessage: string;
}

/** Times are Unix ms with microseconds; ids are hex. */
export interface Attempt {
  readonly job: JobKey;
  readonly jobId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly functionName: string;
  readonly type: 'NORMAL_TASK' | 'ACTOR_CREATION_TASK' | 'ACTOR_TASK';
  readonly actorId: string | null;
  readonly worker: DemoWorker;
  readonly cpus: number;
  readonly gpus: number;
  readonly submitted: number;
  readonly scheduled: number;
  readonly started: number;
  readonly ended: number;
  readonly failure: Failure | null;
}

export interface AttemptPlan extends Omit<Attempt, 'job' | 'jobId' | 'scheduled' | 'failure'> {
  readonly failure?: Failure | null;
}

const micro = (time: number): number => Math.round(time * 1000) / 1000;

/** An attempt from its plan; times are rounded to microseconds and put in order. */
export function finished(job: Job, plan: AttemptPlan): Attempt {
  const submitted = micro(plan.submitted);
  const started = Math.max(micro(plan.started), submitted);
  return {
    ...plan,
    job: job.key,
    jobId: job.jobId,
    submitted,
    scheduled: Math.max(submitted, micro(started - 1.2)),
    started,
    ended: Math.max(micro(plan.ended), started),
    failure: plan.failure ?? null,
  };
}

export type VisibleState = 'PENDING_NODE_ASSIGNMENT' | 'SUBMITTED_TO_WORKER' | 'RUNNING' | 'FINISHED' | 'FAILED';

/** State at a time, or null where the attempt does not exist yet. */
export function stateAt(attempt: Attempt, time: number): VisibleState | null {
  if (time < attempt.submitted) return null;
  if (time < attempt.scheduled) return 'PENDING_NODE_ASSIGNMENT';
  if (time < attempt.started) return 'SUBMITTED_TO_WORKER';
  if (time < attempt.ended) return 'RUNNING';
  return attempt.failure ? 'FAILED' : 'FINISHED';
}

/** Nanoseconds as decimal text of a time in ms with microseconds. */
export const nanos = (time: number): string => `${Math.round(time * 1000)}000`;

/** The second that was written last: times that follow each other mostly share it. */
let second = Number.NaN;
let secondText = '';

/** RFC 3339 with nanoseconds, as Ray's events carry it. */
export function rfc3339(time: number): string {
  const micros = Math.round(time * 1000);
  const rest = String(micros % 1_000_000).padStart(6, '0');
  const whole = Math.floor(micros / 1_000_000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, 19);
  }
  return `${secondText}.${rest}000Z`;
}
