/**
 * Which metrics tell the memory of nodes and GPUs, and how their labels name a node or a GPU.
 *
 * Node: Ray's ray_node_mem_used/_total (bytes; in a container those of its cgroup), else ray_node_cgroup_mem_*, else
 * ray_node_mem_*_host (reporter_agent.py); for hosts without Ray node_exporter's MemTotal - MemAvailable.
 * GPU: dcgm-exporter's DCGM_FI_DEV_FB_USED, total = USED + FREE + RESERVED (MiB; default-counters.csv), else Ray's
 * ray_node_gram_used + _available (MiB, whatever the help text says), else AMD's gpu_used_vram and gpu_total_vram
 * (device-metrics-exporter; "MB" there is MiB: an MI300X of 192 GiB says 196592).
 */
import type { LabelSet, Series } from '../../model/series.ts';
import { type Bytes, bytes, mebibytes } from '../../model/units.ts';

export interface MemoryFamily {
  /** Name of what is measured, as the reader knows it. */
  readonly source: string;
  /** Expression whose value at t is the largest use within (t - range, t]. */
  readonly used: (range: string) => string;
  /** Capacity as an expression over the same label sets. */
  readonly total: string;
  readonly toBytes: (value: number) => Bytes;
  /** Who exports it, to say what is missing. */
  readonly exporter: string;
}

const peak =
  (metric: string) =>
  (range: string): string =>
    `max_over_time(${metric}[${range}])`;
const ray = (source: string, total: string): MemoryFamily => ({
  source,
  used: peak(source),
  total,
  toBytes: bytes,
  exporter: "Ray's dashboard agent",
});

/** In order of preference: a family is asked for only where those before it gave nothing. */
export const NODE_FAMILIES: readonly MemoryFamily[] = [
  ray('ray_node_mem_used', 'ray_node_mem_total'),
  ray('ray_node_cgroup_mem_used', 'ray_node_cgroup_mem_total'),
  ray('ray_node_mem_used_host', 'ray_node_mem_total_host'),
];
/** Hosts that Ray's own metrics do not cover. */
export const HOST_FAMILY: MemoryFamily = {
  source: 'node_memory_MemAvailable_bytes',
  used: (range) => `node_memory_MemTotal_bytes - min_over_time(node_memory_MemAvailable_bytes[${range}])`,
  total: 'node_memory_MemTotal_bytes',
  toBytes: bytes,
  exporter: 'node_exporter',
};
/** All are asked for; of one GPU told by several the first counts. */
export const GPU_FAMILIES: readonly MemoryFamily[] = [
  {
    source: 'DCGM_FI_DEV_FB_USED',
    used: peak('DCGM_FI_DEV_FB_USED'),
    // RESERVED is no longer in every list of counters; without it the sum is short by about 0.7 %.
    total:
      '(DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE + DCGM_FI_DEV_FB_RESERVED) or (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)',
    toBytes: mebibytes,
    exporter: 'dcgm-exporter',
  },
  {
    source: 'ray_node_gram_used',
    used: peak('ray_node_gram_used'),
    total: 'ray_node_gram_used + ray_node_gram_available',
    toBytes: mebibytes,
    exporter: "Ray's dashboard agent",
  },
  {
    source: 'gpu_used_vram',
    used: peak('gpu_used_vram'),
    total: 'gpu_total_vram',
    toBytes: mebibytes,
    exporter: 'device-metrics-exporter',
  },
];

/** What dcgm-exporter shows for a value the GPU does not give is 2^63 - 14; nothing real has 2^40 MiB. */
const UNSUPPORTED = 2 ** 40;

/** Values in bytes; gaps and values that the device does not support are null. */
export const memoryValues = (series: Series, family: MemoryFamily): (number | null)[] =>
  series.values.map((value) =>
    value === null || !Number.isFinite(value) || value < 0 || (family.toBytes !== bytes && value >= UNSUPPORTED)
      ? null
      : family.toBytes(value),
  );

/** How the labels of a series name a node; null where they do not say. */
export interface NodeLabels {
  readonly ip: string | null;
  readonly host: string | null;
  readonly instance: string;
  readonly session: string | null;
  readonly cluster: string | null;
  /** Ray's IsHeadNode. */
  readonly isHead: boolean | null;
}
export interface GpuLabels extends NodeLabels {
  readonly index: number | null;
  readonly uuid: string | null;
  /** MIG instance, where the GPU is cut. */
  readonly slice: string | null;
}

const withoutPort = (instance: string): string => instance.replace(/:\d+$/, '');
const isAddress = (text: string): boolean => /^[\d.]+$/.test(text) || text.includes(':');

export function nodeLabels(labels: LabelSet): NodeLabels {
  const instance = labels.instance ?? '';
  const target = withoutPort(instance);
  const host = labels.hostname ?? labels.Hostname ?? labels.nodename ?? labels.node ?? null;
  return {
    ip: labels.ip ?? labels.NodeAddress ?? (isAddress(target) && target !== '' ? target : null),
    host: host ?? (target !== '' && !isAddress(target) ? target : null),
    instance,
    session: labels.SessionName ?? null,
    cluster: labels.cluster ?? labels.ray_io_cluster ?? null,
    isHead: labels.IsHeadNode === undefined ? null : labels.IsHeadNode === 'true',
  };
}

export function gpuLabels(labels: LabelSet): GpuLabels {
  const index = labels.gpu ?? labels.GpuIndex ?? labels.gpu_id;
  const slice = labels.GPU_I_ID;
  return {
    ...nodeLabels(labels),
    index: index !== undefined && /^\d+$/.test(index) ? Number(index) : null,
    uuid: labels.UUID ?? labels.GpuUuid ?? labels.gpu_uuid ?? null,
    slice: slice === undefined || slice === '' ? null : slice,
  };
}
