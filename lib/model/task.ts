/**
 * Ray's tasks as every source tells of them, in part. Spelling of states, task types and error types is Ray's own
 * (src/ray/protobuf/common.proto, ray 2.58). Ids are lower-case hex, as the State API shows them.
 */
import type { Bytes, Milliseconds, Nanoseconds } from './units.ts';

export const TASK_STATES = [
  'NIL',
  'PENDING_ARGS_AVAIL',
  'PENDING_NODE_ASSIGNMENT',
  'PENDING_OBJ_STORE_MEM_AVAIL',
  'PENDING_ARGS_FETCH',
  'SUBMITTED_TO_WORKER',
  'PENDING_ACTOR_TASK_ARGS_FETCH',
  'PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY',
  'RUNNING',
  'RUNNING_IN_RAY_GET',
  'RUNNING_IN_RAY_WAIT',
  'FINISHED',
  'FAILED',
  'GETTING_AND_PINNING_ARGS',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export type TaskType = 'NORMAL_TASK' | 'ACTOR_CREATION_TASK' | 'ACTOR_TASK' | 'DRIVER_TASK';

/** Sessions that are imported files, named by their content: nothing in them still runs, and nothing else tells of them. */
export const IMPORTED_SESSION = 'imported:';

/** Who told: the event export, the State API, or an exported timeline file. */
export type TaskSource = 'event' | 'state-api' | 'timeline';

/** Where the attempt's lines stand in its worker's log files (byte offsets). */
export interface TaskLogs {
  readonly stdoutFile: string;
  readonly stderrFile: string;
  readonly stdoutStart: number | null;
  readonly stdoutEnd: number | null;
  readonly stderrStart: number | null;
  readonly stderrEnd: number | null;
}

/**
 * What one message says of one task attempt. Parts arrive in any order, over several requests, from two reporters
 * (owner and executor), more than once; the store merges them by (session, jobId, taskId, attempt).
 */
export interface AttemptPart {
  readonly session: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly source: TaskSource;
  readonly type?: TaskType;
  /** Ray's func_or_class_name, e.g. `tokenize` or `TrainWorker.train_step`. */
  readonly functionName?: string;
  /** Name given by the user, where it differs from the function. */
  readonly name?: string;
  readonly actorId?: string;
  readonly parentTaskId?: string;
  readonly placementGroupId?: string;
  readonly language?: string;
  readonly requiredResources?: Readonly<Record<string, number>>;
  readonly runtimeEnv?: string;
  readonly callSite?: string;
  readonly nodeId?: string;
  /** Where the source knows the node by its address alone. */
  readonly nodeIp?: string;
  readonly workerId?: string;
  readonly workerPid?: number;
  /** First time each state was reached; from a `timeline`, derived from spans, and read only where nobody told any. */
  readonly stateTimes: Readonly<Partial<Record<TaskState, Nanoseconds>>>;
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly logs?: TaskLogs;
}

/** One span of Ray's profiler inside an attempt: `task:execute`, `ray.get`, ... */
export interface ProfileSpan {
  readonly session: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly componentType: string;
  readonly workerId: string;
  readonly nodeIp: string;
  readonly name: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly extra: string;
  /** Absent: the event export. The same span comes with other roundings from other sources. */
  readonly source?: TaskSource;
}

export interface NodePart {
  readonly session: string;
  readonly nodeId: string;
  readonly ip?: string;
  readonly name?: string;
  readonly hostname?: string;
  readonly isHead?: boolean;
  readonly state?: 'ALIVE' | 'DEAD';
  readonly resources?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly start?: Nanoseconds;
  readonly end?: Nanoseconds;
  readonly deathReason?: string;
  readonly seen: Nanoseconds;
}

export interface ActorPart {
  readonly session: string;
  readonly jobId: string;
  readonly actorId: string;
  readonly className?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly isDetached?: boolean;
  readonly placementGroupId?: string;
  readonly requiredResources?: Readonly<Record<string, number>>;
  /** The newest state with its time; states are Ray's (DEPENDENCIES_UNREADY ... DEAD). */
  readonly state?: string;
  readonly stateTime?: Nanoseconds;
  readonly nodeId?: string;
  readonly workerId?: string;
  readonly pid?: number;
  readonly restarts?: number;
  readonly deathCause?: string;
}

export interface WorkerPart {
  readonly session: string;
  readonly workerId: string;
  readonly nodeId?: string;
  readonly pid?: number;
  readonly type?: string;
  readonly start?: Nanoseconds;
  readonly end?: Nanoseconds;
  readonly exitType?: string;
  readonly exitDetail?: string;
}

export interface JobPart {
  readonly session: string;
  readonly jobId: string;
  readonly submissionId?: string;
  readonly type?: 'SUBMISSION' | 'DRIVER';
  /** PENDING RUNNING STOPPED SUCCEEDED FAILED (Jobs API); FINISHED where only the driver's end is known. */
  readonly status?: string;
  readonly statusTime?: Nanoseconds;
  readonly entrypoint?: string;
  readonly message?: string;
  readonly errorType?: string;
  readonly start?: Nanoseconds;
  readonly end?: Nanoseconds;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly driverNodeId?: string;
  readonly driverPid?: number;
  readonly driverExitCode?: number;
  readonly runtimeEnv?: string;
  /** Ray's own jobs (dashboard, Jobs API supervisor), hidden unless asked for. */
  readonly isInternal?: boolean;
}

/** A process that held memory when the monitor killed. */
export interface MemoryUser {
  /** Ray's task name, or the command line as the report cuts it. */
  readonly name: string;
  readonly pid: number;
  readonly used: Bytes;
}

/**
 * What one message says of one kill by Ray's memory monitor. One kill is told by several messages (its task, its
 * worker, its actor, and every other victim of the same breach); the store merges them by (session, victim).
 */
export interface OutOfMemoryKill {
  readonly session: string;
  /** The killed process: its worker id; `task:<id>:<attempt>` or `actor:<id>` where no message says it. */
  readonly victim: string;
  /** When this message says it happened; the earliest of all messages is the kill's time. */
  readonly time: Nanoseconds;
  readonly source: 'event' | 'state-api' | 'log';
  readonly kind?: 'task' | 'actor' | 'idle_worker' | 'driver';
  readonly name?: string;
  readonly nodeId?: string;
  readonly nodeIp?: string;
  readonly jobId?: string;
  readonly taskId?: string;
  readonly attempt?: number;
  readonly actorId?: string;
  readonly workerId?: string;
  readonly pid?: number;
  /** As the worker's death measured it. */
  readonly used?: Bytes;
  /** As the report prints it: two decimals of 1024^3. */
  readonly usedReported?: Bytes;
  readonly nodeUsed?: Bytes;
  readonly nodeTotal?: Bytes;
  /** Use of the node beyond which the monitor kills. */
  readonly nodeThreshold?: Bytes;
  /** Others on the node, largest first, without the victim. */
  readonly others?: readonly MemoryUser[];
  readonly message?: string;
}

/** What a source admits to not knowing about a job's tasks. */
export interface Completeness {
  readonly source: string;
  /** Attempts the source says exist; null where it does not say. */
  readonly reported: number | null;
  readonly stored: number;
  /** Dropped by Ray before X-Ray could see them (task_events_dropped). */
  readonly dropped: number | null;
  readonly truncated: boolean;
  readonly reason: string | null;
  /** Valid records that X-Ray has no use for, by event type. */
  readonly unused?: readonly { readonly type: string; readonly records: number }[] | undefined;
}

export interface SessionSighting {
  readonly session: string;
  readonly cluster: string;
  readonly rayVersion: string | null;
  readonly seen: Milliseconds;
  /** Where it was heard; absent: not kept apart. */
  readonly source?: 'events' | 'state-api';
}

/** What one body or one poll of Ray said, decoded. */
export interface RayFacts {
  readonly attempts: readonly AttemptPart[];
  readonly profileSpans: readonly ProfileSpan[];
  readonly nodes: readonly NodePart[];
  readonly actors: readonly ActorPart[];
  readonly workers: readonly WorkerPart[];
  readonly jobs: readonly JobPart[];
  readonly kills: readonly OutOfMemoryKill[];
  readonly sightings: readonly SessionSighting[];
}
