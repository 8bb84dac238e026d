/**
 * SYNTHETIC: what exporters of GPUs and nodes say in an hour, every 15 s, in the cases of public reports (dcgm-exporter#237, #340, #582,
 * #587, #353, device-metrics-exporter#233) and in others of the same kinds. gpu-rows.test.ts says what is right.
 */
import type { SyntheticSeries } from './open-metrics.ts';

/** No sample is on the edge of a bin: Prometheus 2 counts those in both bins. */
export const FROM = 1_795_466_100;
const times = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) * 4 }, (_, i) => FROM + from * 60 + 7 + i * 15);
const [A, B, C, T] = [times(0, 20), times(20, 40), times(40, 60), times(0, 60)];
const BLANK = '9223372036854775794';

type Labels = Readonly<Record<string, string | number>>;
export const series: SyntheticSeries[] = [];
const add = (metric: string, labels: Labels, at: readonly number[], value: number | string): void => {
  series.push({ metric, labels, samples: at.map((time) => [time, value] as const) });
};
function dcgm(
  labels: Labels,
  at: readonly number[],
  used: number | string,
  free: number | string | null,
  reserved: number | string | null = 520,
): void {
  add('DCGM_FI_DEV_FB_USED', labels, at, used);
  if (free !== null) add('DCGM_FI_DEV_FB_FREE', labels, at, free);
  if (reserved !== null) add('DCGM_FI_DEV_FB_RESERVED', labels, at, reserved);
}
const gram = (labels: Labels, at: readonly number[], used: number, free: number): void => {
  add('ray_node_gram_used', labels, at, used);
  add('ray_node_gram_available', labels, at, free);
};
const nvidia = (host: string, n: number, rest: Labels = {}) => ({
  Hostname: host,
  UUID: `GPU-${String(n).padStart(8, '0')}-0000-0000-0000-00000000abcd`,
  device: 'nvidia0',
  gpu: 0,
  modelName: 'NVIDIA A100',
  job: 'dcgm',
  instance: `10.0.7.${n}:9400`,
  ...rest,
});

// The case of public reports: dcgm-exporter#237, #340, #582, #587, #353, device-metrics-exporter#233.
const churn = nvidia('churn-node', 1, { namespace: 'gpu-operator', pod: 'dcgm-exporter-78z52' });
dcgm({ ...churn, exported_pod: 'train-1', exported_namespace: 'ml' }, A, 10000, 70000);
dcgm(churn, B, 500, 79500);
dcgm({ ...churn, exported_pod: 'train-2', exported_namespace: 'ml' }, C, 60000, 20000);
dcgm(nvidia('restart-node', 2, { instance: '10.244.3.17:9400', pod: 'dcgm-exporter-old' }), A, 11000, 69000);
dcgm(nvidia('restart-node', 2, { instance: '10.244.3.88:9400', pod: 'dcgm-exporter-new' }), [...B, ...C], 61000, 19000);
for (let i = 0; i < 3; i++) dcgm(nvidia('slice-node', 3, { vgpu: i, exported_pod: `w-${i}` }), T, 7000, 8000);
dcgm(nvidia('mig-node', 4, { GPU_I_PROFILE: '3g.40gb', GPU_I_ID: 1 }), T, 30000, 10000, 0);
dcgm(nvidia('mig-node', 4, { GPU_I_PROFILE: '1g.10gb', GPU_I_ID: 9 }), T, 2000, 7800, 0);
dcgm(nvidia('blank-node', 5), T, 20000, 60000, BLANK);
for (let i = 0; i < 4; i++) {
  const labels = {
    gpu_id: i,
    gpu_partition_id: 4294967295,
    gpu_uuid: '00000000-0000-0000-0000-000000000000',
    hostname: 'amd-vm',
    instance: '10.0.7.6:5000',
  };
  add('gpu_used_vram', labels, T, 20000 + i * 1000);
  add('gpu_total_vram', labels, T, 196592);
}
const prefixed = {
  gpu_id: 0,
  gpu_uuid: '17ff74b5-0000-1000-805c-37b0fbe69430',
  hostname: 'amd-prefix',
  instance: '10.0.7.7:5000',
};
add('amd_gpu_used_vram', prefixed, T, 50000);
add('amd_gpu_total_vram', prefixed, T, 196592);
const rayPod = {
  ip: '10.244.9.5',
  SessionName: 'session_2026-11-29_10-00-00_000001_1',
  IsHeadNode: 'false',
  pod: 'rc-worker-abcde',
  instance: '10.244.9.5:8080',
  job: 'ray',
};
for (let g = 0; g < 2; g++) {
  gram({ ...rayPod, GpuIndex: g, ray_io_cluster: 'rc', namespace: 'ml' }, T, 40000 + g, 41920 - g);
  const given = {
    exported_pod: 'rc-worker-abcde',
    exported_namespace: 'ml',
    UUID: `GPU-ffffffff-0000-0000-0000-00000000000${g}`,
  };
  dcgm(nvidia('k8s-gpu-node', 8, { gpu: g, device: `nvidia${g}`, ...given }), T, 40000 + g, 41400 - g);
}
const GIB = 2 ** 30;
add('ray_node_mem_used', rayPod, A, 5e9);
add('ray_node_mem_used', { ...rayPod, cluster: 'prod' }, [...B, ...C], 9e9);
add('ray_node_mem_total', rayPod, A, 16e9);
add('ray_node_mem_total', { ...rayPod, cluster: 'prod' }, [...B, ...C], 16e9);

// The same kinds, other inputs.
const jobs = nvidia('slurm-node', 20);
for (const [at, job, used] of [
  [A, '101', 1000],
  [B, '102', 2000],
  [C, '103', 3000],
] as const)
  dcgm({ ...jobs, hpc_job: job, container_id: `c${job}`, exported_container: 'main' }, at, used, 80000 - used, 0);
// Hostname is the exporter's pod where NODE_NAME is not set.
const unnamed = nvidia('x', 21, { gpu: 3 });
dcgm({ ...unnamed, Hostname: 'nvidia-dcgm-exporter-x7k2p', instance: '10.244.5.1:9400' }, A, 4000, 76000, 0);
dcgm({ ...unnamed, Hostname: 'nvidia-dcgm-exporter-9wq4z', instance: '10.244.5.2:9400' }, [...B, ...C], 5000, 75000, 0);
for (const n of [22, 23]) dcgm(nvidia('localhost', n), T, n * 100, 80000 - n * 100, 0);
for (const n of [24, 25]) dcgm(nvidia('localhost', n, { UUID: 'N/A' }), T, n * 100, 80000 - n * 100, 0);
const ha = nvidia('ha-node', 26);
dcgm({ ...ha, prometheus_replica: 'a' }, T, 9000, 71000, 0);
dcgm({ ...ha, prometheus_replica: 'b' }, [...A, ...C], 9000, 71000, 0);
for (const [cluster, used] of [
  ['east', 100],
  ['west', 200],
] as const) {
  const labels = { gpu_id: 0, gpu_uuid: '', hostname: 'shared-name', instance: '10.9.9.9:5000', cluster };
  add('gpu_used_vram', labels, T, used);
  add('gpu_total_vram', labels, T, 65536);
}
dcgm(nvidia('free-blank', 27), T, 1000, '9223372036854775793', 520);
add('DCGM_FI_DEV_FB_TOTAL', nvidia('free-blank', 27), T, 81920);
// A blank now and then among the values, of three kinds.
const flaky = nvidia('flaky-node', 28);
for (const [i, time] of T.entries())
  dcgm(flaky, [time], i % 4 === 1 ? (['2147483632', '140737488355328', BLANK][i % 3] ?? BLANK) : 3000, 77000, 0);
const other = { gpu_id: 0, gpu_uuid: '', hostname: 'other-prefix', instance: '10.0.7.29:5000' };
add('site:gpu_used_vram', other, T, 700);
add('site:gpu_total_vram', other, T, 65536);
add('nvidia_smi_memory_used_bytes', { uuid: '5ca1ab1e', instance: 'smi-node:9835' }, T, 1e9);
// Ray in a container sees host GPU 5 and 3 as 0 and 1; dcgm-exporter keeps its own labels (honor_labels).
for (const g of [0, 1, 2, 3, 4, 5])
  dcgm(
    nvidia('renumbered', 30, {
      gpu: g,
      UUID: `GPU-0000abc${g}-0000-0000-0000-000000000030`,
      ...(g === 3 || g === 5 ? { pod: 'rc-worker-zzzzz', namespace: 'ml' } : {}),
    }),
    g === 5 ? A : T,
    1000 * (g + 1),
    80000 - 1000 * (g + 1),
    0,
  );
const inPod = {
  ip: '10.244.7.7',
  SessionName: 's7',
  IsHeadNode: 'false',
  instance: '10.244.7.7:8080',
  pod: 'rc-worker-zzzzz',
};
gram({ ...inPod, GpuIndex: 0 }, T, 4000, 76000);
gram({ ...inPod, GpuIndex: 1 }, T, 6000, 74000);
// The same UUID under one pod's address after another, and in DCGM.
dcgm(nvidia('by-uuid', 31), T, 12000, 68000, 0);
const uuid31 = nvidia('by-uuid', 31).UUID;
gram(
  { ip: '10.244.1.1', SessionName: 's8', GpuIndex: 0, GpuUuid: uuid31, instance: '10.244.1.1:8080' },
  A,
  11990,
  68000,
);
gram(
  { ip: '10.244.1.2', SessionName: 's9', GpuIndex: 4, GpuUuid: uuid31, instance: '10.244.1.2:8080' },
  C,
  11990,
  68000,
);
// A UUID that a vendor gives to each of its GPUs is none.
for (let i = 0; i < 2; i++) dcgm(nvidia('constant', 32, { gpu: i, device: `nvidia${i}` }), T, 100 + i, 900, 0);
// Two Ray clusters on one address at once, without UUIDs.
for (const [session, used] of [
  ['one', 300],
  ['two', 400],
] as const)
  gram({ ip: '10.8.8.8', SessionName: session, GpuIndex: 0, instance: '10.8.8.8:8080' }, T, used, 700);
// A GPU was replaced; another was renumbered; one UUID on two real hosts.
dcgm(nvidia('replaced', 33, { UUID: 'GPU-01d01d01-1111' }), A, 100, 900, 0);
dcgm(nvidia('replaced', 33, { UUID: 'GPU-4e34e34e-2222' }), [...B, ...C], 200, 800, 0);
dcgm(nvidia('renamed', 34, { gpu: 0 }), A, 100, 900, 0);
dcgm(nvidia('renamed', 34, { gpu: 1 }), [...B, ...C], 200, 800, 0);
dcgm(nvidia('twin-a', 35), T, 100, 900, 0);
dcgm(nvidia('twin-b', 35), T, 200, 800, 0);
// The UUID came with an upgrade; the host was spelled longer.
dcgm(nvidia('upgraded', 36, { UUID: '[N/A]' }), A, 100, 900, 0);
dcgm(nvidia('upgraded', 36), [...B, ...C], 200, 800, 0);
dcgm(nvidia('short', 37), A, 100, 900, 0);
dcgm(nvidia('short.example.org', 37), [...B, ...C], 200, 800, 0);

// Ray names MIG instances by UUIDs of their own and numbers them 1000 * GPU + instance.
for (const [slice, used, capacity] of [
  [1, 30000, 40000],
  [9, 2000, 9800],
  [10, 3000, 9800],
] as const)
  dcgm(nvidia('10.0.7.38', 38, { gpu: 2, device: 'nvidia2', GPU_I_ID: slice }), T, used, capacity - used, 0);
for (const [i, used, capacity] of [
  [0, 30000, 40200],
  [1, 2000, 9728],
  [2, 3000, 9728],
] as const)
  gram(
    {
      ip: '10.0.7.38',
      SessionName: 's38',
      GpuIndex: 2000 + i,
      GpuUuid: `MIG-${i}${i}abcdef-1234`,
      instance: '10.0.7.38:8080',
    },
    T,
    used,
    capacity - used,
  );

// Nodes.
const ray = (ip: string, port: number, rest: Labels = {}) => ({
  ip,
  SessionName: 'nodes',
  IsHeadNode: 'false',
  instance: `${ip}:${port}`,
  ...rest,
});
const memory = (labels: Labels, at: readonly number[], used: number) => {
  add('ray_node_mem_used', labels, at, used);
  add('ray_node_mem_total', labels, at, 16 * GIB);
};
memory(ray('10.1.0.1', 41001), A, 1e9);
memory(ray('10.1.0.1', 41777), [...B, ...C], 2e9);
memory(ray('10.1.0.2', 8080, { replica: '1' }), T, 3e9);
memory(ray('10.1.0.2', 8080, { replica: '2' }), A, 3e9);
memory(ray('10.1.0.3', 8080), T, 4e9);
memory(ray('10.1.0.3', 44217), T, 4e9);
for (const cluster of ['east', 'west']) {
  const labels = { instance: '10.1.0.4:9100', cluster };
  add('node_memory_MemTotal_bytes', labels, T, 16 * GIB);
  add('node_memory_MemAvailable_bytes', labels, T, cluster === 'east' ? 8 * GIB : 4 * GIB);
}
memory(ray('10.1.0.5', 8080, { SessionName: 'before' }), A, 5e9);
memory(ray('10.1.0.5', 8080, { SessionName: 'after' }), [...B, ...C], 6e9);
