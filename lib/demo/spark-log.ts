/**
 * The event log of a Spark job that runs at night: JSON lines as Spark 3.5 writes them. One stage turns partitions of skewed sizes into
 * sessions on four executors of eight cores. Tasks on an executor share its heap: where what they hold together is more than there
 * is, the JVM dies (exit code 52) with all of them, and they are run again elsewhere, in other company.
 */
import { hash, unit, type World } from './model.ts';

const MINUTE = 60_000;
const EXECUTORS = 4;
const CORES = 8;
const PARTITIONS = 64;
const HEAP = 16 * 1024 ** 3;
const HEAP_OF_JVM = 0.4 * 1024 ** 3;
const GIB = 1024 ** 3;
/** Minutes before the anchor. */
const STARTED = 330;
const COME_UP = 4_000;
const NEW_EXECUTOR = 9_000;
const OUT_OF_MEMORY = 'java.lang.OutOfMemoryError';

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

/** As Spark's master numbers applications. */
const appIdOf = (start: number): string =>
  `app-${new Date(start).toISOString().replaceAll(/\D/g, '').slice(0, 14)}-0000`;
const startOf = (world: World): number => world.anchor - STARTED * MINUTE;
/** Where the demo's server has the log. */
export const sparkLogPath = (world: World): string => `/spark-event-logs/${appIdOf(startOf(world))}`;

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
  return { appId: appIdOf(start), start, end: now + 900, executors, attempts };
}

type Event = Readonly<Record<string, unknown>>;
const STAGE = { 'Stage ID': 0, 'Stage Attempt ID': 0 } as const;
const NAME = 'collect at sessionize.py:41';

function endReason(attempt: SparkAttempt): Event {
  if (attempt.outcome === 'success') return { Reason: 'Success' };
  if (attempt.outcome === 'executor-lost')
    return {
      Reason: 'ExecutorLostFailure',
      'Executor ID': String(attempt.executor),
      'Exit Caused By App': true,
      'Loss Reason': 'Command exited with code 52',
    };
  return {
    Reason: 'ExceptionFailure',
    'Class Name': OUT_OF_MEMORY,
    Description: 'Java heap space',
    'Stack Trace': [],
    'Full Stack Trace': `${OUT_OF_MEMORY}: Java heap space\n`,
    'Accumulator Updates': [],
  };
}

/** Peaks of the executor while the task ran; a process tree that nobody asked for is zeros. */
const executorMetrics = (heap: number): Event => ({
  JVMHeapMemory: Math.round(heap),
  JVMOffHeapMemory: 120_586_240,
  OnHeapExecutionMemory: Math.round(heap * 0.3),
  OffHeapExecutionMemory: 0,
  OnHeapStorageMemory: 49_811,
  OffHeapStorageMemory: 0,
  OnHeapUnifiedMemory: Math.round(heap * 0.3) + 49_811,
  OffHeapUnifiedMemory: 0,
  DirectPoolMemory: 16_889_883,
  MappedPoolMemory: 0,
  ProcessTreeJVMVMemory: 0,
  ProcessTreeJVMRSSMemory: 0,
  ProcessTreePythonVMemory: 0,
  ProcessTreePythonRSSMemory: 0,
  ProcessTreeOtherVMemory: 0,
  ProcessTreeOtherRSSMemory: 0,
  MinorGCCount: 8,
  MinorGCTime: 779,
  MajorGCCount: 0,
  MajorGCTime: 0,
  TotalGCTime: 779,
});

function taskMetrics({ start, end, holds }: SparkAttempt): Event {
  const took = Math.round(end - start);
  return {
    'Executor Deserialize Time': 40,
    'Executor Deserialize CPU Time': 31_000_000,
    'Executor Run Time': took - 60,
    'Executor CPU Time': (took - 60) * 900_000,
    'Peak Execution Memory': Math.round(holds * 0.3),
    'Result Size': 1_409,
    'JVM GC Time': Math.round(took * 0.02),
    'Result Serialization Time': 1,
    'Memory Bytes Spilled': 0,
    'Disk Bytes Spilled': 0,
    'Shuffle Read Metrics': {
      'Remote Blocks Fetched': 0,
      'Local Blocks Fetched': 0,
      'Fetch Wait Time': 0,
      'Remote Bytes Read': 0,
      'Remote Bytes Read To Disk': 0,
      'Local Bytes Read': 0,
      'Total Records Read': 0,
      'Remote Requests Duration': 0,
      'Push Based Shuffle': {
        'Corrupt Merged Block Chunks': 0,
        'Merged Fetch Fallback Count': 0,
        'Merged Remote Blocks Fetched': 0,
        'Merged Local Blocks Fetched': 0,
        'Merged Remote Chunks Fetched': 0,
        'Merged Local Chunks Fetched': 0,
        'Merged Remote Bytes Read': 0,
        'Merged Local Bytes Read': 0,
        'Merged Remote Requests Duration': 0,
      },
    },
    'Shuffle Write Metrics': { 'Shuffle Bytes Written': 0, 'Shuffle Write Time': 0, 'Shuffle Records Written': 0 },
    'Input Metrics': { 'Bytes Read': Math.round(holds / 4), 'Records Read': Math.round(holds / 1024) },
    'Output Metrics': { 'Bytes Written': 0, 'Records Written': 0 },
    'Updated Blocks': [],
  };
}

/** The log, its events in order of time. */
export function sparkEventLog(world: World): string {
  const run = sparkRun(world);
  const hostOf = (executor: number): string => run.executors[executor]?.host ?? '';
  const stage = {
    ...STAGE,
    'Stage Name': NAME,
    'Number of Tasks': PARTITIONS,
    'RDD Info': [],
    'Parent IDs': [],
    Details: '',
    Accumulables: [],
    'Resource Profile Id': 0,
    'Shuffle Push Enabled': false,
    'Shuffle Push Mergers Count': 0,
  };
  const properties = { 'spark.job.description': 'simulated_sessionize', 'callSite.short': NAME };
  const info = (one: SparkAttempt, isEnd: boolean): Event => ({
    'Task ID': one.taskId,
    Index: one.partition,
    Attempt: one.attempt,
    'Partition ID': one.partition,
    'Launch Time': Math.round(one.start),
    'Executor ID': String(one.executor),
    Host: hostOf(one.executor),
    Locality: 'PROCESS_LOCAL',
    Speculative: false,
    'Getting Result Time': 0,
    'Finish Time': isEnd ? Math.round(one.end) : 0,
    Failed: isEnd && one.outcome !== 'success',
    Killed: false,
    Accumulables: [],
  });
  const told: { readonly at: number; readonly event: Event }[] = [];
  const tell = (at: number, name: string, event: Event): void => {
    told.push({ at, event: { Event: `SparkListener${name}`, ...event } });
  };
  const begun = run.executors[0]?.added ?? run.start;
  tell(run.start, 'LogStart', { 'Spark Version': '3.5.9' });
  const amount = (name: string, value: number): Event => ({
    [name]: { 'Resource Name': name, Amount: value, 'Discovery Script': '', Vendor: '' },
  });
  tell(run.start, 'ResourceProfileAdded', {
    'Resource Profile Id': 0,
    'Executor Resource Requests': {
      ...amount('cores', CORES),
      ...amount('memory', HEAP / 1024 ** 2),
      ...amount('offHeap', 0),
    },
    'Task Resource Requests': { cpus: { 'Resource Name': 'cpus', Amount: 1 } },
  });
  tell(run.start, 'ApplicationStart', {
    'App Name': 'simulated-sessionize',
    'App ID': run.appId,
    Timestamp: run.start,
    User: 'data-platform',
  });
  tell(begun - 900, 'JobStart', {
    'Job ID': 0,
    'Submission Time': begun - 900,
    'Stage Infos': [stage],
    'Stage IDs': [0],
    Properties: properties,
  });
  tell(begun - 800, 'StageSubmitted', {
    'Stage Info': { ...stage, 'Submission Time': begun - 800 },
    Properties: properties,
  });
  for (const { id, host, added, removed } of run.executors) {
    if (added > run.end) continue;
    const logs = (type: string): string =>
      `http://${host}:8081/logPage/?appId=${run.appId}&executorId=${id}&logType=${type}`;
    tell(added, 'ExecutorAdded', {
      Timestamp: added,
      'Executor ID': String(id),
      'Executor Info': {
        Host: host,
        'Total Cores': CORES,
        'Log Urls': { stdout: logs('stdout'), stderr: logs('stderr') },
        Attributes: {},
        Resources: {},
        'Resource Profile Id': 0,
        'Registration Time': added,
      },
    });
    if (removed !== null)
      tell(removed, 'ExecutorRemoved', {
        Timestamp: removed,
        'Executor ID': String(id),
        'Removed Reason': 'Command exited with code 52',
      });
  }
  for (const one of run.attempts) {
    tell(one.start, 'TaskStart', { ...STAGE, 'Task Info': info(one, false) });
    tell(one.end, 'TaskEnd', {
      ...STAGE,
      'Task Type': 'ResultTask',
      'Task End Reason': endReason(one),
      'Task Info': info(one, true),
      'Task Executor Metrics': executorMetrics(one.heap),
      // Nobody is left to say what a lost task took.
      ...(one.outcome === 'executor-lost' ? {} : { 'Task Metrics': taskMetrics(one) }),
    });
  }
  const over = Math.max(...run.attempts.map(({ end }) => end));
  tell(over + 100, 'StageCompleted', {
    'Stage Info': { ...stage, 'Submission Time': begun - 800, 'Completion Time': over + 100 },
  });
  tell(over + 200, 'JobEnd', { 'Job ID': 0, 'Completion Time': over + 200, 'Job Result': { Result: 'JobSucceeded' } });
  tell(run.end, 'ApplicationEnd', { Timestamp: run.end });
  // Those of one moment stay in the order in which they were told.
  return told
    .toSorted((left, right) => left.at - right.at)
    .map(({ event }) => `${JSON.stringify(event)}\n`)
    .join('');
}
