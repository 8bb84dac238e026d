/**
 * The training job: every GPU is a rank, all in step. Tensor parallel inside a node, pipeline stages of several nodes, data parallel
 * over the nodes of a stage:
 *
 *   node      0   1   2   3  |  4   5   6   7
 *   stage     0              |  1                 one data-parallel communicator each: dp-0, dp-1 (dp where there is one stage)
 *   tensor    tp-0 .. tp-3   |  tp-4 .. tp-7      one communicator for each node
 */
import { type Attempt, finished } from '../world/attempt.ts';
import { actorId, GPUS_PER_NODE, hex, runAt, runsOf, trainWorker, unit, type World } from '../world/model.ts';
import { type AllReducePlan, allReducePlan } from '../world/network.ts';

/** Step period before and after the slow GPU throttles, ms. These four are those of pace 1. */
const HEALTHY_PERIOD = 10_000;
const THROTTLED_PERIOD = 12_200;
const FORWARD = 3000;
const BACKWARD = 6300;
/** Ranks of a node meet in every layer of the forward pass, so they are never further apart than this, ms. */
const FORWARD_SKEW = 0.1;
/** Share of the backward pass by which ranks differ. */
const BACKWARD_SKEW = 0.003;

/** What limits the wire: 8 NICs of 400 Gb/s between nodes, NVLink inside, bytes per second. */
export const LINK_LIMIT = { dp: 400e9, tp: 450e9 } as const;
export type CommunicatorKind = keyof typeof LINK_LIMIT;
export const MESSAGE_BYTES = { dp: 2 * 1024 ** 3, tp: 64 * 1024 ** 2 } as const;

/** Ranks of a pipeline stage. */
export const stageRanks = (world: World): number => world.ranks / world.stages;
export const stageOf = (world: World, node: number): number => Math.floor((node * GPUS_PER_NODE) / stageRanks(world));
/** Ranks of a communicator of this kind. */
export const ranksOf = (world: World, kind: CommunicatorKind): number =>
  kind === 'dp' ? stageRanks(world) : GPUS_PER_NODE;

/** How the AllReduce of a communicator of this kind is done: all of them are alike. */
export const planOf = (world: World, kind: CommunicatorKind): AllReducePlan =>
  allReducePlan(MESSAGE_BYTES[kind], ranksOf(world, kind), ranksOf(world, kind) / GPUS_PER_NODE, world.gpu.fabric);

/** Whether the link of a node is bad at a time (Unix ms). */
export function isLinkBad(world: World, node: number, time: number): boolean {
  const { link } = world.faults;
  if (link === null || link.node !== node || time < link.start) return false;
  return (time - link.start) % link.period < link.length;
}

/** How many times as long transfers of a stage take in a step. */
export function linkFactor(world: World, stage: number, step: number): number {
  const { link } = world.faults;
  if (link === null || stageOf(world, link.node) !== stage) return 1;
  const isHit = isLinkBad(world, link.node, stepStart(world, step)) && unit(world.seed, 27, step) < link.share;
  return isHit ? link.factor : 1;
}

/**
 * Wire time of an AllReduce when all peers are there, ms (network.ts), a little longer by chance and by what is bad on the way.
 * `group`: the stage of a dp communicator, the node of a tp one.
 */
export function wireTime(world: World, kind: CommunicatorKind, step: number, group: number): number {
  const plan = planOf(world, kind);
  const link = kind === 'dp' ? linkFactor(world, group, step) : 1;
  const slower = link * (1 + 0.04 * unit(world.seed, 20, step, group, kind === 'dp' ? 1 : 2));
  return plan.latencyMs + plan.transferMs * slower;
}

/** Bus bandwidth (nccl-tests) of an AllReduce that took `ms`, bytes per second. */
export const busBandwidth = (world: World, kind: CommunicatorKind, ms: number): number => {
  const ranks = ranksOf(world, kind);
  return (2 * (ranks - 1) * MESSAGE_BYTES[kind]) / ranks / (ms / 1000);
};

const firstStep = (world: World): number => world.jobs.train.start + 60_000;
/** Time from step to step where nothing throttles, ms. */
export const healthyPeriod = (world: World): number => HEALTHY_PERIOD * world.training.pace;
const healthySteps = (world: World): number =>
  Math.floor(((world.faults.throttle?.start ?? Number.POSITIVE_INFINITY) - firstStep(world)) / healthyPeriod(world));

/** When step k begins, Unix ms. */
export function stepStart(world: World, step: number): number {
  const healthy = healthySteps(world);
  const throttled = Math.max(0, step - healthy);
  return (
    firstStep(world) +
    Math.min(step, healthy) * healthyPeriod(world) +
    throttled * THROTTLED_PERIOD * world.training.pace
  );
}

/** The step running at a time; -1 before the first. Where a rank hangs, its step runs for ever; of a run that is done, its last. */
export function stepAt(world: World, time: number): number {
  const { hang } = world.faults;
  const step = stepOnTime(world, hang === null ? time : Math.min(time, hang.start));
  const { steps } = world.training;
  return steps === null ? step : Math.min(step, steps - 1);
}

/** Steps that all runs of a world had done at a time. */
export const stepsDone = (world: World, time: number): number =>
  runsOf(world).reduce((sum, run) => {
    const { end } = run.jobs.train;
    return sum + (end !== null && time >= end ? (run.training.steps ?? 0) : Math.max(0, stepAt(run, time)));
  }, 0);

/** The run whose ranks live on the GPUs at a time; null while there is none. */
export function livingRun(world: World, time: number): World | null {
  const run = runAt(world, time);
  const { start, end } = run.jobs.train;
  return time >= start + 8_000 && (end === null || time < end) ? run : null;
}

/** The step that a rank never ends; null where none hangs. */
export function hungStep(world: World): number | null {
  const { hang } = world.faults;
  return hang === null ? null : stepOnTime(world, hang.start);
}

function stepOnTime(world: World, time: number): number {
  const healthy = healthySteps(world);
  const since = time - firstStep(world);
  if (since < 0) return -1;
  const inHealthy = Math.floor(since / healthyPeriod(world));
  if (inHealthy < healthy) return inHealthy;
  return healthy + Math.floor((since - healthy * healthyPeriod(world)) / (THROTTLED_PERIOD * world.training.pace));
}

/** For how long a rank's GPU has been hot and slow, ms; null where it is not. */
export function throttledFor(world: World, rank: number, time: number): number | null {
  const { throttle } = world.faults;
  return throttle !== null && rank === throttle.rank && time >= throttle.start ? time - throttle.start : null;
}
export const isThrottled = (world: World, rank: number, time: number): boolean =>
  throttledFor(world, rank, time) !== null;

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

/** Steps that are asked for again and again: every metric of every GPU is about the newest ones. */
const STEPS_HELD = 16;
const held = new WeakMap<World, Map<number, readonly RankStep[]>>();

/** All ranks of one step, index = rank. */
export function trainingStep(world: World, step: number): readonly RankStep[] {
  const steps = held.get(world) ?? new Map<number, readonly RankStep[]>();
  held.set(world, steps);
  const known = steps.get(step);
  if (known) return known;
  const made = makeStep(world, step);
  const [oldest] = steps.keys();
  if (steps.size >= STEPS_HELD && oldest !== undefined) steps.delete(oldest);
  steps.set(step, made);
  return made;
}

function makeStep(world: World, step: number): RankStep[] {
  const base = stepStart(world, step);
  const { throttle, decoy, link } = world.faults;
  const isBad = link !== null && isLinkBad(world, link.node, base);
  const start = (rank: number): number => base + 2 + 0.6 * unit(world.seed, 21, step, rank);
  const slow = (rank: number): number =>
    (throttle !== null && isThrottled(world, rank, base) ? throttle.factor : 1) *
    (slowness(world, rank, step)?.factor ?? 1);
  // Their first layer makes up for how they began.
  const forwardEnds = Array.from(
    { length: world.ranks },
    (_, rank) =>
      base +
      2 +
      stalledFor(world, Math.floor(rank / GPUS_PER_NODE), step) +
      FORWARD * world.training.pace * slow(rank) +
      FORWARD_SKEW * unit(world.seed, 22, step, rank, 1),
  );
  const backward = (rank: number): number =>
    BACKWARD * world.training.pace * slow(rank) * (1 + BACKWARD_SKEW * unit(world.seed, 22, step, rank, 2)) +
    (slowness(world, rank, step)?.pauseMs ?? 0) +
    (isBad && decoy?.rank === rank ? decoy.ms : 0) +
    // It never joins: its backward pass has no end, and so the AllReduce of its stage has none, and the step.
    (world.faults.hang?.rank === rank && step === hungStep(world) ? Number.POSITIVE_INFINITY : 0);
  const tpEnds = world.nodes.map(
    ({ index }) =>
      Math.max(...forwardEnds.slice(index * GPUS_PER_NODE, (index + 1) * GPUS_PER_NODE)) +
      wireTime(world, 'tp', step, index),
  );
  const tpEnd = (rank: number): number => tpEnds[Math.floor(rank / GPUS_PER_NODE)] ?? 0;
  const backwardEnds = forwardEnds.map((_, rank) => tpEnd(rank) + backward(rank));
  const dpEnds = Array.from({ length: world.stages }, (_, stage) => {
    const own = backwardEnds.slice(stage * stageRanks(world), (stage + 1) * stageRanks(world));
    return Math.max(...own) + wireTime(world, 'dp', step, stage);
  });
  // The pipeline is flushed: the optimizer's step begins when every stage has its gradients.
  const flushed = Math.max(...dpEnds);
  return forwardEnds.map((forwardEnd, rank) => {
    const backwardEnd = backwardEnds[rank] ?? flushed;
    return {
      rank,
      start: start(rank),
      forwardEnd,
      tp: { arrival: forwardEnd, end: tpEnd(rank) },
      backwardEnd,
      dp: { arrival: backwardEnd, end: dpEnds[Math.floor(rank / stageRanks(world))] ?? flushed },
      end: flushed + 18 + 4 * unit(world.seed, 23, step, rank),
    };
  });
}

/** How a rank is slow in a step; null where it is not. */
function slowness(world: World, rank: number, step: number): World['faults']['slow'] {
  const { slow } = world.faults;
  if (slow === null || slow.rank !== rank || stepStart(world, step) < slow.start) return null;
  return unit(world.seed, 28, step) < slow.share ? slow : null;
}

/** For how long the ranks of a node are kept from a step, ms. */
function stalledFor(world: World, node: number, step: number): number {
  const { stall } = world.faults;
  if (stall === null || stall.node !== node || stepStart(world, step) < stall.start) return 0;
  return stall.isCpu ? stall.ms * (0.2 + 1.6 * unit(world.seed, 29, step)) : stall.ms;
}

/** Task of one step on one rank: 8 bytes of its own, 12 of the actor, 4 of the job. */
export const trainTaskId = (world: World, step: number, rank: number): string =>
  hex(8, world.seed, 24, step, rank) + actorId(world, rank);

function creation(world: World, rank: number): Attempt {
  const worker = trainWorker(world, rank);
  return finished(world.jobs.train, {
    taskId: `ffffffffffffffff${actorId(world, rank)}`,
    attempt: 0,
    functionName: `${world.training.actorClass}.__init__`,
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
  const { end } = world.jobs.train;
  if (end !== null && from > end) return found;
  for (let rank = 0; rank < world.ranks; rank += 1) {
    const attempt = creation(world, rank);
    if (attempt.submitted < to && attempt.ended >= from) found.push(attempt);
  }
  const last = stepAt(world, to + 10);
  for (let step = Math.max(0, stepAt(world, from) - 1); step <= last; step += 1) {
    for (const part of trainingStep(world, step)) {
      const attempt = finished(world.jobs.train, {
        taskId: trainTaskId(world, step, part.rank),
        attempt: 0,
        functionName: `${world.training.actorClass}.${world.training.method}`,
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
