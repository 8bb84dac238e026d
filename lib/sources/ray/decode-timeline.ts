/**
 * Ray's two timeline files (Chrome trace events) to the model. Ray 2.58:
 *   A  GET /api/v0/tasks/timeline (ray/_private/profiling.py chrome_tracing_dump): pid and tid are numbers, named by `M`
 *      events ("Node <ip>", "worker:<id>"); every span carries task_id, attempt_number, job_id, func_or_class_name.
 *   B  `ray timeline`, ray.timeline() (ray/_private/state.py): pid is the node's address, tid is "worker:<id>" or
 *      "driver:<id>"; only the span of a whole task carries ids, {name, task_id}, and not even that one when it failed.
 *   Up to Ray 1.0 B is the same but for the span of a whole task, whose category is `task` and whose name the function's, and for
 *   ids of 28, 32 or 40 digits.
 * Times are floats of microseconds, or text. Neither file says what was cut (A: 10,000 tasks, B: 100,000 in Ray's memory), and
 * neither holds attempts that still ran or whose worker died before it sent them.
 *
 * What an attempt went through is derived from its spans, in file order (spans of one attempt stand together):
 *
 *   wait_for_function |--|
 *   deserialize_arguments  |--|                      no task:: span: it reached a worker, nothing says how it ended
 *   execute                   |-------|              with a traceback: FAILED, TASK_EXECUTION_EXCEPTION
 *   store_outputs                     |--|
 *   task::<name>           |-------------|           RUNNING at its start, FINISHED or FAILED at its end
 */

import type { AttemptPart, NodePart, ProfileSpan, TaskState } from '../../model/task.ts';
import { type Nanoseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import type { DecodedRay } from './decode-event.ts';
import { defined, isFields } from './event-fields.ts';
import { isOldTaskId, namesOf, spanOf, type TimelineNames, type TimelineSpan, taskTypeOf } from './timeline-span.ts';
import { attributeTaskSpans } from './timeline-task-spans.ts';

export interface DecodedTimeline extends DecodedRay {
  readonly format: 'A' | 'B' | 'none';
  /** Jobs seen, each with what the file admits to not knowing. */
  readonly completeness: readonly { readonly jobId: string; readonly truncated: boolean; readonly reason: string }[];
}

/** RAY_MAX_LIMIT_FROM_API_SERVER: format A stops here without a mark. */
const API_TASK_LIMIT = 10_000;

const REASONS = {
  A: 'from a timeline file: Ray cuts it at 10,000 task attempts without a mark, and leaves out what still ran or died with its worker',
  B: 'from a timeline file: Ray keeps 100,000 tasks in memory and drops the rest without a mark, and leaves out what still ran or died with its worker; attempts are numbered by their order in time',
  old: 'from a timeline file of Ray up to 1.0: it names no job, so all its tasks are shown as one job, and it does not say what was cut',
} as const;

const actorOf = (taskId: string): string | undefined =>
  isOldTaskId(taskId) || /^f+$/.test(taskId.slice(16, 40)) ? undefined : taskId.slice(16);

/** What an attempt's spans say of its states. A KeyboardInterrupt is a cancel, which Ray's own tables call FINISHED. */
function statesOf(spans: readonly TimelineSpan[]): Pick<AttemptPart, 'stateTimes' | 'errorType' | 'errorMessage'> {
  const whole = spans.find((span) => span.category.startsWith('task::'));
  const failure = spans.find((span) => typeof span.args.traceback === 'string');
  const stateTimes: Partial<Record<TaskState, Nanoseconds>> = {};
  if (!whole) {
    const [first] = spans;
    const body = spans.find((span) => span.category === 'task:execute');
    if (first) stateTimes.SUBMITTED_TO_WORKER = first.start;
    if (body) stateTimes.RUNNING = body.start;
    return { stateTimes };
  }
  stateTimes.RUNNING = whole.start;
  const failed = failure !== undefined && !/KeyboardInterrupt/.test(String(failure.args.type));
  stateTimes[failed ? 'FAILED' : 'FINISHED'] = whole.end;
  return failed
    ? {
        stateTimes,
        errorType: 'TASK_EXECUTION_EXCEPTION',
        errorMessage: String(failure.args.traceback).slice(0, 20_000),
      }
    : { stateTimes };
}

const profileSpan = (
  session: string,
  span: TimelineSpan,
  jobId: string,
  taskId: string,
  attempt: number,
): ProfileSpan => ({
  session,
  jobId,
  taskId,
  attempt,
  componentType: span.component,
  workerId: span.componentId,
  nodeIp: span.nodeIp,
  name: span.category,
  start: span.start,
  end: span.end,
  extra: Object.keys(span.args).length > 0 ? JSON.stringify(span.args) : '',
  source: 'timeline',
});

/**
 * Every record of one timeline file, of either format. Records that are no span and no name are rejected with their
 * position; spans that belong to no task (a worker that died before it sent the rest) are counted as ignored.
 */
export function decodeTimeline(records: readonly unknown[], names: TimelineNames): DecodedTimeline {
  const rejects: { position: number; reason: string }[] = [];
  const notes: { position: number; reason: string }[] = [];
  const ignored = new Map<string, number>();
  const ignore = (what: string, count = 1): void => {
    ignored.set(what, (ignored.get(what) ?? 0) + count);
  };
  const labels = namesOf(records);
  const spans: TimelineSpan[] = [];
  records.forEach((record, position) => {
    try {
      if (!isFields(record)) throw new Error('the record is not an object');
      if (record.ph === 'M') return;
      if (typeof record.ph !== 'string') throw new Error('ph is missing: this is not a Chrome trace event');
      if (record.ph !== 'X') ignore(`phase ${record.ph.slice(0, 8)}`);
      else spans.push(spanOf(record, position, labels));
    } catch (error) {
      rejects.push({ position, reason: errorSentence(error, 'the record') });
    }
  });
  const found = attributeTaskSpans(spans, names, {
    reject: (position, reason) => rejects.push({ position, reason }),
    note: (position, reason) => notes.push({ position, reason }),
    ignore,
  });

  const { session } = names;
  const attempts: AttemptPart[] = [];
  const profileSpans: ProfileSpan[] = [];
  const seenOfJob = new Map<string, { first: Nanoseconds; last: Nanoseconds; attempts: number }>();
  const see = (jobId: string, span: TimelineSpan): void => {
    const seen = seenOfJob.get(jobId) ?? { first: span.start, last: span.end, attempts: 0 };
    if (span.start < seen.first) seen.first = span.start;
    if (span.end > seen.last) seen.last = span.end;
    seenOfJob.set(jobId, seen);
  };
  for (const of of found.attempts) {
    for (const span of of.spans) {
      see(of.jobId, span);
      profileSpans.push(profileSpan(session, span, of.jobId, of.taskId, of.attempt));
    }
    const type = taskTypeOf(of.taskId);
    // Restarts of an actor run its creation task again; Ray's own tables show that task once.
    if (type === 'ACTOR_CREATION_TASK' && of.attempt > 0) continue;
    const [first] = of.spans;
    const whole = of.spans.find((span) => span.category.startsWith('task::'));
    const seen = seenOfJob.get(of.jobId);
    if (seen) seen.attempts += 1;
    attempts.push(
      defined<AttemptPart>({
        session,
        jobId: of.jobId,
        taskId: of.taskId,
        attempt: of.attempt,
        source: 'timeline',
        type,
        functionName: of.functionName,
        name: whole?.category.slice('task::'.length),
        actorId: of.actorId ?? actorOf(of.taskId),
        nodeIp: first?.nodeIp || undefined,
        workerId: first?.componentId || undefined,
        workerPid: undefined,
        parentTaskId: undefined,
        placementGroupId: undefined,
        language: undefined,
        requiredResources: undefined,
        runtimeEnv: undefined,
        callSite: undefined,
        nodeId: undefined,
        logs: undefined,
        errorType: undefined,
        errorMessage: undefined,
        ...statesOf(of.spans),
      }),
    );
  }
  for (const { span, jobId } of found.drivers) {
    see(jobId, span);
    profileSpans.push(profileSpan(session, span, jobId, `${'f'.repeat(40)}${jobId}`, 0));
  }
  let last = nanoseconds(0n);
  for (const job of seenOfJob.values()) if (job.last > last) last = job.last;
  const isApi = spans.some((span) => span.isApi);
  const isOld = attempts.some(({ taskId }) => isOldTaskId(taskId));
  const total = attempts.length;
  const format = spans.length === 0 ? 'none' : isApi ? 'A' : 'B';
  return {
    format,
    rejects: rejects.map((one) => ({ ...one, session: names.session })),
    notes,
    ignored: [...ignored].map(([type, records]) => ({ session: names.session, type, records })),
    facts: {
      attempts,
      profileSpans,
      nodes: names.isImported ? nodesOf(session, spans, last) : [],
      actors: [],
      workers: [],
      jobs: [...seenOfJob].map(([jobId, seen]) => ({ session, jobId, start: seen.first })),
      kills: [],
      sightings:
        spans.length > 0
          ? [{ session, cluster: names.cluster ?? '', rayVersion: null, seen: nanosecondsToMilliseconds(last) }]
          : [],
    },
    completeness: [...seenOfJob.keys()].map((jobId) => {
      const truncated = isApi && total === API_TASK_LIMIT;
      const reason = REASONS[isApi ? 'A' : isOld ? 'old' : 'B'];
      return { jobId, truncated, reason: truncated ? `${reason}; this one holds exactly that many` : reason };
    }),
  };
}

/** Nodes by their address: the file has no node ids, and two raylets on one address are one here. */
function nodesOf(session: string, spans: readonly TimelineSpan[], seen: Nanoseconds): NodePart[] {
  const addresses = new Set(spans.map((span) => span.nodeIp).filter((ip) => ip !== ''));
  return [...addresses].map((ip) => ({ session, nodeId: ip, ip, name: ip, seen }));
}
