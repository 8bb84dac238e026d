/**
 * SYNTHETIC: Ray's event export with very many of one thing each, as bodies that are within the limits of ingest. Every
 * name says so. Ids are the number of the thing; times lie in the last hour. Over 300 lines: a kind of thing each.
 */
import { base64 } from '../../lib/demo/emit/ray-events.ts';

/** One request: its address, and JSON. */
export interface ScaleBody {
  readonly path: string;
  readonly json: string;
}

export const SCALE_CLUSTER = 'synthetic-scale';
export const SCALE_SESSION = 'session_synthetic_scale';
export const MANY_SESSIONS_CLUSTER = 'synthetic-many-sessions';
/** The jobs that hold the many: functions, attempts of one task, states of one attempt, attempts that overlap. */
export const SCALE_JOBS = {
  functions: 'f0000001',
  attempts: 'f0000002',
  states: 'f0000003',
  overlap: 'f0000004',
  actors: 'f0000005',
} as const;
export const BEGIN_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
/** Records of a body: big enough for few requests, small enough for the limits. */
const RECORDS = 50_000;

const hex = (number: number, bytes: number): string => number.toString(16).padStart(bytes * 2, '0');
const id = (number: number, bytes = 28): string => base64(hex(number, bytes));
const stamp = (ms: number): string => new Date(ms).toISOString();
/** Hex of task `number` of a job. */
export const taskId = (number: number, job: string): string => hex(number + 1, 20) + job;
/** Hex of a node. */
export const nodeId = (number: number): string => hex(number + 1, 28);

interface Envelope {
  readonly eventType: string;
  readonly session?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const envelope = ({ eventType, session = SCALE_SESSION, body }: Envelope, ms = BEGIN_MS) => ({
  eventId: '',
  sourceType: 'CORE_WORKER',
  eventType,
  timestamp: stamp(ms),
  severity: 'INFO',
  sessionName: session,
  ...body,
  nodeId: id(1),
  message: '',
});

/** `count` records of `make`, in bodies. */
function* bodies(count: number, make: (i: number) => readonly object[], cluster = SCALE_CLUSTER): Generator<ScaleBody> {
  const path = `/v1/events${cluster === '' ? '' : `?cluster=${cluster}`}`;
  let records: object[] = [];
  for (let i = 0; i < count; i++) {
    records.push(...make(i));
    if (records.length < RECORDS) continue;
    yield { path, json: JSON.stringify(records) };
    records = [];
  }
  if (records.length > 0) yield { path, json: JSON.stringify(records) };
}

export const nodes = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) => [
    envelope({
      eventType: 'NODE_DEFINITION_EVENT',
      body: {
        nodeDefinitionEvent: {
          nodeId: id(i + 1),
          // Four raylets share a host, as on a machine that runs several.
          nodeIpAddress: `10.${(i >> 18) & 255}.${(i >> 10) & 255}.${(i >> 2) & 255}`,
          labels: { 'synthetic.rack': String(i % 1000) },
          startTimestamp: stamp(BEGIN_MS),
          hostname: `synthetic-host-${i >> 2}`,
          nodeName: `synthetic-node-${i}`,
        },
      },
    }),
  ]);

/** All of `count` nodes at one address: what is compared with its neighbours is compared with everybody. */
export const nodesOfOneHost = (count: number): Generator<ScaleBody> =>
  bodies(
    count,
    (i) => [
      envelope({
        eventType: 'NODE_DEFINITION_EVENT',
        session: `${SCALE_SESSION}_one_host`,
        body: {
          nodeDefinitionEvent: {
            nodeId: id(i + 1),
            nodeIpAddress: '192.0.2.1',
            labels: {},
            startTimestamp: stamp(BEGIN_MS),
            hostname: 'synthetic-host',
            nodeName: `synthetic-node-${i}`,
          },
        },
      }),
    ],
    `${SCALE_CLUSTER}-one-host`,
  );

export const jobs = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) => [
    envelope({
      eventType: 'DRIVER_JOB_DEFINITION_EVENT',
      body: {
        driverJobDefinitionEvent: {
          jobId: id(i + 1, 4),
          entrypoint: `python synthetic_${i}.py`,
          driverPid: 1000,
          driverNodeId: id(1),
          config: { metadata: { owner: 'synthetic', job_submission_id: `raysubmit_synthetic_${i}` } },
        },
      },
    }),
  ]);

export const actors = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) => [
    envelope({
      eventType: 'ACTOR_DEFINITION_EVENT',
      body: {
        actorDefinitionEvent: {
          actorId: base64(hex(i + 1, 12) + SCALE_JOBS.actors),
          jobId: base64(SCALE_JOBS.actors),
          className: `SyntheticActor${i}`,
          name: `synthetic-actor-${i}`,
          rayNamespace: 'synthetic',
          isDetached: false,
          requiredResources: { CPU: 1 },
          stateTransitions: [],
        },
      },
    }),
  ]);

/** An attempt by its definition, then its life. */
const attempt = (one: {
  readonly job: string;
  readonly task: number;
  readonly attempt?: number;
  readonly name?: string;
  readonly worker: number;
  readonly node?: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
}) => {
  const task = { taskId: base64(taskId(one.task, one.job)), jobId: base64(one.job), taskAttempt: one.attempt ?? 0 };
  const life = envelope(
    {
      eventType: 'TASK_LIFECYCLE_EVENT',
      body: {
        taskLifecycleEvent: {
          ...task,
          stateTransitions: [
            { state: 'RUNNING', timestamp: stamp(one.startMs) },
            { state: one.error ? 'FAILED' : 'FINISHED', timestamp: stamp(one.endMs) },
          ],
          nodeId: id((one.node ?? 0) + 1),
          workerId: id(one.worker + 1),
          workerPid: 1000 + one.worker,
          ...(one.error ? { rayErrorInfo: one.error } : {}),
        },
      },
    },
    one.endMs,
  );
  if (one.name === undefined) return [life];
  const definition = envelope({
    eventType: 'TASK_DEFINITION_EVENT',
    body: {
      taskDefinitionEvent: {
        ...task,
        taskType: 'NORMAL_TASK',
        taskFunc: { pythonFunctionDescriptor: { moduleName: 'synthetic', className: '', functionName: one.name } },
        taskName: one.name,
        requiredResources: { CPU: 1 },
      },
    },
  });
  return [definition, life];
};

/** Each attempt of a function of its own, on a worker and a node of its own. */
export const functions = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) =>
    attempt({
      job: SCALE_JOBS.functions,
      task: i,
      name: `synthetic_function_${i}`,
      worker: i,
      node: i,
      startMs: BEGIN_MS + i,
      endMs: BEGIN_MS + i + 60_000,
    }),
  );

/** One task that is tried again and again; the memory monitor kills every attempt. */
export const attemptsOfOneTask = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) =>
    attempt({
      job: SCALE_JOBS.attempts,
      task: 0,
      attempt: i,
      // Attempts after the first count where somebody defined them.
      name: 'synthetic_again',
      worker: i % 50,
      startMs: BEGIN_MS + i * 20,
      endMs: BEGIN_MS + i * 20 + 15,
      error: { errorType: 'OUT_OF_MEMORY', errorMessage: 'synthetic: the node ran low on memory' },
    }),
  );

/** Idle workers that the memory monitor killed. */
export const oomKills = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) => [
    envelope(
      {
        eventType: 'WORKER_LIFECYCLE_EVENT',
        body: {
          workerLifecycleEvent: {
            workerId: id(i + 1),
            stateTransitions: [
              {
                state: 'DEAD',
                timestamp: stamp(BEGIN_MS + i),
                deathInfo: {
                  exitType: 'NODE_OUT_OF_MEMORY',
                  exitDetail: 'synthetic: the node ran low on memory',
                  memoryUsedBytes: 1_000_000_000 + i,
                },
              },
            ],
          },
        },
      },
      BEGIN_MS + i,
    ),
  ]);

/** One attempt with `count` state transitions and `count` phases. */
export function* statesOfOneAttempt(count: number): Generator<ScaleBody> {
  const task = { taskId: base64(taskId(0, SCALE_JOBS.states)), jobId: base64(SCALE_JOBS.states) };
  const STATES = ['PENDING_ARGS_AVAIL', 'PENDING_NODE_ASSIGNMENT', 'SUBMITTED_TO_WORKER', 'RUNNING', 'FINISHED'];
  const life = envelope({
    eventType: 'TASK_LIFECYCLE_EVENT',
    body: {
      taskLifecycleEvent: {
        ...task,
        taskAttempt: 0,
        stateTransitions: Array.from({ length: count }, (_, i) => ({
          state: STATES[i % STATES.length],
          timestamp: stamp(BEGIN_MS + i),
        })),
        nodeId: id(1),
        workerId: id(1),
        workerPid: 1000,
      },
    },
  });
  const profile = envelope({
    eventType: 'TASK_PROFILE_EVENT',
    body: {
      taskProfileEvents: {
        ...task,
        attemptNumber: 0,
        profileEvents: {
          componentType: 'worker',
          componentId: id(1),
          nodeIpAddress: '192.0.2.1',
          events: Array.from({ length: count }, (_, i) => ({
            eventName: 'task:execute',
            startTime: String(BEGIN_MS * 1_000_000 + i * 1000),
            endTime: String(BEGIN_MS * 1_000_000 + i * 1000 + 500),
            extraData: '{}',
          })),
        },
      },
    },
  });
  yield { path: `/v1/events?cluster=${SCALE_CLUSTER}`, json: JSON.stringify([life, profile]) };
}

/** Ended attempts that overlap on one worker, all of the same ten minutes. */
export const overlapping = (count: number): Generator<ScaleBody> =>
  bodies(count, (i) =>
    attempt({ job: SCALE_JOBS.overlap, task: i, worker: 0, startMs: BEGIN_MS, endMs: BEGIN_MS + 600_000 }),
  );

const sighting = (session: string) => (i: number) => [
  envelope({
    eventType: 'NODE_DEFINITION_EVENT',
    session: `${session}_${i}`,
    body: {
      nodeDefinitionEvent: {
        nodeId: id(1),
        nodeIpAddress: '192.0.2.1',
        labels: {},
        startTimestamp: stamp(BEGIN_MS),
        hostname: 'synthetic-host',
        nodeName: 'synthetic-node',
      },
    },
  }),
];
/** Sessions without a cluster's name: each is a cluster. */
export const clusters = (count: number): Generator<ScaleBody> =>
  bodies(count, sighting('session_synthetic_cluster'), '');
/** Sessions of one cluster. */
export const sessionsOfOneCluster = (count: number): Generator<ScaleBody> =>
  bodies(count, sighting('session_synthetic_life'), MANY_SESSIONS_CLUSTER);
