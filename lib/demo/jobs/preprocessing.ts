/**
 * The data job: shards loaded, images decoded, text tokenized; some records are bad. Now and then build_index grows until
 * Ray's memory monitor kills join_features beside it: the newest task that has retries left, not the one that grows.
 */
import { type Attempt, finished } from '../world/attempt.ts';
import { killMessage, type ProcessMemory } from '../world/kill-report.ts';
import { type DemoWorker, hex, type Job, nodeAt, unit, type World } from '../world/model.ts';

const ITEM_PERIOD = 1100;
const SLOTS = 24;
const MINUTE = 60_000;
const GIB = 1024 ** 3;
/** Nothing of one item lasts longer than this, ms. */
const LONGEST_ITEM = 24_000;
const JOIN_PERIOD = 6 * MINUTE;
const JOIN_LENGTH = 150_000;
/** The index is built from this long before its join. */
const INDEX_LEAD = 30_000;
const INDEX_LENGTH = JOIN_LENGTH + INDEX_LEAD;
/** It is done this long after the kill has made room. */
const INDEX_REST = 8_000;
const LONGEST_JOIN = INDEX_LEAD + 2 * JOIN_LENGTH + 30_000;
const JOIN_CPUS = 4;
const INDEX_CPUS = 8;
/** Functions whose tasks each have a process of their own. */
export const OWN_PROCESS: ReadonlySet<string> = new Set(['join_features', 'build_index']);

interface Stage {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly cpus: number;
  /** Resident memory of one task, bytes. */
  readonly memory: number;
  readonly failureShare: number;
}
const STAGES: readonly Stage[] = [
  { name: 'load_shard', min: 4200, max: 8000, cpus: 1, memory: 2.6 * GIB, failureShare: 0.01 },
  { name: 'decode_image', min: 2600, max: 6400, cpus: 1, memory: 1.4 * GIB, failureShare: 0.045 },
  { name: 'decode_image', min: 2600, max: 6400, cpus: 1, memory: 1.4 * GIB, failureShare: 0.045 },
  { name: 'tokenize', min: 1800, max: 4200, cpus: 1, memory: 0.9 * GIB, failureShare: 0.012 },
];

/** Memory of one running task of the job at a time, bytes. */
export function taskMemory(attempt: Attempt, time: number): number {
  const share = (length: number): number => Math.max(0, Math.min(1, (time - attempt.started) / length));
  if (attempt.functionName === 'join_features') return (6 + 140 * share(JOIN_LENGTH) ** 1.3) * GIB;
  if (attempt.functionName === 'build_index') return (10 + 400 * share(INDEX_LENGTH) ** 1.3) * GIB;
  const stage = STAGES.find((one) => one.name === attempt.functionName);
  return (stage?.memory ?? GIB) * (0.75 + 0.25 * Math.min(1, (time - attempt.started) / 2000));
}

/** The data job; only a world that has one has items and joins. */
function dataJob(world: World): Job {
  if (world.jobs.preprocess === null) throw new RangeError(`${world.cluster} has no data job`);
  return world.jobs.preprocess;
}
const firstItem = (world: World): number => dataJob(world).start + 14_000;

/** Worker process of a slot; workers of even slots are on node 0. */
const preprocessWorker = (world: World, slot: number): DemoWorker => ({
  workerId: hex(28, world.seed, 40, slot),
  pid: 7000 + slot * 17,
  node: nodeAt(world, slot % world.nodes.length),
  start: dataJob(world).start + 11_000,
  end: null,
});
/** The processes that items run in: none where there is no data job. */
export const preprocessWorkers = (world: World): DemoWorker[] =>
  world.jobs.preprocess === null ? [] : Array.from({ length: SLOTS }, (_, slot) => preprocessWorker(world, slot));

/** Processes of one join, each for one task: its first attempt, which the kill ends, its retry, the index beside it. */
const PROCESS = { first: 0, retry: 1, index: 2 } as const;
function joinWorker(world: World, index: number, process: number, start: number): DemoWorker {
  return {
    workerId: hex(28, world.seed, 41, index + 4096, process),
    pid: 9000 + (hash16(index) % 800) * 4 + process,
    // Where there is only one node, all are on it.
    node: nodeAt(world, process === PROCESS.retry ? 0 : Math.min(1, world.nodes.length - 1)),
    start: start - 4_000,
    end: null,
  };
}
const hash16 = (index: number): number => (index * 37 + 40_000) % 65_536;

const exceptionMessage = (name: string, worker: DemoWorker, item: number, attempt: number): string =>
  `\u001b[36mray::${name}()\u001b[39m (pid=${worker.pid}, ip=${worker.node.ip})\n  File "/app/preprocess.py", line 88, in ${name}\n    raise ValueError(f"bad record in row group {i} (attempt {n})")\nValueError: bad record in row group ${item} (attempt ${attempt})`;

/** How many times as long a task takes where it reads from slow storage. */
function storageFactor(world: World, name: string, node: number, time: number): number {
  const { storage } = world.faults;
  return storage !== null && name === 'load_shard' && node === storage.node && time >= storage.start
    ? storage.factor
    : 1;
}

/** One item is one task. From round to round of the slots another function comes to a slot, so that no node has its own. */
function itemAttempts(world: World, item: number): Attempt[] {
  const stage = STAGES[item % STAGES.length];
  if (!stage) return [];
  const taskId = `${hex(8, world.seed, 42, item)}ffffffffffffffffffffffff${dataJob(world).jobId}`;
  const attempts: Attempt[] = [];
  let submitted = firstItem(world) + item * ITEM_PERIOD + 200 * unit(world.seed, 43, item);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const worker = preprocessWorker(world, (item + Math.floor(item / SLOTS) + attempt * 7) % SLOTS);
    const draw = unit(world.seed, 44, item, attempt);
    const fails = draw < (attempt === 0 ? stage.failureShare : 0.3);
    const started = submitted + 4 + 180 * unit(world.seed, 45, item, attempt);
    const whole =
      (stage.min + (stage.max - stage.min) * unit(world.seed, 46, item, attempt)) *
      storageFactor(world, stage.name, worker.node.index, started);
    const ended = started + (fails ? 300 + whole * 0.25 : whole);
    attempts.push(
      finished(dataJob(world), {
        taskId,
        attempt,
        functionName: stage.name,
        type: 'NORMAL_TASK',
        actorId: null,
        worker,
        cpus: stage.cpus,
        gpus: 0,
        submitted,
        started,
        ended,
        failure: fails
          ? { errorType: 'TASK_EXECUTION_EXCEPTION', errorMessage: exceptionMessage(stage.name, worker, item, attempt) }
          : null,
      }),
    );
    if (!fails) break;
    submitted = ended + 15;
  }
  return attempts;
}

/** Joins run every six minutes; beside number 0 (about a quarter of an hour before the anchor) and every fourth later one an index is built, and they are killed. */
const joinSubmitted = (world: World, index: number): number => world.anchor - 16 * MINUTE + index * JOIN_PERIOD;
const hasIndex = (index: number): boolean => index >= 0 && index % 4 === 0;
const joinTaskId = (world: World, salt: 47 | 49, index: number): string =>
  `${hex(8, world.seed, salt, index + 4096)}ffffffffffffffffffffffff${dataJob(world).jobId}`;

/** A node at a time, without joins and what is built for them. */
export interface OtherMemory {
  /** Bytes. */
  readonly used: (node: number, time: number) => number;
  readonly processes: (node: number, time: number) => readonly ProcessMemory[];
}

export interface Kill {
  readonly time: number;
  readonly attempt: Attempt;
  readonly nodeUsed: number;
  readonly taskUsed: number;
}

const kills = new WeakMap<World, Map<number, Kill | null>>();

/** The attempts of one join, of the index beside it, and the kill that ended the join's first attempt, if any. */
export function joinAttempts(
  world: World,
  index: number,
  other: OtherMemory,
  limit: number,
): { attempts: Attempt[]; kill: Kill | null } {
  const grows = world.faults.memory && hasIndex(index);
  const submitted = joinSubmitted(world, index) + (grows ? INDEX_LEAD : 0);
  const shared = { type: 'NORMAL_TASK', actorId: null, gpus: 0 } as const;
  const join = (attempt: 0 | 1, at: number, ended: number, failure: Attempt['failure']): Attempt =>
    finished(dataJob(world), {
      ...shared,
      taskId: joinTaskId(world, 47, index),
      attempt,
      functionName: 'join_features',
      worker: {
        ...joinWorker(world, index, attempt === 0 ? PROCESS.first : PROCESS.retry, at),
        end: failure ? ended : null,
      },
      cpus: JOIN_CPUS,
      submitted: at,
      started: at + 240,
      ended,
      failure,
    });
  const whole = join(0, submitted, submitted + JOIN_LENGTH, null);
  if (!grows) return { attempts: [whole], kill: null };
  const from = joinSubmitted(world, index);
  const indexUntil = (ended: number): Attempt =>
    finished(dataJob(world), {
      ...shared,
      taskId: joinTaskId(world, 49, index),
      attempt: 0,
      functionName: 'build_index',
      worker: joinWorker(world, index, PROCESS.index, from),
      cpus: INDEX_CPUS,
      submitted: from,
      started: from + 240,
      ended,
    });
  const growing = indexUntil(from + INDEX_LENGTH);
  const node = whole.worker.node.index;
  const known = kills.get(world) ?? new Map<number, Kill | null>();
  kills.set(world, known);
  let kill = known.get(index);
  if (kill === undefined) {
    kill = null;
    for (let time = whole.started; time < whole.ended; time += 250) {
      const taskUsed = taskMemory(whole, time);
      const nodeUsed = other.used(node, time) + taskMemory(growing, time) + taskUsed;
      if (nodeUsed <= limit) continue;
      kill = { time, attempt: whole, nodeUsed, taskUsed };
      break;
    }
    known.set(index, kill);
  }
  if (!kill) return { attempts: [growing, whole], kill: null };
  const spared = { attempt: growing, used: taskMemory(growing, kill.time) };
  const failure = {
    errorType: 'OUT_OF_MEMORY' as const,
    errorMessage: killMessage({ ...kill, spared, processes: other.processes(node, kill.time) }),
  };
  const failed = join(0, submitted, kill.time, failure);
  const retry = join(1, kill.time + 1_050, kill.time + 1_050 + JOIN_LENGTH, null);
  return { attempts: [indexUntil(kill.time + INDEX_REST), failed, retry], kill: { ...kill, attempt: failed } };
}

/** Attempts of items (without joins) that exist in [from, to). */
export function itemAttemptsBetween(world: World, from: number, to: number): Attempt[] {
  const found: Attempt[] = [];
  if (world.jobs.preprocess === null) return found;
  const first = Math.max(0, Math.floor((from - firstItem(world) - LONGEST_ITEM) / ITEM_PERIOD));
  const last = Math.floor((to - firstItem(world)) / ITEM_PERIOD);
  for (let item = first; item <= last; item += 1) {
    for (const attempt of itemAttempts(world, item)) {
      if (attempt.submitted < to && attempt.ended >= from) found.push(attempt);
    }
  }
  return found;
}

/** Numbers of the joins that can exist in [from, to). */
export function joinsBetween(world: World, from: number, to: number): number[] {
  if (world.jobs.preprocess === null) return [];
  const zero = joinSubmitted(world, 0);
  const earliest = Math.ceil((firstItem(world) - zero) / JOIN_PERIOD);
  const first = Math.max(earliest, Math.floor((from - zero - LONGEST_JOIN) / JOIN_PERIOD));
  const last = Math.floor((to - zero) / JOIN_PERIOD);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
}
