/**
 * Which task attempt each span of a timeline file belongs to. Format A says so in every span. In format B only the span
 * of the whole task has an id; the spans inside come just before it, on the same worker:
 *
 *   file order:  wait_for_function  deserialize  execute  store_outputs  task::f {task_id}   deserialize ...
 *                '------------------- this attempt, if within it in time -------------'
 */
import { createHash } from 'node:crypto';
import { ownValue } from '../../model/own-value.ts';
import type { Nanoseconds } from '../../model/units.ts';
import {
  isOldTaskId,
  type SpansOfAttempt,
  type TimelineNames,
  type TimelineSpan,
  taskTypeOf,
  UNNAMED_JOB,
} from './timeline-span.ts';

const TASK_ID = /^[0-9a-f]{48}$/;
/** Rounding of the two floats that make an end. */
const SLACK = 2_000n;
/** A function is fetched just before its task starts (at most 33 ms in the recordings). */
const FETCH_SLACK = 1_000_000_000n;

interface Found {
  readonly attempts: readonly SpansOfAttempt[];
  readonly drivers: readonly { readonly span: TimelineSpan; readonly jobId: string }[];
}

interface Tell {
  /** What is broken. */
  readonly reject: (position: number, reason: string) => void;
  /** What is kept without something. */
  readonly note: (position: number, reason: string) => void;
  /** What is neither task nor driver. */
  readonly ignore: (what: string, count?: number) => void;
}

const isWhole = (span: TimelineSpan): boolean => span.category.startsWith('task::');
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const attemptOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : undefined;

const JOB_ID = /^[0-9a-f]{8}$/;
const ACTOR_ID = /^[0-9a-f]{32}$/;

/** Spans by attempt, in file order. */
export function attributeTaskSpans(spans: readonly TimelineSpan[], names: TimelineNames, tell: Tell): Found {
  const { reject, note } = tell;
  /** An id that stands beside the task's own, which holds it too. */
  const beside = (span: TimelineSpan, name: string, form: RegExp): string | undefined => {
    const value = ownValue(span.args, name);
    if (typeof value === 'string' && form.test(value)) return value;
    if (value !== undefined && value !== null && value !== '')
      note(span.position, `args.${name} is ${JSON.stringify(value).slice(0, 60)}: not an id; left out`);
    return undefined;
  };
  const groups = new Map<
    string,
    { -readonly [K in keyof SpansOfAttempt]: SpansOfAttempt[K] } & { spans: TimelineSpan[] }
  >();
  for (const span of spans) {
    if (!span.isApi) continue;
    const taskId = textOf(span.args.task_id)?.toLowerCase();
    const attempt = attemptOf(span.args.attempt_number);
    if (taskId === undefined || !TASK_ID.test(taskId)) {
      reject(span.position, `args.task_id is ${JSON.stringify(span.args.task_id)}: expected 48 hex digits`);
      continue;
    }
    if (attempt === undefined) {
      reject(span.position, `args.attempt_number is ${JSON.stringify(span.args.attempt_number)}: expected 0 or more`);
      continue;
    }
    const key = `${taskId}.${attempt}`;
    const group = groups.get(key) ?? {
      taskId,
      attempt,
      jobId: beside(span, 'job_id', JOB_ID) ?? taskId.slice(40),
      functionName: textOf(span.args.func_or_class_name),
      actorId: beside(span, 'actor_id', ACTOR_ID),
      spans: [],
    };
    group.spans.push(span);
    groups.set(key, group);
  }
  const reported = commandSpans(
    spans.filter((span) => !span.isApi),
    names,
    tell,
  );
  return { attempts: [...groups.values(), ...reported.attempts], drivers: reported.drivers };
}

/** Format B. */
function commandSpans(spans: readonly TimelineSpan[], names: TimelineNames, { reject, ignore }: Tell): Found {
  const ofDrivers: TimelineSpan[] = [];
  const wholes: { readonly whole: TimelineSpan; readonly spans: readonly TimelineSpan[] }[] = [];
  const jobOfWorker = new Map<string, string>();
  let pending: TimelineSpan[] = [];
  let worker = '';
  const giveUp = (): void => {
    for (const span of pending) ignore(`${span.category} outside any task`);
    pending = [];
  };
  for (const span of spans) {
    if (span.component === 'driver') {
      ofDrivers.push(span);
      continue;
    }
    if (span.componentId !== worker) giveUp();
    worker = span.componentId;
    if (!isWhole(span)) {
      pending.push(span);
      continue;
    }
    const inside = pending.filter((inner) => belongs(inner, span));
    for (const inner of pending) if (!belongs(inner, span)) ignore(`${inner.category} outside any task`);
    pending = [];
    wholes.push({ whole: span, spans: [...inside, span] });
    const taskId = textOf(span.args.task_id)?.toLowerCase() ?? '';
    if (TASK_ID.test(taskId)) jobOfWorker.set(worker, taskId.slice(40));
    else if (isOldTaskId(taskId)) jobOfWorker.set(worker, names.jobId ?? UNNAMED_JOB);
  }
  giveUp();
  const named: { taskId: string; whole: TimelineSpan; spans: readonly TimelineSpan[] }[] = [];
  for (const group of wholes) {
    const given = textOf(group.whole.args.task_id)?.toLowerCase();
    if (given !== undefined && !TASK_ID.test(given) && !isOldTaskId(given))
      reject(group.whole.position, `args.task_id is ${JSON.stringify(given)}: expected 48 hex digits`);
    else {
      const taskId = given ?? creationId(group.whole) ?? inventedId(group.whole, names, jobOfWorker);
      if (taskId === null && names.isImported) {
        reject(group.whole.position, 'the task has no id, and nothing else of its worker tells the job: give ?job=');
        ignore('failed task without an id', group.spans.length - 1);
      } else if (taskId === null) ignore('failed task without an id', group.spans.length);
      else named.push({ taskId, ...group });
    }
  }
  // Up to Ray 1.0 the id of a driver begins with no job's: its spans are of the job that all tasks of the file are shown as.
  const isOld = named.some(({ taskId }) => isOldTaskId(taskId));
  const drivers: { span: TimelineSpan; jobId: string }[] = [];
  for (const span of ofDrivers) {
    const jobId = names.jobId ?? (isOld ? UNNAMED_JOB : span.componentId.slice(0, 8));
    if (JOB_ID.test(jobId)) drivers.push({ span, jobId });
    else reject(span.position, `the driver id ${JSON.stringify(span.componentId.slice(0, 60))} does not name a job`);
  }
  return { attempts: numbered(named, names.jobId ?? UNNAMED_JOB), drivers };
}

const belongs = (inner: TimelineSpan, whole: TimelineSpan): boolean =>
  inner.category === 'wait_for_function'
    ? inner.end <= whole.start + SLACK && whole.start - inner.end < FETCH_SLACK
    : inner.start >= whole.start - SLACK && inner.end <= whole.end + SLACK;

/** An actor that failed to start says its id in the error, and its creation task is named after it. */
function creationId(whole: TimelineSpan): string | null {
  const actor = whole.category.endsWith('.__init__')
    ? /\bactor_id=([0-9a-f]{32})\b/.exec(String(whole.args.value))?.[1]
    : undefined;
  return actor === undefined ? null : `${'f'.repeat(16)}${actor}`;
}

/** Ray leaves the id out of a failed task's span: one that is the same at every import, where none can clash. */
function inventedId(
  whole: TimelineSpan,
  names: TimelineNames,
  jobOfWorker: ReadonlyMap<string, string>,
): string | null {
  if (!names.isImported) return null;
  const jobId = jobOfWorker.get(whole.componentId) ?? names.jobId;
  if (jobId === undefined || jobId === null) return null;
  const hash = createHash('sha256').update(`${whole.componentId} ${whole.category} ${whole.start}`).digest('hex');
  return `${hash.slice(0, 16)}${'f'.repeat(24)}${jobId}`;
}

/** Attempts of one task in the order of their starts, unless the file numbers them. */
function numbered(
  groups: readonly { readonly taskId: string; readonly whole: TimelineSpan; readonly spans: readonly TimelineSpan[] }[],
  jobOfOld: string,
): SpansOfAttempt[] {
  const startsOf = new Map<string, Nanoseconds[]>();
  for (const { taskId, whole } of groups) {
    const starts = startsOf.get(taskId);
    if (starts) starts.push(whole.start);
    else startsOf.set(taskId, [whole.start]);
  }
  // Looked up, not searched for: one task may have all spans of the file.
  const attemptsOf = new Map<string, Map<Nanoseconds, number>>();
  for (const [taskId, starts] of startsOf) {
    starts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const attempts = new Map<Nanoseconds, number>();
    starts.forEach((start, attempt) => {
      if (!attempts.has(start)) attempts.set(start, attempt);
    });
    attemptsOf.set(taskId, attempts);
  }
  return groups.map(({ taskId, whole, spans }) => ({
    taskId,
    attempt: attemptOf(whole.args.attempt_number) ?? attemptsOf.get(taskId)?.get(whole.start) ?? 0,
    jobId: isOldTaskId(taskId) ? jobOfOld : taskId.slice(40),
    functionName: undefined,
    actorId: taskTypeOf(taskId).startsWith('ACTOR') ? taskId.slice(16) : undefined,
    spans,
  }));
}
