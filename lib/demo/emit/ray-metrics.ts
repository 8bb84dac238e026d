/** What Ray's dashboard agent exposes on a node: names, label sets and units of ray 2.58 (GRAM values are MiB). */

import { livingRun } from '../jobs/training.ts';
import { gpuBusy, gpuMemoryUsed, nodeMemory, objectStoreUsed } from '../state/memory.ts';
import type { Tally } from '../state/tally.ts';
import { stateAt } from '../world/attempt.ts';
import {
  CPUS_PER_NODE,
  type DemoNode,
  GPUS_PER_NODE,
  gpuUuid,
  jobsOf,
  NODE_MEMORY,
  nodeAt,
  RAY_VERSION,
  runsOf,
  unit,
  wave,
} from '../world/model.ts';
import type { Add, Sample } from './exposition.ts';
import { serveMetrics } from './serve-metrics.ts';

const GIB = 1024 ** 3;
export const OBJECT_STORE_CAPACITY = 48 * GIB;
const SCOPE = {
  otel_scope_name: 'ray._private.telemetry.open_telemetry_metric_recorder',
  otel_scope_schema_url: '',
  otel_scope_version: '',
};

/** Samples of one node at the tally's time. */
export function rayMetrics(tally: Tally, nodeIndex: number): Sample[] {
  const { world } = tally;
  const node = nodeAt(world, nodeIndex);
  const samples: Sample[] = [];
  const session = { SessionName: world.session, Version: RAY_VERSION };
  const add: Add = (name, help, labels, value, type = 'gauge') => {
    samples.push({ name, help, type, labels: { ...labels, ...session, ...SCOPE }, value });
  };
  nodeSamples(tally, node, add);
  gpuSamples(tally, node, add);
  coreSamples(tally, node, add);
  if (node.isHead) clusterSamples(tally, node, add);
  if (node.isHead) serveMetrics(tally, add);
  return samples;
}

function nodeSamples(tally: Tally, node: DemoNode, add: Add): void {
  const { world, time } = tally;
  const running = tally.runningOn(node.index);
  const own = { ip: node.ip, IsHeadNode: String(node.isHead), RayNodeType: node.isHead ? 'head' : 'worker' };
  const memory = nodeMemory(world, node.index, time, running);
  const used = Math.round(memory.used);
  add('ray_node_mem_used', 'Memory usage on a ray node', own, used);
  add('ray_node_mem_available', 'Memory available on a ray node', own, NODE_MEMORY - used);
  add('ray_node_mem_total', 'Total memory on a ray node', own, NODE_MEMORY);
  add('ray_node_mem_shared_bytes', 'Total shared memory usage on a ray node', own, memory.shared);
  add('ray_node_mem_used_host', 'Host memory usage on a ray node', own, used);
  add('ray_node_mem_total_host', 'Total host memory on a ray node', own, NODE_MEMORY);
  add('ray_node_cgroup_mem_used', 'Container memory usage on a ray node', own, used);
  add('ray_node_cgroup_mem_total', 'Container memory limit on a ray node', own, NODE_MEMORY);
  const busy = running.reduce((sum, attempt) => sum + (attempt.type === 'NORMAL_TASK' ? attempt.cpus : 3.2), 0);
  const { stall } = world.faults;
  const taken = stall?.isCpu && stall.node === node.index && time >= stall.start ? 90 : 0;
  const utilization = Math.min(
    99,
    taken + (100 * busy) / CPUS_PER_NODE + 4 + 1.5 * wave(time, 20_000, world.seed, 70, node.index),
  );
  add('ray_node_cpu_utilization', 'Total CPU usage on a ray node', own, Math.round(utilization * 10) / 10);
  add('ray_node_cpu_count', 'Total CPUs available on a ray node', own, CPUS_PER_NODE);
  add('ray_node_gpus_available', 'Total GPUs available on a ray node', own, GPUS_PER_NODE);
  add(
    'ray_node_disk_utilization_percentage',
    'Total disk usage percentage on a ray node',
    { ...own, Device: '/dev/nvme0n1' },
    41.3 + node.index,
  );
  add(
    'ray_node_disk_usage',
    'Total disk usage (bytes) on a ray node',
    { ...own, Device: '/dev/nvme0n1' },
    (1400 + 40 * node.index) * GIB,
  );
  add(
    'ray_node_disk_free',
    'Total disk free (bytes) on a ray node',
    { ...own, Device: '/dev/nvme0n1' },
    (2000 - 40 * node.index) * GIB,
  );
  const speed = (phase: number): number =>
    Math.round(2.1e8 + 0.9e8 * wave(time, 25_000, world.seed, 71, node.index, phase));
  add('ray_node_network_receive_speed', 'Network receive speed on a ray node', own, speed(1));
  add('ray_node_network_send_speed', 'Network send speed on a ray node', own, speed(2));
  for (const [component, bytes] of systemComponents(node)) {
    const labels = { ip: node.ip, pid: component.pid, Component: component.name };
    add('ray_component_rss_bytes', 'RSS usage of all components on the node.', labels, bytes);
    add(
      'ray_component_shared_bytes',
      "SHM usage of all components of the node. It is equivalent to the top command's SHR column.",
      labels,
      Math.round(bytes * 0.3),
    );
  }
  for (const [name, bytes] of memory.components) {
    const labels = { ip: node.ip, pid: '', Component: name };
    add('ray_component_rss_bytes', 'RSS usage of all components on the node.', labels, Math.round(bytes));
    add(
      'ray_component_shared_bytes',
      "SHM usage of all components of the node. It is equivalent to the top command's SHR column.",
      labels,
      Math.round(bytes * 0.02),
    );
  }
}

function systemComponents(node: DemoNode): [{ name: string; pid: string }, number][] {
  const parts: [{ name: string; pid: string }, number][] = [
    [{ name: 'raylet', pid: String(1600 + node.index) }, 210_000_000],
    [{ name: 'agent', pid: String(1680 + node.index) }, 202_000_000],
  ];
  if (node.isHead) parts.unshift([{ name: 'gcs', pid: '1204' }, 148_000_000]);
  return parts;
}

function gpuSamples(tally: Tally, node: DemoNode, add: Add): void {
  const { world, time } = tally;
  for (let gpu = 0; gpu < GPUS_PER_NODE; gpu += 1) {
    const rank = node.index * GPUS_PER_NODE + gpu;
    const labels = {
      ip: node.ip,
      IsHeadNode: String(node.isHead),
      RayNodeType: node.isHead ? 'head' : 'worker',
      GpuDeviceName: world.gpu.name,
      GpuIndex: String(gpu),
      GpuUuid: gpuUuid(world, node.index, gpu),
    };
    const used = gpuMemoryUsed(world, rank, time);
    add(
      'ray_node_gpus_utilization',
      'Total GPU usage on a ray node',
      labels,
      Math.round(100 * gpuBusy(world, rank, time).resident),
    );
    add('ray_node_gram_used', 'Total GPU RAM usage on a ray node', labels, used);
    add('ray_node_gram_available', 'Total GPU RAM available on a ray node', labels, world.gpu.memoryMib - used);
  }
}

function coreSamples(tally: Tally, node: DemoNode, add: Add): void {
  const { world, time } = tally;
  const raylet = { NodeAddress: node.ip, WorkerId: '', Component: 'raylet' };
  const onNode = tally.runningOn(node.index);
  const training = livingRun(world, time) !== null;
  const cpus =
    onNode.reduce((sum, attempt) => sum + (attempt.type === 'NORMAL_TASK' ? attempt.cpus : 0), 0) +
    (training ? 4 * GPUS_PER_NODE : 0);
  const gpus = training ? GPUS_PER_NODE : 0;
  const stored = objectStoreUsed(world, node.index, time);
  const resource = (name: string, used: number, total: number): void => {
    const help = 'Logical Ray resources broken per state {AVAILABLE, USED}';
    add('ray_resources', help, { ...raylet, Name: name, State: 'USED' }, used);
    add('ray_resources', help, { ...raylet, Name: name, State: 'AVAILABLE' }, total - used);
  };
  resource('CPU', cpus, CPUS_PER_NODE);
  resource('GPU', gpus, GPUS_PER_NODE);
  resource('memory', 0, 440 * GIB);
  resource('object_store_memory', stored, OBJECT_STORE_CAPACITY);
  const store = (location: string, state: string, value: number): void =>
    add(
      'ray_object_store_memory',
      'Object store memory by various sub-kinds on this node',
      { ...raylet, Location: location, ObjectState: state },
      value,
    );
  store('MMAP_SHM', 'SEALED', stored);
  store('MMAP_SHM', 'UNSEALED', 0);
  store('MMAP_DISK', 'SEALED', 0);
  store('MMAP_DISK', 'UNSEALED', 0);
  store('SPILLED', '', 0);
  const kills = new Map(world.jobs.preprocess === null ? [] : [['join_features', 0]]);
  for (const kill of tally.kills()) {
    if (kill.attempt.worker.node.index !== node.index) continue;
    kills.set(kill.attempt.functionName, (kills.get(kill.attempt.functionName) ?? 0) + 1);
  }
  for (const [name, count] of kills) {
    add(
      'ray_memory_manager_worker_eviction_total',
      'Total worker eviction events broken per work type {Actor, Task, Driver} and name.',
      { ...raylet, Type: 'MemoryManager.TaskEviction.Total', Name: name },
      count,
      'counter',
    );
  }
  taskSamples(tally, node, add);
}

/** One function's first attempts or retries at one time. */
interface TaskCounts {
  readonly functionName: string;
  readonly jobId: string;
  readonly isRetry: boolean;
  finished: number;
  failed: number;
  owned: number;
  /** By index of the node. */
  readonly runningOn: Map<number, number>;
}

const counted = new WeakMap<Tally, { readonly time: number; readonly counts: readonly TaskCounts[] }>();

/** The same for all nodes of a scrape: made once for each time. */
function taskCounts(tally: Tally): readonly TaskCounts[] {
  const known = counted.get(tally);
  if (known?.time === tally.time) return known.counts;
  const names = new Map<string, TaskCounts>();
  for (const { functionName, jobId, isRetry, finished, failed } of tally.rows()) {
    const key = `${functionName}/${isRetry}`;
    const entry = names.get(key);
    if (entry) {
      entry.finished += finished;
      entry.failed += failed;
    } else names.set(key, { functionName, jobId, isRetry, finished, failed, owned: 0, runningOn: new Map() });
  }
  for (const attempt of tally.open()) {
    const entry = names.get(`${attempt.functionName}/${attempt.attempt > 0}`);
    if (!entry) continue;
    entry.owned += 1;
    const node = attempt.worker.node.index;
    if (stateAt(attempt, tally.time) === 'RUNNING') entry.runningOn.set(node, (entry.runningOn.get(node) ?? 0) + 1);
  }
  const counts = [...names.values()];
  counted.set(tally, { time: tally.time, counts });
  return counts;
}

/** Ray's odd bookkeeping: the owner counts what it submitted, an executor adds RUNNING and takes it from SUBMITTED_TO_WORKER. */
function taskSamples(tally: Tally, node: DemoNode, add: Add): void {
  const help = 'Current number of tasks currently in a particular state.';
  const core = { NodeAddress: node.ip, Component: 'core_worker' };
  for (const entry of taskCounts(tally)) {
    const running = entry.runningOn.get(node.index) ?? 0;
    const base = { ...core, Name: entry.functionName, IsRetry: entry.isRetry ? '1' : '0' };
    if (node.isHead) {
      const owner = { ...base, Source: 'owner', JobId: '' };
      add('ray_tasks', help, { ...owner, State: 'FINISHED' }, entry.finished);
      add('ray_tasks', help, { ...owner, State: 'FAILED' }, entry.failed);
      add('ray_tasks', help, { ...owner, State: 'SUBMITTED_TO_WORKER' }, entry.owned);
    }
    const executor = { ...base, Source: 'executor', JobId: entry.jobId };
    add('ray_tasks', help, { ...executor, State: 'RUNNING' }, running);
    add('ray_tasks', help, { ...executor, State: 'SUBMITTED_TO_WORKER' }, -running);
  }
}

function clusterSamples(tally: Tally, node: DemoNode, add: Add): void {
  const { world, time } = tally;
  const gcs = { NodeAddress: node.ip, WorkerId: '', Component: 'gcs_server' };
  const dropped = 'Number of task events dropped per type {PROFILE_EVENT, STATUS_EVENT}';
  add('ray_gcs_task_manager_task_events_dropped', dropped, { ...gcs, Type: 'STATUS_EVENT' }, 0);
  add('ray_gcs_task_manager_task_events_dropped', dropped, { ...gcs, Type: 'PROFILE_EVENT' }, 0);
  const total = tally.rows().reduce((sum, row) => sum + row.finished + row.failed, 0);
  add('ray_gcs_task_manager_task_events_reported', 'Number of all task events reported to gcs.', gcs, total * 3);
  const help =
    'An actor can be in one of DEPENDENCIES_UNREADY, PENDING_CREATION, ALIVE, ALIVE_IDLE, ALIVE_RUNNING_TASKS, RESTARTING, or DEAD states.';
  const { WorkerId: _, ...actor } = gcs;
  const living = livingRun(world, time);
  for (const run of runsOf(world)) {
    const ended = run.jobs.train.end !== null && time >= run.jobs.train.end;
    const labels = { ...actor, Name: run.training.actorClass, JobId: '', Source: 'gcs' };
    add('ray_actors', help, { ...labels, State: 'ALIVE' }, run === living ? run.ranks : 0);
    add('ray_actors', help, { ...labels, State: 'DEAD' }, ended ? run.ranks : 0);
  }
  const cluster = { node_type: world.gpu.nodeType };
  add('ray_cluster_active_nodes', 'Active nodes on the cluster', cluster, world.nodes.length);
  add('ray_cluster_failed_nodes', 'Failed nodes on the cluster', cluster, 0);
  add('ray_cluster_pending_nodes', 'Pending nodes on the cluster', cluster, 0);
  add(
    'ray_running_jobs',
    'Number of running jobs.',
    gcs,
    jobsOf(world).filter((job) => job.start <= time && (job.end === null || time < job.end)).length,
  );
  add(
    'ray_io_context_event_loop_lag_ms',
    'Latency of a task from post to execution',
    { ...gcs, Name: 'default_io_context' },
    Math.round(10 * (0.4 + unit(world.seed, 72, Math.floor(time / 5000)))) / 10,
  );
}
