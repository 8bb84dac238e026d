/** Memory of nodes, processes and GPUs at a time, and the kills that follow from it. Bytes unless named MiB. */

import { itemAttemptsBetween, joinAttempts, joinsBetween, type Kill, taskMemory } from '../jobs/preprocessing.ts';
import { servingAttempts, servingShare } from '../jobs/serving.ts';
import { hungStep, livingRun, stepAt, stepStart, trainAttempts, trainingStep } from '../jobs/training.ts';
import type { Attempt } from '../world/attempt.ts';
import type { ProcessMemory } from '../world/kill-report.ts';
import {
  GPUS_PER_NODE,
  NODE_MEMORY,
  OOM_THRESHOLD,
  runAt,
  runsOf,
  trainWorker,
  unit,
  type World,
  wave,
} from '../world/model.ts';

const GIB = 1024 ** 3;
/** What an exporter of GPU metrics looks back on, ms. */
const SERVING_WINDOW = 10_000;

/** Object store in use on a node; it is shared memory. */
export const objectStoreUsed = (world: World, node: number, time: number): number =>
  world.jobs.preprocess === null || time < world.jobs.preprocess.start
    ? 0
    : Math.round((11 + 4 * wave(time, 90_000, world.seed, 60, node)) * GIB);

const systemUsed = (world: World, node: number, time: number): number =>
  (8.5 + 0.4 * wave(time, 120_000, world.seed, 61, node)) * GIB;

/** Resident memory of one rank's process. */
export function rankMemory(world: World, rank: number, time: number): number {
  const run = livingRun(world, time);
  if (run === null) return 0;
  const since = time - (run.jobs.train.start + 8_000);
  return (15.5 * Math.min(1, 0.1 + since / 25_000) + 0.8 * wave(time, 45_000, world.seed, 62, rank)) * GIB;
}

/** What a rank's process calls itself while it does what it is asked to. */
const processTitle = (world: World, time: number): string => {
  const { actorClass, method } = runAt(world, time).training;
  return `ray::${actorClass}.${method}`;
};

/** Processes of Ray's workers on a node, without joins and what is built for them. */
function processesWithoutJoins(world: World, node: number, time: number): ProcessMemory[] {
  const byPid = new Map<number, ProcessMemory>();
  for (let rank = node * GPUS_PER_NODE; rank < (node + 1) * GPUS_PER_NODE; rank += 1) {
    const { pid } = trainWorker(runAt(world, time), rank);
    byPid.set(pid, { pid, command: processTitle(world, time), used: rankMemory(world, rank, time) });
  }
  for (const attempt of itemAttemptsBetween(world, time, time)) {
    if (attempt.worker.node.index !== node || attempt.started > time || attempt.ended <= time) continue;
    const { pid } = attempt.worker;
    const used = (byPid.get(pid)?.used ?? 0) + taskMemory(attempt, time);
    byPid.set(pid, { pid, command: `ray::${attempt.functionName}`, used });
  }
  return [...byPid.values()];
}

function withoutJoins(world: World, node: number, time: number): number {
  const processes = processesWithoutJoins(world, node, time);
  return processes.reduce(
    (sum, { used }) => sum + used,
    systemUsed(world, node, time) + objectStoreUsed(world, node, time),
  );
}

const joinsOf = (world: World, index: number): { attempts: Attempt[]; kill: Kill | null } => {
  const other = {
    used: (node: number, time: number) => withoutJoins(world, node, time),
    processes: (node: number, time: number) => processesWithoutJoins(world, node, time),
  };
  return joinAttempts(world, index, other, NODE_MEMORY * OOM_THRESHOLD);
};

/** Attempts of the data job that exist in [from, to): submitted before `to`, not ended before `from`. */
export function preprocessAttempts(world: World, from: number, to: number): Attempt[] {
  const found = itemAttemptsBetween(world, from, to);
  for (const index of joinsBetween(world, from, to)) {
    for (const attempt of joinsOf(world, index).attempts) {
      if (attempt.submitted < to && attempt.ended >= from) found.push(attempt);
    }
  }
  return found;
}

/** Attempts of all jobs that exist in [from, to). */
export const attemptsBetween = (world: World, from: number, to: number): Attempt[] => [
  ...preprocessAttempts(world, from, to),
  ...runsOf(world).flatMap((run) => trainAttempts(run, from, to)),
  ...servingAttempts(world, from, to),
];

/** Kills by Ray's memory monitor in [from, to), oldest first. */
export function killsBetween(world: World, from: number, to: number): Kill[] {
  return joinsBetween(world, from, to)
    .map((index) => joinsOf(world, index).kill)
    .filter((kill): kill is Kill => kill !== null && kill.time >= from && kill.time < to);
}

/** Bytes by component name on a node (`ray::` + function, as Ray's agent sums them), and everything else. */
export interface NodeMemory {
  readonly components: ReadonlyMap<string, number>;
  readonly shared: number;
  readonly used: number;
}

/** Memory of a node at a time; `running` are the attempts running there then. */
export function nodeMemory(world: World, node: number, time: number, running: readonly Attempt[]): NodeMemory {
  const components = new Map<string, number>();
  const add = (name: string, bytes: number): void => {
    components.set(name, (components.get(name) ?? 0) + bytes);
  };
  let used = systemUsed(world, node, time) + objectStoreUsed(world, node, time);
  const requested = new Set(
    running
      .filter((attempt) => attempt.type === 'ACTOR_TASK' && attempt.worker.node.index === node)
      .map(({ worker }) => worker.pid),
  );
  for (let rank = node * GPUS_PER_NODE; rank < (node + 1) * GPUS_PER_NODE; rank += 1) {
    const bytes = rankMemory(world, rank, time);
    used += bytes;
    const run = runAt(world, time);
    const { pid } = trainWorker(run, rank);
    if (bytes > 0) add(requested.has(pid) ? processTitle(world, time) : `ray::${run.training.actorClass}`, bytes);
  }
  for (const attempt of running) {
    if (attempt.type !== 'NORMAL_TASK' || attempt.worker.node.index !== node) continue;
    const bytes = taskMemory(attempt, time);
    used += bytes;
    add(`ray::${attempt.functionName}`, bytes);
  }
  return { components, shared: objectStoreUsed(world, node, time), used };
}

/** GPU memory in use, MiB: weights and optimizer, activations that rise in forward and fall in backward, slow fragmentation. */
export function gpuMemoryUsed(whole: World, rank: number, time: number): number {
  const world = livingRun(whole, time);
  if (world === null) return 512;
  const since = time - (world.jobs.train.start + 30_000);
  if (since < 0) return 512;
  const weights = world.training.weightsMib + 700 * unit(world.seed, 63, rank);
  const fragmentation = Math.min(6_000, (since / 3_600_000) * (1_800 + 900 * unit(world.seed, 64, rank)));
  const step = stepAt(world, time);
  if (step < 0) return Math.round(weights * Math.min(1, since / 20_000));
  const share = Math.min(1, (time - stepStart(world, step)) / (stepStart(world, step + 1) - stepStart(world, step)));
  const activations = 19_000 * (share < 0.32 ? share / 0.32 : Math.max(0, 1 - (share - 0.32) / 0.68));
  return Math.min(world.gpu.memoryMib - 1_200, Math.round(weights + fragmentation + activations));
}

/** Share of the step in which the GPU computes (waiting for a collective also keeps kernels resident), 0..1. */
export function gpuBusy(
  whole: World,
  rank: number,
  time: number,
): { readonly resident: number; readonly computing: number } {
  const world = livingRun(whole, time);
  if (world === null) return { resident: 0, computing: 0 };
  if (world.serving !== null) {
    const share = servingShare(world, time - SERVING_WINDOW, time);
    return { resident: share, computing: share };
  }
  const step = stepAt(world, time) - 1;
  if (step < 0) return { resident: 0, computing: 0 };
  // Kernels of a collective that waits keep the GPU busy without computing; the GPU that never joined it has none.
  const { hang } = world.faults;
  if (hang !== null && step + 1 === hungStep(world) && time >= stepStart(world, step + 2))
    return { resident: hang.rank === rank ? 0 : 1, computing: 0 };
  const part = trainingStep(world, step)[rank];
  if (!part) return { resident: 0, computing: 0 };
  const period = stepStart(world, step + 1) - stepStart(world, step);
  const computing = part.forwardEnd - part.start + (part.backwardEnd - part.tp.end);
  return { resident: (part.end - part.start) / period, computing: computing / period };
}
