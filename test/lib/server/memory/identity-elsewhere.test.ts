/**
 * Clusters, alerts, collectives and kills take the identity of nodes and GPUs from the same model as the heat map: a real Prometheus with
 * HA copies, time-slicing, MIG, blanks, labels that are added, and placeholders.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { milliseconds } from '../../../../lib/model/units.ts';
import { entitiesOf, resolveEntities } from '../../../../lib/server/alerts/alert-entities.ts';
import { getClusterUsage } from '../../../../lib/server/clusters/cluster.ts';
import { measureByDcgm, measureNodes } from '../../../../lib/server/clusters/cluster-measurements.ts';
import { usageOf } from '../../../../lib/server/clusters/clusters.ts';
import { gaugeCollectives } from '../../../../lib/server/collectives/collective-gauges.ts';
import { gpuIndexes } from '../../../../lib/server/collectives/collective-locations.ts';
import { listOomKills } from '../../../../lib/server/memory/oom-kills.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { alignedGrid } from '../../../../lib/sources/prometheus/decode.ts';
import { openMetrics, type SyntheticSeries } from '../../../support/open-metrics.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

const FROM = 1_795_466_100;
const AT = FROM + 593;
const series: SyntheticSeries[] = [];
type Labels = Readonly<Record<string, string | number>>;
const add = (metric: string, labels: Labels, value: number | string, from = 0, to = 40): void => {
  const samples = Array.from({ length: to - from }, (_, i) => [FROM + 7 + (from + i) * 15, value] as const);
  series.push({ metric, labels, samples });
};
const SESSION = 'session_2026-11-30_00-00-00_000001_1';
for (const replica of ['a', 'b']) {
  const raylet = {
    ip: '10.2.0.1',
    instance: '10.2.0.1:8080',
    SessionName: SESSION,
    IsHeadNode: 'true',
    prometheus_replica: replica,
  };
  add('ray_node_mem_used', raylet, 4e9);
  add('ray_node_mem_total', raylet, 16e9);
  add('ray_node_cpu_count', raylet, 8);
  add('ray_resources', { ...raylet, Name: 'CPU', State: 'USED' }, 3);
  add('ray_resources', { ...raylet, Name: 'CPU', State: 'AVAILABLE' }, 5);
  add('ray_resources', { ...raylet, Name: 'GPU', State: 'USED' }, 1);
  add('ray_resources', { ...raylet, Name: 'GPU', State: 'AVAILABLE' }, 1);
  add('ray_tasks', { ...raylet, Name: 'f', State: 'RUNNING' }, 3);
}
const dcgm = (host: string, rest: Labels, used: number | string, free: number | string, reserved: number | string) => {
  const labels = { Hostname: host, gpu: 0, UUID: `GPU-${host}`, instance: '10.3.0.1:9400', ...rest };
  add('DCGM_FI_DEV_FB_USED', labels, used);
  add('DCGM_FI_DEV_FB_FREE', labels, free);
  add('DCGM_FI_DEV_FB_RESERVED', labels, reserved);
  add('DCGM_FI_DEV_GPU_UTIL', labels, 50);
};
for (const vgpu of [0, 1, 2]) dcgm('sliced', { vgpu, exported_pod: `w-${vgpu}` }, 7000, 8000, 520);
dcgm('mig', { GPU_I_ID: 1 }, 30000, 10000, 0);
dcgm('mig', { GPU_I_ID: 9 }, 2000, 7800, 0);
dcgm('blank', {}, 20000, 60000, '9223372036854775794');
add(
  'DCGM_FI_DEV_GPU_UTIL',
  { Hostname: 'blank', gpu: 1, UUID: 'GPU-blank-1', instance: '10.3.0.1:9400' },
  '2147483632',
);
for (const gpu of [0, 1]) {
  dcgm('zeros', { gpu, UUID: '00000000-0000-0000-0000-000000000000' }, 1, 1, 1);
  dcgm('same', { gpu, UUID: 'GPU-vendor-constant' }, 1, 1, 1);
}
dcgm('one', { gpu: 3, UUID: 'GPU-real', exported_pod: 'p' }, 1, 1, 1);
// Killed 4 times before a label was added, once after it.
const evicted = {
  Type: 'MemoryManager.TaskEviction.Total',
  Name: 'hog',
  NodeAddress: '10.2.0.1',
  SessionName: SESSION,
  instance: '10.2.0.1:8080',
};
add('ray_memory_manager_worker_eviction_total', evicted, 4, 0, 20);
add('ray_memory_manager_worker_eviction_total', { ...evicted, cluster: 'prod' }, 4, 20, 30);
add('ray_memory_manager_worker_eviction_total', { ...evicted, cluster: 'prod' }, 5, 30, 40);
const gauge = {
  comm_name: 'world',
  nranks: 2,
  n_nodes: 1,
  node: 'localhost',
  instance: '10.4.0.1:9100',
  collective: 'AllReduce',
};
for (const gpu of ['GPU0', 'GPU1']) {
  add('nccl_collective_exec_time_microseconds', { ...gauge, gpu, message_size: '4-5MB' }, 100);
  add('nccl_bus_bandwidth_gbs', { ...gauge, gpu, message_size: '4-5MB' }, 100);
}
add('nccl_bus_bandwidth_gbs', { ...gauge, gpu: 'GPU0', message_size: 'large' }, 100);
add('nccl_collective_exec_time_microseconds', { gpu: 'GPU7', instance: '10.4.0.1:9100', nranks: 'many' }, 100);

let runtime: Runtime;
let prometheus: PrometheusSource;
const signal = new AbortController().signal;
const at = milliseconds(AT * 1000);
const window = { from: BigInt(FROM) * 1_000_000_000n, to: BigInt(AT) * 1_000_000_000n };
beforeAll(async () => {
  prometheus = (await serveRecorded([openMetrics(series)])).source;
  runtime = { ...(await openTestRuntime()), prometheus };
});
afterAll(async () => {
  await prometheus.close();
  await runtime.close();
});

it('clusters: what two replicas of Prometheus scraped counts once', async () => {
  const { nodes } = await measureNodes(runtime, SESSION, at, signal);
  expect(nodes).toHaveLength(1);
  expect(usageOf(nodes)).toMatchObject({
    cpuAllocated: 3,
    cpuTotal: 8,
    gpuAllocated: 1,
    gpuTotal: 2,
    memoryTotal: 16e9,
  });
  const use = await getClusterUsage(runtime, { cluster: 'any', session: SESSION, ...window, points: 10 }, signal);
  expect([use.cpuTotal.at(-1), use.gpuTotal.at(-1), use.tasksRunning.at(-1)]).toEqual([8, 2, 3]);
});

it("clusters: DCGM's GPUs count once, MIG is summed, blanks are absent", async () => {
  const gpus = await measureByDcgm(runtime, ['sliced', 'mig', 'blank', 'zeros'], at, signal);
  const mib = (host: string) =>
    gpus
      .get(host)
      ?.map(({ index, memoryUsed, memoryTotal, utilization }) => [
        index,
        memoryUsed === null ? null : memoryUsed / 2 ** 20,
        memoryTotal === null ? null : memoryTotal / 2 ** 20,
        utilization,
      ]);
  expect(mib('sliced')).toEqual([[0, 7000, 15520, 0.5]]);
  expect(mib('mig')).toEqual([[0, 32000, 49800, 0.5]]);
  expect(mib('blank')).toEqual([[0, 20000, 80000, 0.5]]);
  expect(gpus.get('zeros')).toHaveLength(2);
});

it('collectives: a UUID that several GPUs bear is no index of any', async () => {
  const indexes = await gpuIndexes(runtime, window as never, signal);
  expect(indexes.get('GPU-real')).toBe(3);
  expect([...indexes.keys()].filter((uuid) => /^0|constant/.test(uuid))).toEqual([]);
});

it('collectives: a node called localhost is its address; what cannot be read is said', async () => {
  const scope = { window: window as never, cluster: null, nodes: null, nodeOf: () => null };
  const grid = alignedGrid(milliseconds(FROM * 1000), at, milliseconds(30_000));
  const { communicators, notices, hosts } = await gaugeCollectives(runtime, scope, grid, signal);
  expect(communicators.map(({ name, reporting }) => [name, reporting])).toEqual([['world', 2]]);
  expect([...hosts.values()].flatMap((names) => [...names])).toEqual(['10.4.0.1']);
  const said = notices.map(({ message }) => message).join('\n');
  expect(said).toContain('1 series of nccl_collective_exec_time_microseconds name no communicator');
  expect(said).toContain('message size "large" of "AllReduce" in "world" could not be read');
});

it('alerts: placeholders name nothing, whatever exporter wrote them', async () => {
  const labels = {
    Hostname: 'localhost',
    UUID: '00000000-0000-0000-0000-000000000000',
    gpu: '2',
    instance: '10.3.0.9:9400',
  };
  expect(entitiesOf(labels)).toMatchObject({ nodeIp: '10.3.0.9', nodeName: null, gpu: '2' });
  expect(entitiesOf({ instance: 'localhost:9100', node: 'N/A', cluster: '-' })).toMatchObject({
    nodeIp: null,
    nodeName: null,
    cluster: null,
  });
  expect(entitiesOf({ node: '10.0.7.1:9400', gpu: '0' })).toMatchObject({ nodeIp: '10.0.7.1', nodeName: null });
  expect(entitiesOf({ gpu_id: '4294967295', hostname: 'amd-1' })).toMatchObject({ nodeName: 'amd-1', gpu: null });
  expect(entitiesOf({ gpu_id: '6', hostname: 'amd-1' })).toMatchObject({ gpu: '6' });
  // A span whose resource bears the same placeholder is no evidence of a rank.
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'train.step',
    startTimeUnixNano: String(window.to - 60_000_000_000n),
    endTimeUnixNano: String(window.to - 59_000_000_000n),
    attributes: [attribute('rank', '9')],
  };
  const resource = { attributes: [attribute('host.name', 'elsewhere'), attribute('hw.id', labels.UUID)] };
  const bytes = Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }));
  await runtime.ingest.traces({ bytes, contentType: 'application/json', contentEncoding: '', cluster: null });
  const found = await resolveEntities(runtime, labels, { fromNs: window.from, toNs: window.to });
  expect(found.rank).toBeNull();
});

it('kills: a counter that gets a label more goes on', async () => {
  const { kills } = await listOomKills(runtime, { ...window, from: window.from + 120_000_000_000n });
  expect(kills.map(({ name, cluster, kind }) => [name, cluster, kind])).toEqual([['hog', 'prod', 'task']]);
});
