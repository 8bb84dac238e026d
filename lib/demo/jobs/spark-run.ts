/**
 * A Spark job that runs at night. One stage turns partitions of skewed sizes into sessions on four executors of eight cores. Tasks on an executor share its heap: where what they hold together is more than there
 * is, the JVM dies (exit code 52) with all of them, and they are run again elsewhere, in other company.
 */
import { hash, unit, type World } from '../world/model.ts';

const MINUTE = 60_000;
const EXECUTORS = 4;
/** Of an executor: cores, and heap in bytes. */
export const CORES = 8;
export const HEAP = 16 * 1024 ** 3;
export const PARTITIONS = 64;
const HEAP_OF_JVM = 0.4 * 1024 ** 3;
const GIB = 1024 ** 3;
/** Minutes before the anchor. */
const STARTED = 330;
const COME_UP = 4_000;
const NEW_EXECUTOR = 9_000;

/** One attempt of a partition. Times are Unix ms. */
export interface SparkAttempt {
  readonly taskId: number;
  readonly partition: number;
  readonly attempt: number;
  readonly executor: number;
  readonly start: number;
  end: number;
  /** Bytes of heap that it holds. */
  readonly holds: number;
  /** Most that its executor's heap held while it ran, bytes. */
  heap: number;
  outcome: 'success' | 'out-of-memory' | 'executor-lost';
}
interface Executor {
  readonly id: number;
  readonly host: string;
  readonly added: number;
  removed: number | null;
}
export interface SparkRun {
  readonly appId: string;
  readonly start: number;
  readonly end: number;
  readonly executors: readonly Executor[];
  readonly attempts: readonly SparkAttempt[];
}

const holdsOf = (world: World, partition: number): number =>
  (0.7 + 1.1 * unit(world.seed, 130, partition) + (partition === hash(world.seed, 131) % 24 ? 7 : 0)) * GIB;
const tookOf = (world: World, partition: number): number =>
  4_000 + 6_000 * (holdsOf(world, partition) / GIB) * (0.9 + 0.2 * unit(world.seed, 132, partition));

const startOf = (world: World): number => world.anchor - STARTED * MINUTE;
/** As Spark's master numbers applications. */
export const sparkAppId = (world: World): string =>
  `app-${new Date(startOf(world)).toISOString().replaceAll(/\D/g, '').slice(0, 14)}-0000`;

/** What happened: tasks go to the executor with most free cores, in order of partitions, and again where they failed. */
export function sparkRun(world: World): SparkRun {
  const start = startOf(world);
  const executors: Executor[] = [];
  const hire = (added: number): void => {
    const id = executors.length;
    executors.push({ id, host: `sim-spark-${id % EXECUTORS}`, added, removed: null });
  };
  for (let index = 0; index < EXECUTORS; index += 1) hire(start + COME_UP + 300 * index);
  const queue = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, attempt: 0 }));
  const attempts: SparkAttempt[] = [];
  const running = new Set<SparkAttempt>();
  const on = (executor: number): SparkAttempt[] => [...running].filter((one) => one.executor === executor);
  const heapOf = (executor: number): number => on(executor).reduce((sum, { holds }) => sum + holds, HEAP_OF_JVM);
  let now = executors[0]?.added ?? start;
  /** The executor with most free cores: Spark spreads its tasks. */
  const freest = (): number | null => {
    const [best] = executors
      .filter(({ id, added, removed }) => removed === null && added <= now && on(id).length < CORES)
      .toSorted((left, right) => on(left.id).length - on(right.id).length);
    return best?.id ?? null;
  };
  while (queue.length > 0 || running.size > 0) {
    for (let id = freest(); id !== null && queue.length > 0; id = freest()) {
      const next = queue.shift();
      if (!next) break;
      const took = tookOf(world, next.partition);
      const attempt: SparkAttempt = {
        ...next,
        taskId: attempts.length,
        executor: id,
        start: now,
        end: Math.round(now + took),
        holds: holdsOf(world, next.partition),
        heap: 0,
        outcome: 'success',
      };
      attempts.push(attempt);
      running.add(attempt);
      const heap = heapOf(id);
      // It dies of what it asks for half-way through.
      if (heap > HEAP) {
        attempt.outcome = 'out-of-memory';
        attempt.end = Math.round(now + took / 2);
      }
      for (const one of on(id)) one.heap = Math.max(one.heap, Math.min(HEAP, heap));
    }
    const ends = [...running].map(({ end }) => end);
    const arrivals = queue.length > 0 ? executors.map(({ added }) => added).filter((added) => added > now) : [];
    now = Math.min(...ends, ...arrivals);
    for (const attempt of [...running].filter(({ end }) => end <= now)) {
      if (!running.delete(attempt) || attempt.outcome !== 'out-of-memory') continue;
      const executor = executors[attempt.executor];
      if (executor) executor.removed = now;
      const lost = on(attempt.executor);
      for (const other of lost) {
        running.delete(other);
        other.outcome = 'executor-lost';
        other.end = now;
      }
      // Again, after what waits: in other company.
      queue.push(...[attempt, ...lost].map((one) => ({ partition: one.partition, attempt: one.attempt + 1 })));
      hire(now + NEW_EXECUTOR);
    }
  }
  return { appId: sparkAppId(world), start, end: now + 900, executors, attempts };
}
