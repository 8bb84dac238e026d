/** Jobs and their task attempts. Every job route is narrowed by `cluster` and `session`; an ambiguous id is a 409. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { AttemptCursor, OffsetCursor } from './cursors.ts';
import { inOrder, Name, PathName, SearchText, WholeNumber } from './parameters.ts';
import {
  jobAddress,
  jobsAddress,
  logsAddress,
  ranThenAddress,
  slowNodesAddress,
  taskAddress,
  tasksAddress,
  tasksSummaryAddress,
} from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { Flag, Limit, NsText, SourceNotice, Timestamp } from './wire-values.ts';

export const CompletenessWire = z.object({
  /** Where the attempts came from: `events`, `state-api`, `timeline`, or several joined by `+`. */
  source: z.string(),
  reported: z.number().nullable(),
  stored: z.number(),
  dropped: z.number().nullable(),
  truncated: z.boolean(),
  reason: z.string().nullable(),
  /** Valid records of the job's session that X-Ray has no use for, by event type, most first; absent where there are none. */
  unused: z.array(z.object({ type: z.string(), records: z.number() })).optional(),
});
export type CompletenessWireValue = z.infer<typeof CompletenessWire>;

const FunctionProgress = z.object({
  name: z.string(),
  finished: z.number(),
  failed: z.number(),
  running: z.number(),
  pending: z.number(),
});

export const JobSummary = z.object({
  cluster: z.string(),
  session: z.string(),
  jobId: z.string(),
  submissionId: z.string().nullable(),
  type: z.enum(['SUBMISSION', 'DRIVER']),
  /** PENDING RUNNING STOPPED SUCCEEDED FAILED as the Jobs API says; FINISHED: the driver ended, how is unknown. */
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED', 'FINISHED', 'UNKNOWN']),
  entrypoint: z.string().nullable(),
  owner: z.string().nullable(),
  startNs: NsText.nullable(),
  endNs: NsText.nullable(),
  durationNs: NsText.nullable(),
  isInternal: z.boolean(),
  tasks: z.object({
    attempts: z.number(),
    finished: z.number(),
    failed: z.number(),
    running: z.number(),
    pending: z.number(),
    retries: z.number(),
  }),
  /** The busiest functions first, at most 8. */
  functions: z.array(FunctionProgress),
  /** Sum of what the job's living actors and running tasks hold. */
  resources: byKey(z.number()),
});
export type JobSummaryWire = z.infer<typeof JobSummary>;

const jobRef = { cluster: Name.optional(), session: Name.optional() };
export const oneJob = { jobId: PathName, ...jobRef };

export const JobsResponse = z.object({
  jobs: z.array(JobSummary),
  nextCursor: z.string().nullable(),
  notices: z.array(SourceNotice),
});
export type JobsWire = z.infer<typeof JobsResponse>;
export const jobsRoute = defineRoute(jobsAddress, {
  query: z.strictObject({
    ...jobRef,
    status: Name.optional(),
    internal: Flag,
    limit: Limit(1000, 200),
    cursor: OffsetCursor.optional(),
  }),
  response: JobsResponse,
});

export const JobResponse = z.object({
  job: JobSummary,
  message: z.string().nullable(),
  errorType: z.string().nullable(),
  metadata: byKey(z.string()),
  runtimeEnv: z.string().nullable(),
  driver: z.object({ nodeId: z.string().nullable(), pid: z.number().nullable(), exitCode: z.number().nullable() }),
  completeness: CompletenessWire,
  notices: z.array(SourceNotice),
});
export type JobWire = z.infer<typeof JobResponse>;
export const jobRoute = defineRoute(jobAddress, {
  query: z.strictObject(oneJob),
  response: JobResponse,
});

export const FunctionSummary = z.object({
  name: z.string(),
  /** Distinct task ids. */
  tasks: z.number(),
  attempts: z.number(),
  /** Attempts that reached RUNNING (domain: or FINISHED, or FAILED by an exception of their own). */
  ran: z.number(),
  /** Attempts after the first of their task. */
  retries: z.number(),
  byState: byKey(z.number()),
  /** The 50 most frequent. */
  errors: byKey(z.number()),
  /** RUNNING to FINISHED or FAILED of attempts that have both; null where there is none. */
  durationNs: z.object({ p50: NsText, p95: NsText, max: NsText }).nullable(),
  /**
   * Where the tasks of a function carry more than 20 names of their own: then `name` is the function, and these are how many names it has,
   * with the 10 of the most attempts. Null where the row is one name.
   */
  declaredNames: z
    .object({ count: z.number(), most: z.array(z.object({ name: z.string(), attempts: z.number() })) })
    .nullable(),
});
export type FunctionSummaryWire = z.infer<typeof FunctionSummary>;

export const TasksSummaryResponse = z.object({
  /** The 2,000 with the most attempts. */
  functions: z.array(FunctionSummary),
  /** Functions that are not listed. */
  omitted: z.number(),
  completeness: CompletenessWire,
});
export type TasksSummaryWire = z.infer<typeof TasksSummaryResponse>;
export const tasksSummaryRoute = defineRoute(tasksSummaryAddress, {
  query: z.strictObject(oneJob),
  response: TasksSummaryResponse,
});

/** A function that takes longer on one node than on the others (lib/analysis/slow-node.ts). */
export const SlowNode = z.object({
  function: z.string(),
  nodeId: z.string(),
  nodeName: z.string(),
  /** Of the node in the address of the timeline (`node=`). */
  nodeKey: z.string(),
  /** The newest attempts on it that ended well, all since `sinceNs`, and those on the other nodes since then. */
  attempts: z.number(),
  othersAttempts: z.number(),
  p50Ns: NsText,
  othersP50Ns: NsText,
  sinceNs: NsText,
  /** Upper bound of the chance of such a difference where the node is like the others. */
  chance: z.number(),
});

export const SlowNodesResponse = z.object({
  /** One a function at most; what cost the most time first. */
  slowNodes: z.array(SlowNode),
  /** Functions that ran on two nodes or more in the job's last hour. */
  judged: z.number(),
});
export type SlowNodesWire = z.infer<typeof SlowNodesResponse>;
export const slowNodesRoute = defineRoute(slowNodesAddress, {
  query: z.strictObject(oneJob),
  response: SlowNodesResponse,
});

export const AttemptWire = z.object({
  taskId: z.string(),
  attempt: z.number(),
  functionName: z.string(),
  name: z.string(),
  type: z.string(),
  state: z.string(),
  errorType: z.string().nullable(),
  errorMessage: z.string().nullable(),
  nodeId: z.string().nullable(),
  workerId: z.string().nullable(),
  workerPid: z.number().nullable(),
  actorId: z.string().nullable(),
  parentTaskId: z.string().nullable(),
  /** First state reached. */
  createdNs: NsText.nullable(),
  /** RUNNING. */
  startNs: NsText.nullable(),
  /** FINISHED or FAILED; null while it goes on. */
  endNs: NsText.nullable(),
  durationNs: NsText.nullable(),
});
export type AttemptWireValue = z.infer<typeof AttemptWire>;

export const TasksResponse = z.object({
  tasks: z.array(AttemptWire),
  matched: z.number(),
  nextCursor: z.string().nullable(),
  completeness: CompletenessWire,
});
export type TasksWire = z.infer<typeof TasksResponse>;
export const tasksRoute = defineRoute(tasksAddress, {
  query: z.strictObject({
    ...oneJob,
    function: SearchText.optional(),
    state: Name.optional(),
    node: Name.optional(),
    worker: Name.optional(),
    limit: Limit(10_000, 100),
    cursor: AttemptCursor.optional(),
  }),
  response: TasksResponse,
});

export const AttemptDetail = AttemptWire.extend({
  states: z.array(z.object({ state: z.string(), timeNs: NsText })),
  requiredResources: byKey(z.number()),
  placementGroupId: z.string().nullable(),
  callSite: z.string().nullable(),
  logs: z
    .object({
      stdoutFile: z.string(),
      stderrFile: z.string(),
      stdoutStart: z.number().nullable(),
      stdoutEnd: z.number().nullable(),
      stderrStart: z.number().nullable(),
      stderrEnd: z.number().nullable(),
    })
    .nullable(),
  phases: z.array(z.object({ name: z.string(), startNs: NsText, endNs: NsText })),
  spans: z.array(
    z.object({ traceId: z.string(), spanId: z.string(), name: z.string(), startNs: NsText, durationNs: NsText }),
  ),
});
export type AttemptDetailWire = z.infer<typeof AttemptDetail>;

/** Attempts of one task, oldest first: the newest 1,000. */
export const TaskResponse = z.object({
  taskId: z.string(),
  functionName: z.string(),
  /** Earlier attempts that are not listed. */
  omitted: z.number(),
  attempts: z.array(AttemptDetail),
});
export type TaskWire = z.infer<typeof TaskResponse>;
export const taskRoute = defineRoute(taskAddress, {
  query: z.strictObject({ ...oneJob, taskId: PathName }),
  response: TaskResponse,
});

/** Log lines: of the driver, or of one task attempt. `follow` is done by asking again with `fromByte`. */
export const LogsResponse = z.object({
  source: z.enum(['driver', 'task']),
  /** Newest last. */
  lines: z.array(z.string()),
  /** Where the text came from, e.g. a Jobs API path or a log file. */
  origin: z.string(),
  truncated: z.boolean(),
  /** Bytes before `lines` that were not read although `tail` asked for them: at most 4 MB of a log are. */
  cutBytes: z.number().optional(),
  /** Lines longer than 16,384 characters, of which the middle is left out. */
  cutLines: z.number().optional(),
  /** X-Ray keeps what it has read; true where the cluster is gone and this is the kept copy. */
  kept: z.boolean(),
  notices: z.array(SourceNotice),
});
export type LogsWire = z.infer<typeof LogsResponse>;
export const logsRoute = defineRoute(logsAddress, {
  query: z.strictObject({
    ...oneJob,
    taskId: Name.optional(),
    attempt: WholeNumber(0, 2_147_483_647).optional(),
    stream: z.enum(['out', 'err']).optional(),
    tail: Limit(50_000, 1000),
  }),
  response: LogsResponse,
});

/** Attempts that ran on a node or worker in a window, of any job: "what ran there then". */
export const RanThenResponse = z.object({
  /** Failures first, then the longest. */
  rows: z.array(AttemptWire.extend({ cluster: z.string(), session: z.string(), jobId: z.string() })),
  /** All that ran there then, of which `rows` are the first. */
  matched: z.number(),
});
export type RanThenWire = z.infer<typeof RanThenResponse>;
export const ranThenRoute = defineRoute(ranThenAddress, {
  query: inOrder(
    z.strictObject({
      ...jobRef,
      node: Name.optional(),
      worker: Name.optional(),
      function: SearchText.optional(),
      from: Timestamp,
      to: Timestamp,
      limit: Limit(1000, 100),
    }),
  ),
  response: RanThenResponse,
});
