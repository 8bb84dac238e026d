/**
 * One file of over 300 lines, because the 17 event types share one envelope and are read side by side.
 *
 * Ray's event export (POST of an array of RayEvent) to the model. All 17 event types of 2.58 are accepted; those that
 * say nothing X-Ray keeps are counted as ignored. A record that cannot be read is rejected alone, with its position.
 */
import type {
  ActorPart,
  AttemptPart,
  JobPart,
  NodePart,
  OutOfMemoryKill,
  ProfileSpan,
  RayFacts,
  SessionSighting,
  TaskState,
  TaskType,
  WorkerPart,
} from '../../model/task.ts';
import { TASK_STATES } from '../../model/task.ts';
import { bytes, type Nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import {
  count,
  defined,
  type Fields,
  field,
  id,
  integer,
  isFields,
  list,
  moment,
  momentMs,
  momentNs,
  nested,
  numbers,
  text,
  texts,
} from './event-fields.ts';
import { oomKillsOfActor, oomKillsOfTask, oomKillsOfWorker, oomMessageOfDeathCause } from './oom-kills.ts';

export interface DecodedRay {
  readonly facts: RayFacts;
  /** Valid records that say nothing X-Ray keeps, by event type. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly rejects: readonly { readonly position: number; readonly reason: string }[];
}

interface Draft {
  attempts: AttemptPart[];
  profileSpans: ProfileSpan[];
  nodes: NodePart[];
  actors: ActorPart[];
  workers: WorkerPart[];
  jobs: JobPart[];
  kills: OutOfMemoryKill[];
  sightings: SessionSighting[];
}

const STATES: ReadonlySet<string> = new Set(TASK_STATES);
const isState = (value: unknown): value is TaskState => typeof value === 'string' && STATES.has(value);

/** Namespaces of Ray's own drivers: the Jobs API's supervisor and the dashboard. */
const INTERNAL_NAMESPACE = /^_ray_internal|^SUPERVISOR_ACTOR_RAY_NAMESPACE$/;

const required = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
};

/** Driver tasks have an id of ones but for the job id; a task id is never nil, so it is read without that rule. */
function taskIdOf(fields: Fields): string {
  const value = field(fields, 'taskId');
  if (typeof value !== 'string' || value === '') throw new Error('taskId is missing');
  const hex = Buffer.from(value, 'base64').toString('hex');
  if (hex.length !== 48) throw new Error(`taskId has ${hex.length / 2} bytes, expected 24`);
  return hex;
}

function functionName(descriptor: Fields | undefined): string | undefined {
  for (const kind of ['pythonFunctionDescriptor', 'javaFunctionDescriptor', 'cppFunctionDescriptor']) {
    const named = descriptor && nested(descriptor, kind);
    if (!named) continue;
    const [className, name] = [text(named, 'className'), text(named, 'functionName')];
    if (name) return className ? `${className}.${name}` : name;
  }
  return undefined;
}

function definition(session: string, body: Fields, isActorTask: boolean): AttemptPart {
  const declared = text(body, isActorTask ? 'actorTaskName' : 'taskName');
  const named = functionName(nested(body, isActorTask ? 'actorFunc' : 'taskFunc'));
  const type = isActorTask ? 'ACTOR_TASK' : ((text(body, 'taskType') ?? 'NORMAL_TASK') as TaskType);
  return defined<AttemptPart>({
    session,
    jobId: required(id(body, 'jobId'), 'jobId'),
    taskId: taskIdOf(body),
    attempt: count(body, 'taskAttempt') ?? 0,
    source: 'event',
    type,
    functionName: named ?? declared,
    name: declared,
    actorId: id(body, 'actorId'),
    parentTaskId: parentOf(body),
    placementGroupId: id(body, 'placementGroupId'),
    language: text(body, 'language'),
    requiredResources: numbers(body, 'requiredResources'),
    runtimeEnv: text(body, 'serializedRuntimeEnv'),
    callSite: text(body, 'callSite'),
    stateTimes: {},
  });
}

function parentOf(body: Fields): string | undefined {
  const value = field(body, 'parentTaskId');
  const hex = typeof value === 'string' ? Buffer.from(value, 'base64').toString('hex') : '';
  return hex.length === 48 && !/^f+$/.test(hex) ? hex : undefined;
}

function lifecycle(session: string, body: Fields, into: Draft): void {
  const stateTimes: Partial<Record<TaskState, Nanoseconds>> = {};
  for (const transition of list(body, 'stateTransitions')) {
    const state = field(transition, 'state');
    const time = moment(transition, 'timestamp');
    if (!isState(state) || time === undefined) continue;
    const before = stateTimes[state];
    if (before === undefined || time < before) stateTimes[state] = time;
  }
  const error = nested(body, 'rayErrorInfo');
  const pid = integer(body, 'workerPid');
  const part = defined<AttemptPart>({
    session,
    jobId: required(id(body, 'jobId'), 'jobId'),
    taskId: taskIdOf(body),
    attempt: count(body, 'taskAttempt') ?? 0,
    source: 'event',
    nodeId: id(body, 'nodeId'),
    workerId: id(body, 'workerId'),
    workerPid: pid === 0 ? undefined : pid,
    stateTimes,
    errorType: error && text(error, 'errorType'),
    errorMessage: error && text(error, 'errorMessage'),
    actorId: id(body, 'actorId'),
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

function profile(session: string, body: Fields, into: Draft): void {
  const events = nested(body, 'profileEvents');
  if (!events) return;
  const jobId = required(id(body, 'jobId'), 'jobId');
  const taskId = taskIdOf(body);
  const attempt = count(body, 'attemptNumber') ?? 0;
  for (const event of list(events, 'events')) {
    const [start, end] = [momentNs(event, 'startTime'), momentNs(event, 'endTime')];
    if (start === undefined || end === undefined) continue;
    into.profileSpans.push({
      session,
      jobId,
      taskId,
      attempt,
      componentType: text(events, 'componentType') ?? '',
      workerId: id(events, 'componentId') ?? '',
      nodeIp: text(events, 'nodeIpAddress') ?? '',
      name: text(event, 'eventName') ?? '',
      start,
      end,
      extra: text(event, 'extraData') ?? '',
    });
  }
}

function node(session: string, body: Fields, seen: Nanoseconds, into: Draft): void {
  const nodeId = required(id(body, 'nodeId'), 'nodeId');
  const base = { session, nodeId, seen };
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.nodes.push(
      defined<NodePart>({
        ...base,
        ip: text(body, 'nodeIpAddress'),
        name: text(body, 'nodeName'),
        hostname: text(body, 'hostname'),
        labels: texts(body, 'labels'),
        start: moment(body, 'startTimestamp'),
      }),
    );
  for (const transition of transitions) {
    const resources = numbers(transition, 'resources');
    const dead = text(transition, 'state') === 'DEAD';
    const death = nested(transition, 'deathInfo');
    into.nodes.push(
      defined<NodePart>({
        ...base,
        state: dead ? 'DEAD' : 'ALIVE',
        resources,
        isHead: resources ? 'node:__internal_head__' in resources : undefined,
        end: dead ? moment(transition, 'timestamp') : undefined,
        deathReason: death && (text(death, 'reasonMessage') ?? text(death, 'reason')),
      }),
    );
  }
}

function actor(session: string, body: Fields, into: Draft): void {
  const actorId = required(id(body, 'actorId'), 'actorId');
  // The last four bytes of an actor id are its job's id (src/ray/design_docs/id_specification.md).
  const jobId = id(body, 'jobId') ?? actorId.slice(-8);
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.actors.push(
      defined<ActorPart>({
        session,
        jobId,
        actorId,
        className: text(body, 'className'),
        name: text(body, 'name'),
        namespace: text(body, 'rayNamespace'),
        isDetached: field(body, 'isDetached') === true,
        placementGroupId: id(body, 'placementGroupId'),
        requiredResources: numbers(body, 'requiredResources'),
      }),
    );
  for (const transition of transitions) {
    const pid = integer(transition, 'pid');
    const cause = nested(transition, 'deathCause');
    into.actors.push(
      defined<ActorPart>({
        session,
        jobId,
        actorId,
        state: text(transition, 'state'),
        stateTime: moment(transition, 'timestamp'),
        nodeId: id(transition, 'nodeId'),
        workerId: id(transition, 'workerId'),
        pid: pid === 0 ? undefined : pid,
        deathCause: cause && JSON.stringify(cause),
      }),
    );
    const message = oomMessageOfDeathCause(cause);
    const time = moment(transition, 'timestamp');
    if (message !== undefined && time !== undefined)
      into.kills.push(...oomKillsOfActor({ session, time, source: 'event', message, jobId, actorId }));
  }
}

function worker(session: string, body: Fields, seen: Nanoseconds, nodeId: string | undefined, into: Draft): void {
  const workerId = required(id(body, 'workerId'), 'workerId');
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.workers.push(
      defined<WorkerPart>({
        session,
        workerId,
        nodeId: id(body, 'nodeId'),
        pid: integer(body, 'pid'),
        type: text(body, 'workerType'),
      }),
    );
  for (const transition of transitions) {
    const exit = nested(transition, 'deathInfo') ?? transition;
    const end = momentMs(transition, 'endTimeMs');
    const [exitType, exitDetail] = [text(exit, 'exitType'), text(exit, 'exitDetail')];
    const start = momentMs(transition, 'startTimeMs');
    into.workers.push(defined<WorkerPart>({ session, workerId, start, end, exitType, exitDetail }));
    const used = integer(exit, 'memoryUsedBytes');
    into.kills.push(
      ...oomKillsOfWorker({
        session,
        workerId,
        exitType,
        time: end ?? moment(transition, 'timestamp') ?? seen,
        source: 'event',
        message: exitDetail,
        jobId: id(body, 'jobId'),
        nodeId,
        used: used ? bytes(used) : undefined,
      }),
    );
  }
}

function job(session: string, body: Fields, into: Draft): void {
  const jobId = required(id(body, 'jobId'), 'jobId');
  const config = nested(body, 'config');
  if (config || text(body, 'entrypoint')) {
    const metadata = config && texts(config, 'metadata');
    const submissionId = metadata?.job_submission_id;
    const namespace = config && text(config, 'rayNamespace');
    into.jobs.push(
      defined<JobPart>({
        session,
        jobId,
        submissionId,
        type: submissionId ? 'SUBMISSION' : 'DRIVER',
        entrypoint: text(body, 'entrypoint'),
        metadata,
        driverNodeId: id(body, 'driverNodeId'),
        driverPid: integer(body, 'driverPid'),
        runtimeEnv: config && text(config, 'serializedRuntimeEnv'),
        isInternal: namespace && INTERNAL_NAMESPACE.test(namespace) ? true : undefined,
      }),
    );
  }
  for (const transition of list(body, 'stateTransitions')) {
    const state = text(transition, 'state');
    const time = moment(transition, 'timestamp');
    if (time === undefined) continue;
    into.jobs.push(
      defined<JobPart>({
        session,
        jobId,
        status: state === 'FINISHED' ? 'FINISHED' : 'RUNNING',
        statusTime: time,
        start: state === 'CREATED' ? time : undefined,
        end: state === 'FINISHED' ? time : undefined,
      }),
    );
  }
}

/**
 * One request body of the event export.
 * `cluster`: the name given with the request, or null (then the session is its own cluster).
 */
export function decodeRayEvents(records: readonly unknown[], cluster: string | null): DecodedRay {
  const into: Draft = {
    attempts: [],
    profileSpans: [],
    nodes: [],
    actors: [],
    workers: [],
    jobs: [],
    kills: [],
    sightings: [],
  };
  // A map: the type is text from outside, `__proto__` too.
  const ignored = new Map<string, number>();
  const rejects: { position: number; reason: string }[] = [];
  const heard = new Map<string, Nanoseconds>();
  records.forEach((record, position) => {
    try {
      if (!isFields(record)) throw new Error('the record is not an object');
      const type = required(text(record, 'eventType'), 'eventType');
      const session = required(text(record, 'sessionName'), 'sessionName');
      const time = required(moment(record, 'timestamp'), 'timestamp');
      if (time > (heard.get(session) ?? 0n)) heard.set(session, time);
      if (!decodeOne(type, session, time, record, into)) ignored.set(type, (ignored.get(type) ?? 0) + 1);
    } catch (error) {
      rejects.push({ position, reason: errorSentence(error, 'the record') });
    }
  });
  for (const [session, time] of heard)
    into.sightings.push({
      session,
      cluster: cluster ?? '',
      rayVersion: null,
      seen: nanosecondsToMilliseconds(time),
      source: 'events',
    });
  return { facts: into, ignored: Object.fromEntries(ignored), rejects };
}

/** False where the type says nothing X-Ray keeps. Throws where the record lacks what its type promises. */
function decodeOne(type: string, session: string, time: Nanoseconds, record: Fields, into: Draft): boolean {
  const body = (name: string): Fields => required(nested(record, name), name);
  switch (type) {
    case 'TASK_DEFINITION_EVENT':
      into.attempts.push(definition(session, body('taskDefinitionEvent'), false));
      return true;
    case 'ACTOR_TASK_DEFINITION_EVENT':
      into.attempts.push(definition(session, body('actorTaskDefinitionEvent'), true));
      return true;
    case 'TASK_LIFECYCLE_EVENT':
      lifecycle(session, body('taskLifecycleEvent'), into);
      return true;
    case 'TASK_PROFILE_EVENT':
      profile(session, body('taskProfileEvents'), into);
      return true;
    case 'NODE_DEFINITION_EVENT':
      node(session, body('nodeDefinitionEvent'), time, into);
      return true;
    case 'NODE_LIFECYCLE_EVENT':
      node(session, body('nodeLifecycleEvent'), time, into);
      return true;
    case 'ACTOR_DEFINITION_EVENT':
      actor(session, body('actorDefinitionEvent'), into);
      return true;
    case 'ACTOR_LIFECYCLE_EVENT':
      actor(session, body('actorLifecycleEvent'), into);
      return true;
    case 'WORKER_DEFINITION_EVENT':
      worker(session, body('workerDefinitionEvent'), time, undefined, into);
      return true;
    case 'WORKER_LIFECYCLE_EVENT':
      worker(session, body('workerLifecycleEvent'), time, id(record, 'nodeId'), into);
      return true;
    case 'DRIVER_JOB_DEFINITION_EVENT':
      job(session, body('driverJobDefinitionEvent'), into);
      return true;
    case 'DRIVER_JOB_LIFECYCLE_EVENT':
      job(session, body('driverJobLifecycleEvent'), into);
      return true;
    default:
      return false;
  }
}
