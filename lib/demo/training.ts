/** The training job: 16 ranks in step, one data-parallel communicator and one tensor-parallel group per node. */
import { type Attempt, finished } from './attempt.ts';
import { actorId, GPUS_PER_NODE, hex, RANKS, trainWorker, unit, type World } from './model.ts';

/** Step period before and after the slow GPU throttles, ms. */
const HEALTHY_PERIOD = 5000;
const THROTTLED_PERIOD = 6100;
/** How much longer the throttled GPU computes. */
const THROTTLE_FACTOR = 1.22;
const FORWARD = 1500;
const BACKWARD = 3150;

/** What limits the wire: 8 NICs of 400 Gb/s between nodes, NVLink inside, bytes per second. */
export const LINK_LIMIT = { dp: 400e9, tp: 450e9 } as const;
export type CommunicatorKind = keyof typeof LINK_LIMIT;
export const MESSAGE_BYTES = { dp: 2 * 1024 ** 3, tp: 64 * 1024 ** 2 } as const;
const ACHIEVED = { dp: 342e9, tp: 361e9 } as const;
const START_LATENCY_MS = 0.034;

/** Wire time of an AllReduce when all peers are there, ms: 2(n-1)/n of the message at the achieved bandwidth. */
export function wireTime(world: World, kind: CommunicatorKind, step: number, group: number): number {
  const ranks = kind === 'dp' ? RANKS : GPUS_PER_NODE;
  const slower = 1 + 0.04 * unit(world.seed, 20, step, group, kind === 'dp' ? 1 : 2);
  const traffic = (2 * (ranks - 1) * MESSAGE_BYTES[kind]) / ranks;
  return START_LATENCY_MS + (traffic / ACHIEVED[kind]) * 1000 * slower;
}

/** Bus bandwidth (nccl-tests) of an AllReduce that took `ms`, bytes per second. */
export const busBandwidth = (kind: CommunicatorKind, ms: number): number => {
  const ranks = kind === 'dp' ? RANKS : GPUS_PER_NODE;
  return (2 * (ranks - 1) * MESSAGE_BYTES[kind]) / ranks / (ms / 1000);
};

const firstStep = (world: World): number => world.jobs.train.start + 60_000;
const healthySteps = (world: World): number => Math.floor((world.throttleStart - firstStep(world)) / HEALTHY_PERIOD);

/** When step k begins, Unix ms. */
export function stepStart(world: World, step: number): number {
  const healthy = healthySteps(world);
  return firstStep(world) + Math.min(step, healthy) * HEALTHY_PERIOD + Math.max(0, step - healthy) * THROTTLED_PERIOD;
}

/** The step running at a time; -1 before the first. */
export function stepAt(world: World, time: number): number {
  const healthy = healthySteps(world);
  const since = time - firstStep(world);
  if (since < 0) return -1;
  const inHealthy = Math.floor(since / HEALTHY_PERIOD);
  if (inHealthy < healthy) return inHealthy;
  return healthy + Math.floor((since - healthy * HEALTHY_PERIOD) / THROTTLED_PERIOD);
}

export const isThrottled = (world: World, rank: number, time: number): boolean =>
  rank === world.slowRank && time >= world.throttleStart;

/** One AllReduce of one rank: it arrives, waits for the last, and all leave together. Unix ms. */
export interface AllReduce {
  readonly arrival: number;
  readonly end: number;
}

export interface RankStep {
  readonly rank: number;
  readonly start: number;
  readonly forwardEnd: number;
  readonly tp: AllReduce;
  readonly backwardEnd: number;
  readonly dp: AllReduce;
  readonly end: number;
}

/** All ranks of one step, index = rank. */
export function trainingStep(world: World, step: number): RankStep[] {
  const base = stepStart(world, step);
  const slow = (rank: number): number => (isThrottled(world, rank, base) ? THROTTLE_FACTOR : 1);
  const start = (rank: number): number => base + 2 + 0.6 * unit(world.seed, 21, step, rank);
  const computed = (rank: number, phase: number, ms: number): number =>
    ms * slow(rank) * (1 + 0.01 * unit(world.seed, 22, step, rank, phase));
  const forwardEnds = Array.from({ length: RANKS }, (_, rank) => start(rank) + computed(rank, 1, FORWARD));
  const tpEnds = [0, 1].map(
    (group) =>
      Math.max(...forwardEnds.slice(group * GPUS_PER_NODE, (group + 1) * GPUS_PER_NODE)) +
      wireTime(world, 'tp', step, group),
  );
  const tpEnd = (rank: number): number => tpEnds[Math.floor(rank / GPUS_PER_NODE)] ?? 0;
  const backwardEnds = forwardEnds.map((_, rank) => tpEnd(rank) + computed(rank, 2, BACKWARD));
  const dpEnd = Math.max(...backwardEnds) + wireTime(world, 'dp', step, 0);
  return forwardEnds.map((forwardEnd, rank) => ({
    rank,
    start: start(rank),
    forwardEnd,
    tp: { arrival: forwardEnd, end: tpEnd(rank) },
    backwardEnd: backwardEnds[rank] ?? dpEnd,
    dp: { arrival: backwardEnds[rank] ?? dpEnd, end: dpEnd },
    end: dpEnd + 18 + 4 * unit(world.seed, 23, step, rank),
  }));
}

/** Task of one step on one rank: 8 bytes of its own, 12 of the actor, 4 of the job. */
export const trainTaskId = (world: World, step: number, rank: number): string =>
  hex(8, world.seed, 24, step, rank) + actorId(world, rank);

function creation(world: World, rank: number): Attempt {
  const worker = trainWorker(world, rank);
  return finished(world, 'train', {
    taskId: `ffffffffffffffff${actorId(world, rank)}`,
    attempt: 0,
    functionName: 'TrainWorker.__init__',
    type: 'ACTOR_CREATION_TASK',
    actorId: actorId(world, rank),
    worker,
    cpus: 4,
    gpus: 1,
    submitted: worker.start - 2_000,
    started: worker.start + 120,
    ended: worker.start + 21_000 + 900 * unit(world.seed, 25, rank),
  });
}

/** Attempts of the training job that exist in [from, to): submitted before `to`, not ended before `from`. */
export function trainAttempts(world: World, from: number, to: number): Attempt[] {
  const found: Attempt[] = [];
  for (let rank = 0; rank < RANKS; rank += 1) {
    const attempt = creation(world, rank);
    if (attempt.submitted < to && attempt.ended >= from) found.push(attempt);
  }
  const last = stepAt(world, to + 10);
  for (let step = Math.max(0, stepAt(world, from) - 1); step <= last; step += 1) {
    for (const part of trainingStep(world, step)) {
      const attempt = finished(world, 'train', {
        taskId: trainTaskId(world, step, part.rank),
        attempt: 0,
        functionName: 'TrainWorker.train_step',
        type: 'ACTOR_TASK',
        actorId: actorId(world, part.rank),
        worker: trainWorker(world, part.rank),
        cpus: 0,
        gpus: 0,
        submitted: part.start - 1.8,
        started: part.start - 0.1,
        ended: part.end + 0.2,
      });
      if (attempt.submitted < to && attempt.ended >= from) found.push(attempt);
    }
  }
  return found;
}
