/**
 * Events of tasks: definitions, what happened to attempts, and phases inside them.
 *
 *   2.49        TASK_EXECUTION_EVENT without a job id; runtime_env_info holds the runtime environment
 *   2.50        TASK_EXECUTION_EVENT with a job id
 *   from 2.51   TASK_LIFECYCLE_EVENT: a list of transitions instead of a map from states to timestamps
 */
import type { AttemptPart, TaskType } from '../../model/task.ts';
import type { Draft } from './event-draft.ts';
import {
  besideId,
  besideTimestampNs,
  count,
  defined,
  type Fields,
  field,
  id,
  integer,
  list,
  nested,
  numbers,
  text,
} from './event-fields.ts';
import { oomKillsOfTask } from './oom-kills.ts';
import { stateTimesOf } from './task-state.ts';

/** Driver tasks have an id of ones but for the job id; a task id is never nil, so it is read without that rule. */
function taskIdOf(fields: Fields): string {
  const value = field(fields, 'taskId');
  if (typeof value !== 'string' || value === '') throw new Error('taskId is missing');
  const hex = Buffer.from(value, 'base64').toString('hex');
  if (hex.length !== 48) throw new Error(`taskId has ${hex.length / 2} bytes, expected 24`);
  return hex;
}

/** Its last four bytes are the job's id (src/ray/design_docs/id_specification.md), which 2.49 does not say beside it. */
const jobIdOf = (body: Fields, taskId: string): string => id(body, 'jobId') ?? taskId.slice(40);

function functionName(descriptor: Fields | undefined): string | undefined {
  for (const kind of ['pythonFunctionDescriptor', 'javaFunctionDescriptor', 'cppFunctionDescriptor']) {
    const named = descriptor && nested(descriptor, kind);
    if (!named) continue;
    const [className, name] = [text(named, 'className'), text(named, 'functionName')];
    if (name) return className ? `${className}.${name}` : name;
  }
  return undefined;
}

export function definition(session: string, body: Fields, isActorTask: boolean, into: Draft): void {
  const taskId = taskIdOf(body);
  const declared = text(body, isActorTask ? 'actorTaskName' : 'taskName');
  const named = functionName(nested(body, isActorTask ? 'actorFunc' : 'taskFunc'));
  const type = isActorTask ? 'ACTOR_TASK' : ((text(body, 'taskType') ?? 'NORMAL_TASK') as TaskType);
  into.attempts.push(
    defined<AttemptPart>({
      session,
      jobId: jobIdOf(body, taskId),
      taskId,
      attempt: count(body, 'taskAttempt') ?? 0,
      source: 'event',
      type,
      functionName: named ?? declared,
      name: declared,
      actorId: besideId(body, 'actorId', into.note),
      parentTaskId: parentOf(body),
      placementGroupId: besideId(body, 'placementGroupId', into.note),
      language: text(body, 'language'),
      requiredResources: numbers(body, 'requiredResources'),
      runtimeEnv:
        text(body, 'serializedRuntimeEnv') ?? text(nested(body, 'runtimeEnvInfo') ?? {}, 'serializedRuntimeEnv'),
      callSite: text(body, 'callSite'),
      stateTimes: {},
    }),
  );
}

function parentOf(body: Fields): string | undefined {
  const value = field(body, 'parentTaskId');
  const hex = typeof value === 'string' ? Buffer.from(value, 'base64').toString('hex') : '';
  return hex.length === 48 && !/^f+$/.test(hex) ? hex : undefined;
}

export function lifecycle(session: string, body: Fields, into: Draft): void {
  const taskId = taskIdOf(body);
  const stateTimes = stateTimesOf(body, into.note);
  const error = nested(body, 'rayErrorInfo');
  const pid = integer(body, 'workerPid');
  const part = defined<AttemptPart>({
    session,
    jobId: jobIdOf(body, taskId),
    taskId,
    attempt: count(body, 'taskAttempt') ?? 0,
    source: 'event',
    nodeId: besideId(body, 'nodeId', into.note),
    workerId: besideId(body, 'workerId', into.note),
    workerPid: pid === 0 ? undefined : pid,
    stateTimes,
    errorType: error && text(error, 'errorType'),
    errorMessage: error && text(error, 'errorMessage'),
    actorId: besideId(body, 'actorId', into.note),
  });
  into.attempts.push(part);
  const failed = stateTimes.FAILED;
  if (failed !== undefined)
    into.kills.push(
      ...oomKillsOfTask({
        ...part,
        time: failed,
        source: 'event',
        message: part.errorMessage,
        errorType: part.errorType,
        pid: part.workerPid,
      }),
    );
}

export function profile(session: string, body: Fields, into: Draft): void {
  const events = nested(body, 'profileEvents');
  if (!events) return;
  const taskId = taskIdOf(body);
  const jobId = jobIdOf(body, taskId);
  const attempt = count(body, 'attemptNumber') ?? 0;
  const workerId = besideId(events, 'componentId', into.note) ?? '';
  for (const event of list(events, 'events')) {
    const [start, end] = [
      besideTimestampNs(event, 'startTime', into.note),
      besideTimestampNs(event, 'endTime', into.note),
    ];
    if (start === undefined || end === undefined) continue;
    into.profileSpans.push({
      session,
      jobId,
      taskId,
      attempt,
      componentType: text(events, 'componentType') ?? '',
      workerId,
      nodeIp: text(events, 'nodeIpAddress') ?? '',
      name: text(event, 'eventName') ?? '',
      start,
      end,
      extra: text(event, 'extraData') ?? '',
    });
  }
}
