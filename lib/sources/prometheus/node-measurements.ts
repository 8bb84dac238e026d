/**
 * Ray's node metrics (python/ray/dashboard/modules/reporter/reporter_agent.py) and dcgm-exporter's GPU metrics as
 * measurements of nodes. PromQL and names of metrics stay here. `ray_node_gram_*` are MiB, though their help says bytes.
 */
import type { GpuMeasurement, NodeMeasurement } from '../../model/node-measurement.ts';
import type { LabelSet } from '../../model/series.ts';
import { type Bytes, bytes, mebibytes, milliseconds, type Ratio, ratio } from '../../model/units.ts';
import { inSlices } from '../http/event-loop-turns.ts';
import { labelKey } from './decode.ts';
import { isBlank } from './memory-metrics.ts';
import { gpuEvidence, once } from './target-labels.ts';

export interface Sample {
  readonly labels: LabelSet;
  readonly value: number;
}

/** A label matcher, its value quoted as PromQL wants it. */
const equals = (label: string, value: string): string => `${label}=${JSON.stringify(value)}`;

/** Alternatives of a regular expression matcher: every character that means something in RE2 is escaped. */
export const oneOf = (label: string, values: readonly string[], operator: '=~' | '!~' = '=~'): string =>
  `${label}${operator}${JSON.stringify(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'))}`;

export interface NamedQuery {
  /** Kebab-case name of the question, for errors. */
  readonly name: string;
  readonly promql: string;
}

/** Instant queries whose answers decodeNodeMeasurements() takes; of one session, or of every one ('' or null). */
export function nodeQueries(session: string | null): Record<'hosts' | 'sampled' | 'resources' | 'gpus', NamedQuery> {
  const of = session ? equals('SessionName', session) : 'SessionName!=""';
  return {
    hosts: {
      name: 'ray-hosts',
      promql: `{__name__=~"ray_node_(cpu_utilization|cpu_count|mem_used|mem_total)",${of}}`,
    },
    sampled: { name: 'ray-hosts-sampled', promql: `timestamp(ray_node_mem_total{${of}})` },
    resources: { name: 'ray-resources', promql: once(`ray_resources{Name=~"CPU|GPU",State=~"USED|AVAILABLE",${of}}`) },
    gpus: {
      name: 'ray-gpus',
      promql: `{__name__=~"ray_node_(gpus_utilization|gram_used|gram_available)",GpuIndex!="",${of}}`,
    },
  };
}

/** Range query: a value per scrape target and step in which it was measured; of one session, or of every one. */
export const endpointsQuery = (session: string | null, stepMs: number): NamedQuery => ({
  name: 'ray-endpoints',
  promql: `max by (SessionName, instance) (max_over_time(ray_node_mem_total{${
    session ? equals('SessionName', session) : 'SessionName!=""'
  }}[${stepMs}ms]))`,
});

/** dcgm-exporter's view of the GPUs of hosts, where Ray itself measures none. */
export const dcgmQuery = (hosts: readonly string[]): NamedQuery => ({
  name: 'dcgm-gpus',
  promql: ['hostname', 'Hostname']
    .map((label) => `{__name__=~"DCGM_FI_DEV_(GPU_UTIL|FB_USED|FB_FREE|FB_RESERVED)",${oneOf(label, hosts)}}`)
    .join(' or '),
});

const OWN_LABELS = new Set([
  '__name__',
  'GpuIndex',
  'GpuUuid',
  'GpuDeviceName',
  'Name',
  'State',
  'Component',
  'WorkerId',
]);

type Draft = { -readonly [Key in keyof Omit<NodeMeasurement, 'gpus'>]: NodeMeasurement[Key] } & {
  gpus: Map<string, GpuDraft>;
  /** By raylet, the copies of it that several jobs scraped. */
  resources: Map<string, Map<string, Resources>>;
};
type Resources = Pick<Draft, 'cpuAllocated' | 'cpuTotal' | 'gpuAllocated' | 'gpuTotal'>;
type GpuDraft = { -readonly [Key in keyof GpuMeasurement]: GpuMeasurement[Key] } & { free: Bytes | null };

const percent = (value: number): Ratio => ratio(value / 100);
const plus = <Unit extends number>(a: Unit | null, b: Unit): Unit => ((a ?? 0) + b) as Unit;

/** Samples of the four questions, in any order, as one measurement per target. Takes turns of the event loop. */
export async function decodeNodeMeasurements(answers: {
  readonly hosts: readonly Sample[];
  readonly sampled: readonly Sample[];
  readonly resources: readonly Sample[];
  readonly gpus: readonly Sample[];
}): Promise<NodeMeasurement[]> {
  const drafts = new Map<string, Draft>();
  const draftOf = ({ labels }: Sample): Draft => {
    const session = labels.SessionName ?? '';
    const instance = labels.instance ?? '';
    const ip = labels.ip ?? labels.NodeAddress ?? '';
    const key = `${session}\n${instance || ip}`;
    let draft = drafts.get(key);
    if (!draft) {
      draft = {
        session,
        labels: Object.fromEntries(Object.entries(labels).filter(([name]) => !OWN_LABELS.has(name))),
        instance,
        instances: [instance],
        ip,
        isHead: null,
        rayVersion: labels.Version ?? null,
        sampled: null,
        cpuUtilization: null,
        cpuCount: null,
        memoryUsed: null,
        memoryTotal: null,
        cpuAllocated: null,
        cpuTotal: null,
        gpuAllocated: null,
        gpuTotal: null,
        gpus: new Map(),
        resources: new Map(),
      };
      drafts.set(key, draft);
    }
    const head = labels.IsHeadNode;
    if (head) draft.isHead = head === 'true';
    return draft;
  };
  await inSlices(answers.hosts, (sample) => {
    const draft = draftOf(sample);
    if (sample.labels.__name__ === 'ray_node_cpu_utilization') draft.cpuUtilization = percent(sample.value);
    if (sample.labels.__name__ === 'ray_node_cpu_count') draft.cpuCount = sample.value;
    if (sample.labels.__name__ === 'ray_node_mem_used') draft.memoryUsed = bytes(sample.value);
    if (sample.labels.__name__ === 'ray_node_mem_total') draft.memoryTotal = bytes(sample.value);
  });
  await inSlices(answers.sampled, (sample) => {
    draftOf(sample).sampled = milliseconds(sample.value * 1000);
  });
  await inSlices(answers.resources, (sample) => {
    const reported = resourcesOf(draftOf(sample), sample.labels);
    const used = sample.labels.State === 'USED' ? sample.value : 0;
    if (sample.labels.Name === 'CPU') {
      reported.cpuTotal = plus(reported.cpuTotal, sample.value);
      reported.cpuAllocated = plus(reported.cpuAllocated, used);
    } else {
      reported.gpuTotal = plus(reported.gpuTotal, sample.value);
      reported.gpuAllocated = plus(reported.gpuAllocated, used);
    }
  });
  await inSlices(answers.gpus, (sample) => {
    const { labels } = sample;
    const gpu = gpuOf(draftOf(sample).gpus, labels.GpuIndex ?? '', labels.GpuUuid ?? '', labels.GpuDeviceName ?? null);
    // -1: NVML does not give it, as for MIG.
    if (labels.__name__ === 'ray_node_gpus_utilization' && sample.value >= 0) gpu.utilization = percent(sample.value);
    if (labels.__name__ === 'ray_node_gram_used') gpu.memoryUsed = mebibytes(sample.value);
    if (labels.__name__ === 'ray_node_gram_available') gpu.free = mebibytes(sample.value);
  });
  const nodes: NodeMeasurement[] = [];
  await inSlices(drafts.values(), ({ gpus, resources, ...rest }) => {
    nodes.push({ ...rest, ...summed(resources), gpus: finished(gpus) });
  });
  return nodes;
}

/** Copies differ in labels of the scrape (job, service); a federated target holds several raylets. */
function resourcesOf({ resources }: Draft, { Name, State, ...labels }: LabelSet): Resources {
  const address = `${labels.NodeAddress ?? labels.ip ?? ''}\n${labels.NodeId ?? ''}\n${labels.exported_instance ?? ''}`;
  const copies = resources.get(address) ?? new Map<string, Resources>();
  resources.set(address, copies);
  const key = labelKey(labels);
  const copy = copies.get(key) ?? { cpuAllocated: null, cpuTotal: null, gpuAllocated: null, gpuTotal: null };
  copies.set(key, copy);
  return copy;
}

/** Every raylet of the target once: the copy with the largest total. */
function summed(resources: Draft['resources']): Resources {
  const sum: Resources = { cpuAllocated: null, cpuTotal: null, gpuAllocated: null, gpuTotal: null };
  for (const copies of resources.values()) {
    let cpu: Resources | null = null;
    let gpu: Resources | null = null;
    for (const copy of copies.values()) {
      if ((copy.cpuTotal ?? -1) > (cpu?.cpuTotal ?? -1)) cpu = copy;
      if ((copy.gpuTotal ?? -1) > (gpu?.gpuTotal ?? -1)) gpu = copy;
    }
    if (cpu?.cpuTotal != null) sum.cpuTotal = plus(sum.cpuTotal, cpu.cpuTotal);
    if (cpu?.cpuAllocated != null) sum.cpuAllocated = plus(sum.cpuAllocated, cpu.cpuAllocated);
    if (gpu?.gpuTotal != null) sum.gpuTotal = plus(sum.gpuTotal, gpu.gpuTotal);
    if (gpu?.gpuAllocated != null) sum.gpuAllocated = plus(sum.gpuAllocated, gpu.gpuAllocated);
  }
  return sum;
}

/** Of one GPU or one MIG instance of it, MiB; null: not told, or blank. */
interface DcgmDraft {
  readonly uuid: string;
  readonly name: string | null;
  utilization: Ratio | null;
  used: Bytes | null;
  free: Bytes | null;
  reserved: Bytes | null;
}

/**
 * GPUs by host name. Copies of one GPU (time-slicing, HA, pods that came and went) count once, MIG instances are summed into theirs.
 * Blank values are absent.
 */
export function decodeDcgm(samples: readonly Sample[]): Map<string, GpuMeasurement[]> {
  const hosts = new Map<string, Map<number, Map<string, DcgmDraft>>>();
  for (const { labels, value } of samples) {
    const { host, index, uuid, slice } = gpuEvidence(labels);
    const metric = labels.__name__ ?? '';
    if (host === null || index === null || isBlank(value) || value < 0) continue;
    const gpus = hosts.get(host) ?? new Map<number, Map<string, DcgmDraft>>();
    hosts.set(host, gpus);
    const slices = gpus.get(index) ?? new Map<string, DcgmDraft>();
    gpus.set(index, slices);
    const draft: DcgmDraft = slices.get(slice ?? '') ?? {
      uuid: uuid ?? '',
      name: labels.modelName ?? null,
      utilization: null,
      used: null,
      free: null,
      reserved: null,
    };
    slices.set(slice ?? '', draft);
    if (metric.endsWith('GPU_UTIL') && value <= 100)
      draft.utilization = ratio(Math.max(draft.utilization ?? 0, value / 100));
    if (metric.endsWith('FB_USED')) draft.used = larger(draft.used, mebibytes(value));
    if (metric.endsWith('FB_FREE')) draft.free = larger(draft.free, mebibytes(value));
    if (metric.endsWith('FB_RESERVED')) draft.reserved = larger(draft.reserved, mebibytes(value));
  }
  return new Map(
    [...hosts].map(([host, gpus]) => [
      host,
      [...gpus].map(([index, slices]) => dcgmGpu(index, [...slices.values()])).sort((a, b) => a.index - b.index),
    ]),
  );
}

const larger = (known: Bytes | null, value: Bytes): Bytes => (known !== null && known > value ? known : value);

function dcgmGpu(index: number, slices: readonly DcgmDraft[]): GpuMeasurement {
  const sum = (of: (slice: DcgmDraft) => Bytes | null): Bytes | null => {
    let total: Bytes | null = null;
    for (const slice of slices) {
      const value = of(slice);
      if (value !== null) total = plus(total, value);
    }
    return total;
  };
  const busy = slices.flatMap(({ utilization }) => utilization ?? []);
  return {
    index,
    uuid: slices[0]?.uuid ?? '',
    name: slices[0]?.name ?? null,
    utilization: busy.length === 0 ? null : ratio(busy.reduce((total, one) => total + one, 0) / busy.length),
    memoryUsed: sum(({ used }) => used),
    // What the driver reserves is neither used nor free, but part of the whole.
    memoryTotal: sum(({ used, free, reserved }) =>
      used === null || free === null ? null : bytes(used + free + (reserved ?? 0)),
    ),
  };
}

function gpuOf(gpus: Map<string, GpuDraft>, index: string, uuid: string, name: string | null): GpuDraft {
  let gpu = gpus.get(index);
  if (!gpu) {
    gpu = { index: Number(index), uuid, name, utilization: null, memoryUsed: null, memoryTotal: null, free: null };
    gpus.set(index, gpu);
  }
  return gpu;
}

const finished = (gpus: ReadonlyMap<string, GpuDraft>): GpuMeasurement[] =>
  [...gpus.values()]
    .map(({ free, ...gpu }) => ({
      ...gpu,
      memoryTotal: free === null || gpu.memoryUsed === null ? null : bytes(gpu.memoryUsed + free),
    }))
    .sort((a, b) => a.index - b.index);
