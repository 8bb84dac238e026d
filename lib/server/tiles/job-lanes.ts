/** The lanes of a job as the indexer holds them, and how slices find their place on them. */
import { createHash } from 'node:crypto';
import { DepthSweep, type Interval, laterOf } from '../../analysis/lane-depths.ts';
import { DEPTHS } from '../../model/timeline-tile.ts';
import type { KeptSlice, MergedAttempt } from '../../store/queries/timeline/timeline-indexer.ts';
import type { OpenSlice } from '../runtime/timeline-indexer.ts';

/** Running attempts of a job that are held; more of them are not drawn. */
export const MOST_OPEN = 10_000;

export interface LaneDepth {
  readonly lane: bigint;
  /** Where its last slice ends. */
  end: bigint;
}

export interface WorkerLanes {
  readonly node: bigint;
  readonly nodeId: string;
  readonly workerId: string;
  /** As its attempts say; null and '' where they do not. */
  workerPid: string | null;
  actorId: string;
  generation: number;
  /** At most DEPTHS. */
  depths: LaneDepth[];
  /** Lanes of what lies deeper, by depth: there slices overlap, so that they are counted and not drawn. New slices go to the first. */
  deeper: { readonly lane: bigint; readonly depth: number }[];
}

export interface JobLanes {
  readonly session: string;
  readonly job: string;
  readonly workers: Map<string, WorkerLanes>;
  /** Lanes that count. Slices on others are no one's. */
  readonly workerOfLane: Map<bigint, WorkerLanes>;
  open: Map<string, OpenSlice>;
  /** True where more ran than `open` holds. */
  isOpenLimited: boolean;
  /** Parts that had come in, and all that there were, when it was last made anew. */
  rebuiltOf: string;
}

/** 64 bits of SHA-256 over parts: ids of nodes and lanes. */
function id64(...parts: readonly (string | number)[]): bigint {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readBigUInt64BE(0);
}

export const nodeHash = (nodeId: string): bigint => id64('node', nodeId);

/** Of a worker that has ended nothing yet: no slice is on it. */
export const bareLane = (nodeId: string, workerId: string): bigint => id64('bare', nodeId, workerId);

/** Never one that a process before this may have used: what it left half done must not be added to. */
export const freshGeneration = (before: number): number => Math.max(before + 1, Math.floor(Date.now() / 1000));
export const laneOf = (worker: Pick<WorkerLanes, 'nodeId' | 'workerId' | 'generation'>, depth: number): bigint =>
  id64('lane', worker.nodeId, worker.workerId, worker.generation, depth);

export const jobKey = (session: string, job: string): string => `${session}/${job}`;
export const keyOf = (slice: { readonly task_id: string; readonly attempt: number }) =>
  `${slice.task_id}.${slice.attempt}`;

/** From start to end; one that ended before it began has no length. */
export const intervalOf = (slice: { readonly start_ns: bigint; readonly end_ns: bigint }): Interval => ({
  start: slice.start_ns,
  end: laterOf(slice.start_ns, slice.end_ns),
});

/** An ended attempt, as a row of timeline_slices has it. */
export interface Slice {
  readonly task_id: string;
  readonly attempt: number;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly function: string;
  readonly failed: number;
  readonly error: string;
}

export interface Placed {
  readonly job: JobLanes;
  readonly node: bigint;
  readonly lane: bigint;
  readonly slice: Slice;
}

export interface LaneRow {
  readonly job: JobLanes;
  readonly worker: WorkerLanes;
  readonly lane: bigint;
  readonly depth: number;
  readonly generation: number;
  readonly retired: 0 | 1;
}

export function newJob(session: string, job: string): JobLanes {
  return {
    session,
    job,
    workers: new Map(),
    workerOfLane: new Map(),
    open: new Map(),
    isOpenLimited: false,
    rebuiltOf: '',
  };
}

export function workerOf(
  job: JobLanes,
  row: {
    readonly node_id: string;
    readonly worker_id: string;
    readonly worker_pid: string | null;
    readonly actor_id: string;
  },
): WorkerLanes {
  const key = `${row.node_id}/${row.worker_id}`;
  const known = job.workers.get(key);
  if (known) {
    known.workerPid ??= row.worker_pid;
    known.actorId ||= row.actor_id;
    return known;
  }
  const made: WorkerLanes = {
    node: nodeHash(row.node_id),
    nodeId: row.node_id,
    workerId: row.worker_id,
    workerPid: row.worker_pid,
    actorId: row.actor_id,
    generation: freshGeneration(0),
    depths: [],
    deeper: [],
  };
  job.workers.set(key, made);
  return made;
}

/** Holds that an attempt runs, as long as there are not too many. */
export function holdOpen(job: JobLanes, row: MergedAttempt): void {
  const key = keyOf(row);
  if (job.open.size >= MOST_OPEN && !job.open.has(key)) job.isOpenLimited = true;
  else job.open.set(key, openSlice(row));
}

/** All lanes of a worker: none of them counts any more, and the next ones are others. */
export function retireLanes(job: JobLanes, worker: WorkerLanes, rows: LaneRow[]): void {
  const { generation } = worker;
  const retire = (lane: bigint, depth: number): void => {
    job.workerOfLane.delete(lane);
    rows.push({ job, worker, lane, depth, generation, retired: 1 });
  };
  for (const [depth, { lane }] of worker.depths.entries()) retire(lane, depth);
  for (const { lane, depth } of worker.deeper) retire(lane, depth);
  worker.depths = [];
  worker.deeper = [];
  worker.generation = freshGeneration(generation);
}

/**
 * Places slices of one worker that come by start, each on the first of its depths that is free, or on the lane of what lies deeper;
 * lanes that must be made go to `made`. `held`: what stands already on its lanes while they run, by lane; null: not known.
 */
export function createPlacer(
  job: JobLanes,
  worker: WorkerLanes,
  count: number,
  held: ReadonlyMap<bigint, readonly Interval[]> | null,
  made: LaneRow[],
): (slice: Slice) => Placed {
  const past = worker.depths.map(({ lane, end }) => ({ end, held: held === null ? null : (held.get(lane) ?? []) }));
  const sweep = new DepthSweep(past, count);
  const make = (depth: number): bigint => {
    let lane = laneOf(worker, depth);
    if (job.workerOfLane.has(lane)) {
      worker.generation = freshGeneration(worker.generation);
      lane = laneOf(worker, depth);
    }
    made.push({ job, worker, lane, depth, generation: worker.generation, retired: 0 });
    job.workerOfLane.set(lane, worker);
    return lane;
  };
  return (slice) => {
    const interval = intervalOf(slice);
    const depth = sweep.place(interval);
    if (depth === -1) {
      if (worker.deeper.length === 0) worker.deeper.push({ lane: make(DEPTHS), depth: DEPTHS });
      return { job, node: worker.node, lane: worker.deeper[0]?.lane ?? 0n, slice };
    }
    worker.depths[depth] ??= { lane: make(depth), end: interval.end };
    const at = worker.depths[depth];
    if (interval.end > at.end) at.end = interval.end;
    return { job, node: worker.node, lane: at.lane, slice };
  };
}

export const openSlice = (row: MergedAttempt): OpenSlice => ({
  taskId: row.task_id,
  attempt: row.attempt,
  functionName: row.function_name,
  nodeId: row.node_id,
  workerId: row.worker_id,
  workerPid: row.worker_pid,
  actorId: row.actor_id,
  startNs: row.start_ns,
});
export const sliceOfKept = (slice: KeptSlice): Slice => ({
  task_id: slice.task_id,
  attempt: slice.attempt,
  start_ns: slice.start_ns,
  end_ns: slice.end_ns,
  function: slice.function,
  failed: slice.failed,
  error: slice.error,
});
export const sliceOfAttempt = (row: MergedAttempt): Slice => ({
  task_id: row.task_id,
  attempt: row.attempt,
  start_ns: row.start_ns,
  end_ns: row.end_ns,
  function: row.function_name,
  failed: row.failed,
  error: row.error_type,
});
