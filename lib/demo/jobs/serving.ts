/**
 * The deployment that answers requests: one replica of a language model of 70 billion parameters in bfloat16, tensor parallel over
 * eight GPUs. A request is one prefill (all tokens of the prompt at once; the GPUs compute) and a decode step for each token that it
 * answers (the weights are read). Both need two AllReduces in each of 80 layers: large ones of the prompt, small ones of the tokens
 * that are decoded together, so RCCLX takes other ways for them (network.ts).
 *
 *   request   |-- prefill --|-- token --|-- token --| ...          k-th request: start + k * everyMs and up to as much more
 *             80 x 2 AllReduces of prompt x 16 KiB, then of requests x 16 KiB
 */
import { type Attempt, finished } from '../world/attempt.ts';
import { actorId, hex, type Serving, trainWorker, unit, type World } from '../world/model.ts';
import { type AllReducePlan, planMs, rcclxAllReducePlan } from '../world/network.ts';

/** Width of a layer's output in bfloat16, bytes for each token. */
const BYTES_OF_TOKEN = 8192 * 2;
const LAYERS = 80;
/** AllReduces of one pass through the model. */
export const OPERATIONS_OF_PASS = 2 * LAYERS;
const PARAMETERS = 70e9;
/** What eight MI300X achieve: 0.4 of 1,307 TFLOP/s each, and 0.6 of 5.3 TB/s. */
const FLOPS = 8 * 1307e12 * 0.4;
const MEMORY_BANDWIDTH = 8 * 5.3e12 * 0.6;
/** A request has left well before so many more have come. */
const OVERLAP = 12;
const COME_UP = 60_000;

export interface Request {
  readonly index: number;
  /** Tokens of the prompt, and of the answer. */
  readonly prompt: number;
  readonly answer: number;
  /** Requests whose tokens are decoded together with its own, itself included. */
  readonly together: number;
  /** Unix ms. */
  readonly start: number;
  readonly prefillEnd: number;
  readonly end: number;
  readonly prefill: AllReducePlan;
  readonly decode: AllReducePlan;
}

/** How the AllReduce of so many tokens is done. */
const planOfTokens = (world: World, tokens: number): AllReducePlan =>
  rcclxAllReducePlan(messageBytes(tokens), world.ranks, world.gpu.fabric);
export const messageBytes = (tokens: number): number => tokens * BYTES_OF_TOKEN;

/** Time of the k-th request and what it asks for; ms. */
function draft(world: World, serving: Serving, index: number) {
  const start = world.jobs.train.start + COME_UP + serving.everyMs * (index + unit(world.seed, 30, index));
  const prompt = Math.round(64 * 2 ** (6.4 * unit(world.seed, 31, index)));
  const answer = Math.round(30 + 420 * unit(world.seed, 32, index) ** 2);
  const prefill = planOfTokens(world, prompt);
  const prefillEnd = start + ((2 * PARAMETERS * prompt) / FLOPS) * 1000 + OPERATIONS_OF_PASS * planMs(prefill);
  return { index, start, prompt, answer, prefill, prefillEnd };
}
const decodeMs = (plan: AllReducePlan): number =>
  ((2 * PARAMETERS) / MEMORY_BANDWIDTH) * 1000 + OPERATIONS_OF_PASS * planMs(plan);

/** The k-th request. */
export function requestAt(world: World, serving: Serving, index: number): Request {
  const own = draft(world, serving, index);
  // Who decodes when it begins to: each as long as it would alone, which differs by a part in a thousand.
  const alone = decodeMs(planOfTokens(world, 1));
  let together = 1;
  for (let other = Math.max(0, index - OVERLAP); other < index; other += 1) {
    const { prefillEnd, answer } = draft(world, serving, other);
    if (prefillEnd <= own.prefillEnd && prefillEnd + answer * alone > own.prefillEnd) together += 1;
  }
  const decode = planOfTokens(world, together);
  return { ...own, together, decode, end: own.prefillEnd + own.answer * decodeMs(decode) };
}

/** Requests that are answered in [from, to): begun before `to`, not ended before `from`. */
export function requestsBetween(world: World, from: number, to: number): Request[] {
  const { serving } = world;
  if (serving === null) return [];
  const numberAt = (time: number): number => Math.floor((time - world.jobs.train.start - COME_UP) / serving.everyMs);
  const found: Request[] = [];
  for (let index = Math.max(0, numberAt(from) - OVERLAP); index <= numberAt(to); index += 1) {
    const request = requestAt(world, serving, index);
    if (request.start < to && request.end >= from) found.push(request);
  }
  return found;
}

/** Share of [from, to) in which a request was in hand, 0..1. */
export function servingShare(world: World, from: number, to: number): number {
  let busy = 0;
  let until = from;
  for (const { start, end } of requestsBetween(world, from, to)) {
    const begin = Math.max(until, start);
    const stop = Math.min(to, end);
    if (stop <= begin) continue;
    busy += stop - begin;
    until = stop;
  }
  return busy / (to - from);
}

/** Task of a request: 8 bytes of its own, 12 of the actor that takes it, 4 of the job. */
export const requestTaskId = (world: World, index: number): string => hex(8, world.seed, 33, index) + actorId(world, 0);

/** Attempts of the requests that exist in [from, to): rank 0 takes them. */
export function servingAttempts(world: World, from: number, to: number): Attempt[] {
  const { actorClass, method } = world.training;
  return requestsBetween(world, from, to).map((request) =>
    finished(world.jobs.train, {
      taskId: requestTaskId(world, request.index),
      attempt: 0,
      functionName: `${actorClass}.${method}`,
      type: 'ACTOR_TASK',
      actorId: actorId(world, 0),
      worker: trainWorker(world, 0),
      cpus: 0,
      gpus: 0,
      submitted: request.start,
      started: request.start,
      ended: request.end,
    }),
  );
}
