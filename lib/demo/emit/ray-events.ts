/** Ray's event export (JSON array of RayEvent, camelCase, base64 ids), as ray 2.58 posts it. Windows are [from, to) in Unix ms. */

import { OWN_PROCESS } from '../jobs/preprocessing.ts';
import { attemptsBetween, killsBetween } from '../state/memory.ts';
import { type Attempt, nanos, rfc3339 } from '../world/attempt.ts';
import { type DemoWorker, groupOfJob, hash, hex, nodeAt, type World } from '../world/model.ts';

export type RayEvent = Readonly<Record<string, unknown>>;

/** Base64 of the bytes whose hex is given. */
export const base64 = (hexText: string): string => Buffer.from(hexText, 'hex').toString('base64');

const NO_GROUP = base64('f'.repeat(36));
const driverTaskId = (jobId: string): string => 'f'.repeat(40) + jobId;
const KEYS = {
  NODE_DEFINITION: 'nodeDefinitionEvent',
  NODE_LIFECYCLE: 'nodeLifecycleEvent',
  DRIVER_JOB_DEFINITION: 'driverJobDefinitionEvent',
  DRIVER_JOB_LIFECYCLE: 'driverJobLifecycleEvent',
  ACTOR_DEFINITION: 'actorDefinitionEvent',
  ACTOR_LIFECYCLE: 'actorLifecycleEvent',
  WORKER_DEFINITION: 'workerDefinitionEvent',
  WORKER_LIFECYCLE: 'workerLifecycleEvent',
  TASK_DEFINITION: 'taskDefinitionEvent',
  ACTOR_TASK_DEFINITION: 'actorTaskDefinitionEvent',
  TASK_LIFECYCLE: 'taskLifecycleEvent',
  TASK_PROFILE: 'taskProfileEvents',
} as const;
type Kind = keyof typeof KEYS;

/** Collects events of one session; `events()` gives them oldest first. */
export class Batch {
  readonly #world: World;
  readonly #events: { readonly time: number; readonly event: RayEvent }[] = [];
  constructor(world: World) {
    this.#world = world;
  }

  add(kind: Kind, time: number, nodeId: string, id: readonly number[], body: RayEvent): void {
    const core = kind.includes('TASK');
    this.#events.push({
      time,
      event: {
        eventId: base64(
          hex(
            28,
            this.#world.seed,
            90,
            Math.round(time * 1000) % 2 ** 32,
            hash(kind.length, kind.charCodeAt(0), kind.charCodeAt(5)),
            ...id,
          ),
        ),
        sourceType: core ? 'CORE_WORKER' : 'GCS',
        eventType: `${kind}_EVENT`,
        timestamp: rfc3339(time),
        severity: 'INFO',
        sessionName: this.#world.session,
        [KEYS[kind]]: body,
        nodeId: base64(nodeId),
        message: '',
      },
    });
  }

  events(): RayEvent[] {
    return this.#events.sort((left, right) => left.time - right.time).map((one) => one.event);
  }
}

const descriptor = (attempt: Attempt): RayEvent => {
  const [className, method] = attempt.functionName.split('.');
  const named = method === undefined ? { className: '', functionName: className } : { className, functionName: method };
  return {
    pythonFunctionDescriptor: {
      moduleName: attempt.job === 'train' ? 'train' : 'preprocess',
      ...named,
      functionHash: '',
    },
  };
};

const resources = (attempt: Attempt): Record<string, number> => ({
  ...(attempt.cpus > 0 ? { CPU: attempt.cpus } : {}),
  ...(attempt.gpus > 0 ? { GPU: attempt.gpus } : {}),
});

function definition(world: World, batch: Batch, attempt: Attempt, id: readonly number[]): void {
  const group = groupOfJob(world, attempt.jobId);
  const shared = {
    taskId: base64(attempt.taskId),
    jobId: base64(attempt.jobId),
    parentTaskId: base64(driverTaskId(attempt.jobId)),
    placementGroupId: group === null ? NO_GROUP : base64(group),
    serializedRuntimeEnv: '{}',
    taskAttempt: attempt.attempt,
    language: 'PYTHON',
    requiredResources: resources(attempt),
    refIds: {},
    labelSelector: {},
    isDetachedActor: false,
  };
  const head = nodeAt(world, 0).nodeId;
  if (attempt.type === 'ACTOR_TASK') {
    batch.add('ACTOR_TASK_DEFINITION', attempt.submitted, head, id, {
      ...shared,
      actorFunc: descriptor(attempt),
      actorTaskName: attempt.functionName,
      actorId: base64(attempt.actorId ?? ''),
    });
    return;
  }
  batch.add('TASK_DEFINITION', attempt.submitted, head, id, {
    ...shared,
    taskType: attempt.type,
    taskFunc: descriptor(attempt),
    taskName: attempt.functionName,
  });
}

/** Path of a worker's log without its ending. */
export const logFile = (world: World, attempt: Attempt): string =>
  `/tmp/ray/${world.session}/logs/worker-${attempt.worker.workerId}-${attempt.jobId}-${attempt.worker.pid}`;

/** Profiler spans of an attempt: name, start and end in Unix ms. A killed process leaves only its beginning. */
export function profile(attempt: Attempt): { name: string; start: number; end: number }[] {
  const begin = attempt.started + 0.4;
  const read = begin + 0.3;
  if (attempt.failure?.errorType === 'OUT_OF_MEMORY')
    return [{ name: 'task:deserialize_arguments', start: begin, end: read }];
  const last = attempt.ended - 0.1;
  const stored = Math.max(read, last - Math.min(40, (last - begin) * 0.02));
  return [
    { name: 'task:deserialize_arguments', start: begin, end: read },
    { name: 'task:execute', start: read, end: stored },
    { name: 'task:store_outputs', start: stored, end: last },
    { name: `task::${attempt.functionName}`, start: begin - 0.1, end: last },
  ];
}

function attemptEvents(world: World, batch: Batch, attempt: Attempt, { from, to, isDefined }: EventWindow): void {
  const within = (time: number): boolean => time >= from && time < to;
  const word = (start: number): number => Number.parseInt(attempt.taskId.slice(start, start + 8), 16);
  const id = [word(0), word(8), word(16), attempt.attempt];
  const task = { taskId: base64(attempt.taskId), jobId: base64(attempt.jobId), taskAttempt: attempt.attempt };
  const nobody = { nodeId: '', workerId: '', workerPid: 0 };
  const head = nodeAt(world, 0).nodeId;
  const own = attempt.worker.node.nodeId;
  const transitions: { state: string; timestamp: string }[] = [];
  let last = attempt.submitted;
  const reach = (state: string, time: number): void => {
    if (!within(time)) return;
    transitions.push({ state, timestamp: rfc3339(time) });
    last = time;
  };
  if (isDefined || within(attempt.submitted)) definition(world, batch, attempt, id);
  reach('PENDING_ARGS_AVAIL', attempt.submitted);
  if (within(attempt.submitted)) reach('PENDING_NODE_ASSIGNMENT', attempt.submitted);
  reach('SUBMITTED_TO_WORKER', attempt.scheduled);
  reach(attempt.failure ? 'FAILED' : 'FINISHED', attempt.ended);
  if (transitions.length > 0) {
    const placed = within(attempt.scheduled)
      ? { nodeId: base64(own), workerId: base64(attempt.worker.workerId), workerPid: 0 }
      : nobody;
    const error = within(attempt.ended) && attempt.failure ? { rayErrorInfo: attempt.failure } : {};
    batch.add('TASK_LIFECYCLE', last, head, [...id, 1], {
      ...task,
      stateTransitions: transitions,
      ...placed,
      ...error,
    });
  }
  if (within(attempt.started)) {
    const file = logFile(world, attempt);
    batch.add('TASK_LIFECYCLE', attempt.started, own, [...id, 2], {
      ...task,
      stateTransitions: [{ state: 'RUNNING', timestamp: rfc3339(attempt.started) }],
      taskLogInfo: { stdoutFile: `${file}.out`, stderrFile: `${file}.err`, stdoutStart: '0', stderrStart: '0' },
      ...nobody,
      workerPid: attempt.worker.pid,
    });
  }
  if (within(attempt.ended)) {
    const name = attempt.functionName;
    batch.add('TASK_PROFILE', attempt.ended, own, [...id, 3], {
      taskId: task.taskId,
      jobId: task.jobId,
      attemptNumber: attempt.attempt,
      profileEvents: {
        componentType: 'worker',
        componentId: base64(attempt.worker.workerId),
        nodeIpAddress: attempt.worker.node.ip,
        events: profile(attempt).map((span) => ({
          startTime: nanos(span.start),
          endTime: nanos(span.end),
          extraData: span.name.startsWith('task::')
            ? JSON.stringify({ name: `__main__.${name}`, task_id: attempt.taskId })
            : '{}',
          eventName: span.name,
        })),
      },
    });
  }
}

/** Unix ms, [from, to). `isDefined`: attempts that began before are defined again. */
interface EventWindow {
  readonly from: number;
  readonly to: number;
  readonly isDefined: boolean;
}

/** Events of all task attempts in the window, oldest first. Sent newest window first, what an attempt is must not come last. */
export function taskEvents(world: World, from: number, to: number, isDefined = false): RayEvent[] {
  const batch = new Batch(world);
  for (const attempt of attemptsBetween(world, from, to)) {
    attemptEvents(world, batch, attempt, { from, to, isDefined });
    if (OWN_PROCESS.has(attempt.functionName) && attempt.submitted >= from && attempt.submitted < to) {
      workerBirth(batch, attempt.worker, attempt.submitted);
    }
  }
  for (const { attempt, taskUsed } of killsBetween(world, from, to))
    workerDeath(batch, attempt.worker, attempt.ended, attempt.jobId, {
      exitType: 'NODE_OUT_OF_MEMORY',
      exitDetail: attempt.failure?.errorMessage ?? '',
      memoryUsedBytes: String(Math.round(taskUsed)),
    });
  return batch.events();
}

/** A worker's definition and its first state, told at `time`. */
export function workerBirth(batch: Batch, worker: DemoWorker, time: number): void {
  const nodeId = worker.node.nodeId;
  const workerId = base64(worker.workerId);
  const launch = Math.round(worker.start);
  batch.add('WORKER_DEFINITION', time, nodeId, [worker.pid, 1], {
    workerId,
    nodeId: base64(nodeId),
    pid: worker.pid,
    workerType: 'WORKER',
  });
  batch.add('WORKER_LIFECYCLE', time, nodeId, [worker.pid, 2], {
    workerId,
    jobId: '',
    stateTransitions: [
      {
        state: 'ALIVE',
        timestamp: rfc3339(time),
        workerLaunchTimeMs: String(launch - 900),
        workerLaunchedTimeMs: String(launch - 40),
        startTimeMs: String(launch),
        endTimeMs: '0',
      },
    ],
  });
}

/** The end of a worker's process, and why. */
export function workerDeath(batch: Batch, worker: DemoWorker, time: number, jobId: string, deathInfo: RayEvent): void {
  batch.add('WORKER_LIFECYCLE', time, worker.node.nodeId, [worker.pid, 3], {
    workerId: base64(worker.workerId),
    jobId: base64(jobId),
    stateTransitions: [
      {
        state: 'DEAD',
        timestamp: rfc3339(time),
        endTimeMs: String(Math.round(time)),
        deathInfo,
        workerLaunchTimeMs: '0',
        workerLaunchedTimeMs: '0',
        startTimeMs: '0',
      },
    ],
  });
}
