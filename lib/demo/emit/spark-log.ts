/** The event log of a Spark job: JSON lines as Spark 3.5 writes them. */

import { CORES, HEAP, PARTITIONS, type SparkAttempt, sparkAppId, sparkRun } from '../jobs/spark-run.ts';
import type { World } from '../world/model.ts';

/** Where the demo's server has the log. */
export const sparkLogPath = (world: World): string => `/spark-event-logs/${sparkAppId(world)}`;

const OUT_OF_MEMORY = 'java.lang.OutOfMemoryError';
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
  const reported: { readonly at: number; readonly event: Event }[] = [];
  const tell = (at: number, name: string, event: Event): void => {
    reported.push({ at, event: { Event: `SparkListener${name}`, ...event } });
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
  return reported
    .toSorted((left, right) => left.at - right.at)
    .map(({ event }) => `${JSON.stringify(event)}\n`)
    .join('');
}
