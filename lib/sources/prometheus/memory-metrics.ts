/**
 * Which metrics tell the memory of nodes and GPUs, and how their labels name a node or a GPU.
 *
 * Node: Ray's ray_node_mem_used/_total (bytes; in a container those of its cgroup), else ray_node_cgroup_mem_*, else
 * ray_node_mem_*_host (reporter_agent.py); for hosts without Ray node_exporter's MemTotal - MemAvailable.
 * GPU: dcgm-exporter's DCGM_FI_DEV_FB_USED, total = USED + FREE + RESERVED (MiB; default-counters.csv), else Ray's
 * ray_node_gram_used + _available (MiB, whatever the help text says), else AMD's gpu_used_vram and gpu_total_vram
 * (device-metrics-exporter; "MB" there is MiB: an MI300X of 192 GiB says 196592).
 */
import type { Series } from '../../model/series.ts';
import { type Bytes, bytes, mebibytes } from '../../model/units.ts';
import { GPU_HOLDER_LABELS, GPU_LABELS, NODE_LABELS, RAY_GPU_LABELS, RAY_NODE_LABELS } from './target-labels.ts';

/** What exporters of devices write where DCGM gives no value: 2^31 - 16 and more for blank, not found, not supported, not permitted
 * (dcgm_structs.h: DCGM_INT32_BLANK, DCGM_INT64_BLANK, DCGM_FP64_BLANK and what follows each). Nothing real has 2 PiB. */
const BLANK_MIB = 2 ** 31 - 16;

/** Whether a value of DCGM is none. */
export const isBlank = (value: number): boolean => value >= BLANK_MIB;
export const hasBlank = ({ values }: Series): boolean => values.some((value) => value !== null && isBlank(value));

export interface MemoryFamily {
  /** Name of what is measured, as the reader knows it. */
  readonly source: string;
  /** Expression whose value at t is the largest use within (t - range, t], per thing: labels of who uses it are aggregated away. */
  readonly used: (range: string) => string;
  /** The same without blank values, which costs thrice as much: asked only where the first has one. Null: there are none. */
  readonly usedBesideBlanks: ((range: string) => string) | null;
  /** Capacity as an expression over the same label sets. */
  readonly total: string;
  readonly toBytes: (value: number) => Bytes;
  /** Who exports it, to say what is missing. */
  readonly exporter: string;
  /** Whom each GPU was given to within `seconds`, over the same label sets and those of pods; null where the exporter cannot know. */
  readonly holders: ((seconds: number) => string) | null;
}

const by = (labels: readonly string[], expression: string): string => `max by (${labels.join(', ')}) (${expression})`;
const ray = (source: string, total: string): MemoryFamily => ({
  source,
  used: (range) => by(RAY_NODE_LABELS, `max_over_time(${source}[${range}])`),
  usedBesideBlanks: null,
  total: by(RAY_NODE_LABELS, total),
  toBytes: bytes,
  exporter: "Ray's dashboard agent",
  holders: null,
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
  used: (range) =>
    by(NODE_LABELS, `node_memory_MemTotal_bytes - min_over_time(node_memory_MemAvailable_bytes[${range}])`),
  usedBesideBlanks: null,
  total: by(NODE_LABELS, 'node_memory_MemTotal_bytes'),
  toBytes: bytes,
  exporter: 'node_exporter',
  holders: null,
};

const holdersOf =
  (metric: string) =>
  (seconds: number): string =>
    `group by (${GPU_HOLDER_LABELS.join(', ')}) (last_over_time(${metric}[${Math.max(60, Math.ceil(seconds))}s]))`;

/** dcgm-exporter; `prefix` stands before every name of its metrics. */
function dcgm(prefix: string): MemoryFamily {
  const metric = `${prefix}DCGM_FI_DEV_FB_`;
  const used = `${metric}USED`;
  const real = (expression: string): string => `(${expression} < ${BLANK_MIB})`;
  return {
    source: used,
    used: (range) => by(GPU_LABELS, `max_over_time(${used}[${range}])`),
    // One blank among the samples of a bin is the largest of them: the smallest is a real one then.
    usedBesideBlanks: (range) =>
      by(GPU_LABELS, `${real(`max_over_time(${used}[${range}])`)} or ${real(`min_over_time(${used}[${range}])`)}`),
    // A sum by name of what is there costs a third of additions. RESERVED is no longer in every list of counters, or blank; without it
    // the sum is short by about 0.7 %. Without FREE it is no capacity.
    total: by(
      GPU_LABELS,
      `${real(`${metric}TOTAL`)} or (sum without (__name__) (${real(`{__name__=~"${metric}(USED|FREE|RESERVED)"}`)}) and ${real(`${metric}FREE`)})`,
    ),
    toBytes: mebibytes,
    exporter: 'dcgm-exporter',
    holders: holdersOf(used),
  };
}

/** AMD's device-metrics-exporter; its configuration may put a prefix before every name (`amd_`). */
function amd(prefix: string): MemoryFamily {
  const used = `${prefix}gpu_used_vram`;
  return {
    source: used,
    used: (range) => by(GPU_LABELS, `max_over_time(${used}[${range}])`),
    usedBesideBlanks: null,
    total: by(GPU_LABELS, `${prefix}gpu_total_vram`),
    toBytes: mebibytes,
    exporter: 'device-metrics-exporter',
    holders: holdersOf(used),
  };
}

/** All are asked for; of one GPU told by several the first counts. */
export const GPU_FAMILIES: readonly MemoryFamily[] = [
  dcgm(''),
  {
    source: 'ray_node_gram_used',
    used: (range) => by(RAY_GPU_LABELS, `max_over_time(ray_node_gram_used[${range}])`),
    usedBesideBlanks: null,
    total: by(RAY_GPU_LABELS, 'ray_node_gram_used + ray_node_gram_available'),
    toBytes: mebibytes,
    exporter: "Ray's dashboard agent",
    holders: null,
  },
  amd(''),
];

/** What is read, for a reader who has none of it. Each family may stand under a prefix where the exporter takes one. */
export const READ_METRICS = {
  node: {
    names: 'ray_node_mem_used, node_memory_MemAvailable_bytes',
    sentence: 'X-Ray reads ray_node_mem_used (Ray) and node_memory_MemAvailable_bytes (node_exporter).',
  },
  gpu: {
    names: 'DCGM_FI_DEV_FB_USED, ray_node_gram_used, gpu_used_vram',
    sentence:
      'X-Ray reads DCGM_FI_DEV_FB_USED (dcgm-exporter), ray_node_gram_used (Ray) and gpu_used_vram (device-metrics-exporter of AMD), with any prefix.',
  },
} as const;

/** Whether a family is Ray's own, which measures raylets and not hosts. */
export const isRayFamily = (source: string): boolean => source.startsWith('ray_');

/** Values in bytes; gaps and values that the device does not support are null. */
export const memoryValues = (series: Series, family: MemoryFamily): (number | null)[] =>
  series.values.map((value) =>
    value === null || !Number.isFinite(value) || value < 0 || (family.toBytes !== bytes && value >= BLANK_MIB)
      ? null
      : family.toBytes(value),
  );

/** Prefixes that are read; a server with more of them has something else in mind. */
const MOST_PREFIXES = 8;
const SHOWN_NAMES = 6;

/** GET: names of metrics in [fromMs, toMs] that may tell memory. */
export function memoryMetricNamesPath(fromMs: number, toMs: number): string {
  const matcher = '{__name__=~"(?i).*(mem|vram|hbm|gram|framebuffer|_fb_).*"}';
  const parameters = new URLSearchParams({
    'match[]': matcher,
    start: String(fromMs / 1000),
    end: String(toMs / 1000),
  });
  return `/api/v1/label/__name__/values?${parameters}`;
}

const ACCELERATOR =
  /(?:^|[_:])(?:v?gpus?|nvidia|dcgm|amd|amdgpu|rocm|xpum?|npu|mlu|hpu|tpu|habanalabs|gaudi|neuron[a-z]*|accelerator|ascend|dcu|musa|vram|hbm)(?:[_:\d]|$)/i;
const IN_USE = /used|usage|in_use|allocated/i;
/** Not of devices: Ray's and serving engines' own, what frameworks allocate, and rates of the memory's clock or bus. */
const OTHER =
  /^(?:ray_|DCGM_FI_|vllm[:_]|sglang[:_]|trt|triton_|nv_|torch|pytorch|xray_)|percent|ratio|util|clock|temp|energy|power/i;

/**
 * What the names of metrics tell: families under a prefix, and names of memory in use of accelerators that are not understood. Whatever
 * `names` is, it is read leniently.
 */
export function readGpuMetricNames(names: unknown): {
  readonly prefixed: readonly MemoryFamily[];
  readonly unread: readonly string[];
} {
  const prefixed: MemoryFamily[] = [];
  const unread: string[] = [];
  for (const name of Array.isArray(names) ? names : []) {
    if (typeof name !== 'string') continue;
    const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*[_:])(gpu_used_vram|DCGM_FI_DEV_FB_USED)$/.exec(name);
    if (found && prefixed.length < MOST_PREFIXES) {
      const prefix = found[1] ?? '';
      prefixed.push(found[2] === 'gpu_used_vram' ? amd(prefix) : dcgm(prefix));
    } else if (name !== 'gpu_used_vram' && ACCELERATOR.test(name) && /mem|vram|hbm|_fb_/i.test(name))
      if (IN_USE.test(name) && !OTHER.test(name)) unread.push(name);
  }
  return { prefixed, unread: unread.slice(0, SHOWN_NAMES) };
}

/** Hosts by windows_exporter, OpenTelemetry's host metrics, Telegraf, cAdvisor, or node_exporter under a prefix. */
const HOST_MEMORY =
  /^(?:windows|system|host|machine|wmi|os)_.*mem(?:ory)?(?:_|$)|^mem_(?:used|available|total|free)|.[_:]node_memory_Mem(?:Total|Available)_bytes$/i;

/** Names of metrics that tell the memory of hosts and are not understood; for a map without rows. */
export const unreadHostMetrics = (names: unknown): string[] =>
  (Array.isArray(names) ? names : [])
    .filter((name): name is string => typeof name === 'string' && HOST_MEMORY.test(name))
    .slice(0, SHOWN_NAMES);
