/**
 * One record of a timeline file, checked: a complete span (`ph: X`) with its place and its times in ns. Shared by the
 * decoder (decode-timeline.ts, which describes the formats) and by the attribution to tasks (timeline-task-spans.ts).
 */
import type { TaskType } from '../../model/task.ts';
import { type Nanoseconds, nanoseconds } from '../../model/units.ts';
import { type Fields, isFields } from './event-fields.ts';

export interface TimelineSpan {
  readonly position: number;
  readonly category: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly nodeIp: string;
  readonly component: 'worker' | 'driver';
  readonly componentId: string;
  readonly args: Fields;
  readonly isApi: boolean;
}

/** Spans of one task attempt, in file order. */
export interface SpansOfAttempt {
  readonly taskId: string;
  readonly attempt: number;
  readonly jobId: string;
  readonly functionName: string | undefined;
  readonly actorId: string | undefined;
  readonly spans: readonly TimelineSpan[];
}

export interface TimelineNames {
  readonly session: string;
  readonly cluster: string | null;
  /** Job of spans that say none, 8 hex digits; null: they are set aside. */
  readonly jobId: string | null;
  /** False where the session has tasks of its own: then tasks without an id are not invented anew. */
  readonly isImported: boolean;
}

/** Below 2^53. */
const MOST_US = 9e15;

/** Microseconds as a float64 (steps of 0.25 us today) or as decimal text to ns, without passing 2^53; null where it is neither. */
function microsecondsToNanoseconds(us: unknown): Nanoseconds | null {
  if (typeof us === 'string') {
    const [, digits, fraction = ''] = /^(\d{1,16})(?:\.(\d+))?$/.exec(us) ?? [];
    if (digits === undefined || Number(digits) > MOST_US) return null;
    return nanoseconds(BigInt(digits) * 1000n + BigInt(fraction.slice(0, 3).padEnd(3, '0')));
  }
  if (typeof us !== 'number' || !Number.isFinite(us) || us < 0 || us > MOST_US) return null;
  const whole = Math.floor(us);
  return nanoseconds(BigInt(whole) * 1000n + BigInt(Math.round((us - whole) * 1000)));
}

/** Ids up to Ray 1.0, of 14 to 20 bytes, whose parts differ from version to version: they tell no job, no type and no actor. */
const OLD_TASK_ID = /^(?:[0-9a-f]{28}|[0-9a-f]{32}|[0-9a-f]{40})$/;
export const isOldTaskId = (taskId: string): boolean => OLD_TASK_ID.test(taskId);
/** The job of tasks whose file names none. */
export const UNNAMED_JOB = '00000000';

/** Type of a task, from its id: 8 bytes of its own, then the actor (12 own bytes, all ones for none) and the job. */
export function taskTypeOf(taskId: string): TaskType {
  if (isOldTaskId(taskId)) return 'NORMAL_TASK';
  const [own, actor] = [taskId.slice(0, 16), taskId.slice(16, 40)];
  if (/^f+$/.test(actor)) return /^f+$/.test(own) ? 'DRIVER_TASK' : 'NORMAL_TASK';
  return /^f+$/.test(own) ? 'ACTOR_CREATION_TASK' : 'ACTOR_TASK';
}

/** Names of A's processes and threads: they stand at the end of the file. */
export function namesOf(records: readonly unknown[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const record of records) {
    if (!isFields(record) || record.ph !== 'M' || !isFields(record.args) || typeof record.args.name !== 'string')
      continue;
    if (record.name === 'process_name') names.set(`${record.pid}`, record.args.name.replace(/^Node /, ''));
    if (record.name === 'thread_name') names.set(`${record.pid}/${record.tid}`, record.args.name);
  }
  return names;
}

/** "worker:" and an id of 28 bytes in hex, with room. */
const MOST_THREAD = 200;

/** Throws with the reason where the record is no span of Ray's. `names`: those of A's processes and threads. */
export function spanOf(record: Fields, position: number, names: ReadonlyMap<string, string>): TimelineSpan {
  const { cat, ts, dur, pid, tid, args } = record;
  if (typeof cat !== 'string' || cat === '') throw new Error('cat is missing');
  const start = microsecondsToNanoseconds(ts);
  if (start === null || start === 0n)
    throw new Error(`ts is ${JSON.stringify(ts)}: expected Unix time in microseconds`);
  const duration = microsecondsToNanoseconds(dur);
  if (duration === null) throw new Error(`dur is ${JSON.stringify(dur)}: expected microseconds`);
  const isApi = typeof tid === 'number';
  if (!isApi && typeof tid !== 'string') throw new Error('tid is neither a number nor "worker:<id>"');
  const thread = isApi ? (names.get(`${pid}/${tid}`) ?? '') : tid;
  const [kind, componentId] = thread.split(':');
  if (!isApi && kind !== 'worker' && kind !== 'driver')
    throw new Error(`tid is ${JSON.stringify(thread.slice(0, 60))}: expected "worker:<id>" or "driver:<id>"`);
  if (thread.length > MOST_THREAD) throw new Error(`the thread's name has ${thread.length} characters`);
  const said = argsOf(args);
  return {
    position,
    category: cat === 'task' ? `task::${oldName(record, said)}` : cat,
    start,
    end: nanoseconds(start + duration),
    nodeIp: isApi ? (names.get(`${pid}`) ?? '') : typeof pid === 'string' ? pid : '',
    component: kind === 'driver' ? 'driver' : 'worker',
    componentId: componentId ?? '',
    args: said,
    isApi,
  };
}

/** Early versions of Ray write them as JSON text. */
function argsOf(args: unknown): Fields {
  if (isFields(args)) return args;
  if (typeof args !== 'string' || !args.startsWith('{')) return {};
  try {
    const parsed: unknown = JSON.parse(args);
    return isFields(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** The function of a whole task up to Ray 1.0, whose category is `task` alone. */
function oldName({ name }: Fields, args: Fields): string {
  const reported = [args.name, args.function_name, name].find(
    (one) => typeof one === 'string' && one !== '' && one !== 'task',
  );
  return typeof reported === 'string' ? reported : 'unnamed task';
}
