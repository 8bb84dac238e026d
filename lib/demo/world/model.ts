/**
 * The simulated cluster: its nodes, GPUs, ids and clock. Everything in lib/demo is a pure function of (seed, anchor,
 * time), so history written before the start and what is emitted live tell one story.
 */

import type { Faults } from './faults.ts';
import type { GpuModel } from './gpu-models.ts';

export const RAY_VERSION = '2.58.0';
export const GPUS_PER_NODE = 8;
/** Largest cluster that can be simulated. */
export const MOST_GPUS = 4096;
export const CPUS_PER_NODE = 96;
/** Memory of one node, bytes (512 GiB). */
export const NODE_MEMORY = 512 * 1024 ** 3;
/** Ray's memory monitor kills above this share (RAY_memory_usage_threshold). */
export const OOM_THRESHOLD = 0.95;

const MINUTE = 60_000;
export type JobKey = 'preprocess' | 'train';

export interface Job {
  readonly key: JobKey;
  /** Ray's job id, hex. */
  readonly jobId: string;
  readonly submissionId: string;
  readonly entrypoint: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly driverPid: number;
  /** Unix ms. */
  readonly start: number;
  /** Unix ms; null where it runs on. */
  readonly end: number | null;
}

/** What tells one training run from another. */
export interface Training {
  /** How many times as long every phase of a step takes as in the run that goes on. */
  readonly pace: number;
  /** Steps after which it is done; null where it goes on. */
  readonly steps: number | null;
  readonly actorClass: string;
  /** What its actors are asked to do. */
  readonly method: string;
  readonly namespace: string;
  /** Weights and optimizer of a rank, MiB of GPU memory. */
  readonly weightsMib: number;
  /** What the names of its communicators begin with. */
  readonly prefix: string;
  /** Its spans are sampled by step: one step in `oneIn`, and all that begin from `allFrom` (Unix ms) on. */
  readonly sampling: { readonly oneIn: number; readonly allFrom: number };
}

export interface DemoNode {
  readonly index: number;
  readonly name: string;
  readonly ip: string;
  /** 56 hex digits. */
  readonly nodeId: string;
  readonly isHead: boolean;
  /** UUIDs, by index. */
  readonly gpus: readonly string[];
}

/** What tells one deployment that answers requests from another. */
export interface Serving {
  readonly application: string;
  readonly route: string;
  /** From one request to the next, ms, on average. */
  readonly everyMs: number;
  /** Of one request in so many, spans are exported. */
  readonly oneIn: number;
}

/** The part of a simulation that never changes. Times are Unix ms. */
export interface World {
  /** Name of its cluster. */
  readonly cluster: string;
  readonly seed: number;
  /** "Now" when the simulation was started; the past is laid out relative to it. */
  readonly anchor: number;
  readonly boot: number;
  /** When the cluster was taken down; null where it lives. */
  readonly end: number | null;
  readonly session: string;
  readonly faults: Faults;
  readonly gpu: GpuModel;
  /** GPUs, each of which is a rank of the training job: rank = node * 8 + GPU. */
  readonly ranks: number;
  /** Stages of the training job's pipeline: as many nodes in each. */
  readonly stages: number;
  readonly nodes: readonly DemoNode[];
  readonly jobs: { readonly preprocess: Job | null; readonly train: Job };
  /** Of the job `train`. */
  readonly training: Training;
  /** Of a cluster whose actors answer requests instead of training: they are the ranks of one model. */
  readonly serving: Serving | null;
  /** The training run that ended before this one began, as a world of the same nodes whose job `train` it is; null where there was none. */
  readonly earlier: World | null;
}

const SEED = 0x9747b28c;

/** One 32-bit word mixed into a hash (murmur3). */
function mix(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
const mixNumber = (h: number, part: number): number => mix(mix(h, part | 0), Math.floor(part / 2 ** 32) | 0);

function finish(mixed: number): number {
  let h = mixed ^ (mixed >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32-bit hash of numbers, deterministic on every machine. */
export function hash(...parts: readonly number[]): number {
  let h = SEED;
  for (let i = 0; i < parts.length; i += 1) h = mixNumber(h, parts[i] ?? 0);
  return finish(h);
}

/** A number in [0, 1) for these parts. */
export const unit = (...parts: readonly number[]): number => hash(...parts) / 2 ** 32;

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** `bytes` bytes of hex for these parts. */
export function hex(bytes: number, ...parts: readonly number[]): string {
  let h = SEED;
  for (let i = 0; i < parts.length; i += 1) h = mixNumber(h, parts[i] ?? 0);
  let text = '';
  for (let word = 0; text.length < bytes * 2; word += 1) {
    const value = finish(mix(h, word));
    text += (HEX[value >>> 16] ?? '') + (HEX[value & 0xffff] ?? '');
  }
  return text.slice(0, bytes * 2);
}

/** Smooth noise in [-1, 1] with a period of about `period` ms. */
export function wave(time: number, period: number, ...parts: readonly number[]): number {
  const cell = Math.floor(time / period);
  const share = time / period - cell;
  const from = unit(cell % 2 ** 31, ...parts) * 2 - 1;
  const to = unit((cell + 1) % 2 ** 31, ...parts) * 2 - 1;
  return from + (to - from) * share * share * (3 - 2 * share);
}

/** Anchor for a process started at `now` without one: five-minute grid, so that a back-fill and a start just after agree. */
export const defaultAnchor = (now: number): number => Math.floor(now / (5 * MINUTE)) * 5 * MINUTE;

/** All training runs of a world, the one that goes on last. */
export const runsOf = (world: World): readonly World[] => (world.earlier === null ? [world] : [world.earlier, world]);

/** The run that the GPUs work for at a time (Unix ms), or will next. */
export const runAt = (world: World, time: number): World =>
  world.earlier !== null && time < (world.earlier.jobs.train.end ?? 0) ? world.earlier : world;

/** All jobs of a world. */
export const jobsOf = (world: World): readonly Job[] => [
  ...(world.earlier === null ? [] : [world.earlier.jobs.train]),
  ...Object.values(world.jobs).filter((job) => job !== null),
];

/** Placement group of a job's actors, or null where it has none. */
export const groupOfJob = (world: World, jobId: string): string | null => {
  const run = runsOf(world).find((one) => one.jobs.train.jobId === jobId);
  return run === undefined ? null : placementGroupId(run);
};

/** Node at an index of the layout; throws RangeError outside it. */
export function nodeAt(world: World, index: number): DemoNode {
  const node = world.nodes[index];
  if (!node) throw new RangeError(`no node ${index}`);
  return node;
}

export interface DemoWorker {
  readonly workerId: string;
  readonly pid: number;
  readonly node: DemoNode;
  /** Unix ms. */
  readonly start: number;
  /** Unix ms, or null while alive. */
  readonly end: number | null;
}

interface TrainActor {
  readonly worker: DemoWorker;
  readonly id: string;
}
/** Every attempt of a step names them: made once. */
const actors = new WeakMap<World, TrainActor[]>();
function actorOf(world: World, rank: number): TrainActor {
  const known = actors.get(world) ?? [];
  actors.set(world, known);
  known[rank] ??= {
    worker: {
      workerId: hex(28, world.seed, 2, rank),
      pid: 5000 + (rank % 150) * 13,
      node: nodeAt(world, Math.floor(rank / GPUS_PER_NODE)),
      start: world.jobs.train.start + 8_000,
      end: world.jobs.train.end,
    },
    id: hex(12, world.seed, 3, rank) + world.jobs.train.jobId,
  };
  return known[rank];
}

/** The actor process of a rank; node rank / 8, GPU rank % 8. */
export const trainWorker = (world: World, rank: number): DemoWorker => actorOf(world, rank).worker;

/** 16 bytes: 12 of the actor, 4 of the job. */
export const actorId = (world: World, rank: number): string => actorOf(world, rank).id;

export const gpuUuid = (world: World, node: number, gpu: number): string => nodeAt(world, node).gpus[gpu] ?? '';

export const placementGroupId = (world: World): string => hex(14, world.seed, 5) + world.jobs.train.jobId;
