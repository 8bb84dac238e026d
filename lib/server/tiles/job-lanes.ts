/** The lanes of a job as the keeper holds them, and how slices find their place on them. */
import { createHash } from 'node:crypto';
import { Depth } from '../../analysis/lane-depths.ts';
import type { KeptSlice, MergedAttempt } from '../../store/queries/timeline-keeper.ts';

/** A running attempt, with the lane it will most likely end on. */
export interface OpenSlice {
  readonly taskId: string;
  readonly attempt: number;
  readonly functionName: string;
  readonly nodeId: string;
  readonly workerId: string;
  readonly workerPid: string | null;
  readonly actorId: string;
  readonly startNs: bigint;
}

export interface LaneDepth {
  readonly lane: bigint;
  readonly track: Depth;
}

export interface WorkerLanes {
  readonly node: bigint;
  readonly nodeId: string;
  readonly workerId: string;
  generation: number;
  depths: LaneDepth[];
}

export interface JobLanes {
  readonly session: string;
  readonly job: string;
  readonly workers: Map<string, WorkerLanes>;
  /** Lanes that no longer count. */
  readonly retired: Set<bigint>;
  readonly workerOfLane: Map<bigint, WorkerLanes>;
  open: Map<string, OpenSlice>;
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

export const keyOf = (slice: { readonly task_id: string; readonly attempt: number }) =>
  `${slice.task_id}.${slice.attempt}`;
const laterOf = (a: bigint, b: bigint): bigint => {
  if (a > b) return a;
  return b;
};
const endOf = (slice: { readonly start_ns: bigint; readonly end_ns: bigint }): bigint =>
  laterOf(slice.start_ns, slice.end_ns);
export const intervalOf = (slice: { readonly start_ns: bigint; readonly end_ns: bigint }) => ({
  start: slice.start_ns,
  end: endOf(slice),
});

export interface Placed {
  readonly worker: WorkerLanes;
  readonly depth: LaneDepth;
  readonly task_id: string;
  readonly attempt: number;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly function: string;
  readonly failed: number;
  readonly error: string;
}

export interface Told {
  readonly worker_pid: string | null;
  readonly actor_id: string;
}

export interface LaneRow {
  readonly worker: WorkerLanes;
  readonly lane: bigint;
  readonly depth: number;
  readonly generation: number;
  readonly retired: 0 | 1;
}

export function workerOf(job: JobLanes, nodeId: string, workerId: string): WorkerLanes {
  const key = `${nodeId}/${workerId}`;
  const known = job.workers.get(key);
  if (known) return known;
  const made = { node: nodeHash(nodeId), nodeId, workerId, generation: freshGeneration(0), depths: [] };
  job.workers.set(key, made);
  return made;
}

/** Gives a slice the first depth of its worker that is free; a depth that must be made for it goes to `made`. */
export function place(
  job: JobLanes,
  worker: WorkerLanes,
  row: Omit<Placed, 'worker' | 'depth'>,
  made: LaneRow[],
): Placed {
  const interval = intervalOf(row);
  let depth = worker.depths.find(({ track }) => track.isFree(interval));
  if (depth === undefined) {
    const lane = laneOf(worker, worker.depths.length);
    depth = { lane, track: new Depth(0n) };
    made.push({ worker, lane, depth: worker.depths.length, generation: worker.generation, retired: 0 });
    worker.depths.push(depth);
    job.workerOfLane.set(lane, worker);
  }
  depth.track.put(interval);
  return { ...row, worker, depth };
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
export const sliceOfKept = (slice: KeptSlice) => ({
  task_id: slice.task_id,
  attempt: slice.attempt,
  start_ns: slice.start_ns,
  end_ns: slice.end_ns,
  function: slice.function,
  failed: slice.failed,
  error: slice.error,
});
export const sliceOfAttempt = (row: MergedAttempt) => ({
  task_id: row.task_id,
  attempt: row.attempt,
  start_ns: row.start_ns,
  end_ns: row.end_ns,
  function: row.function_name,
  failed: row.failed,
  error: row.error_type,
});
