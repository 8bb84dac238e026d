/**
 * How the labels of exporters name a node, a GPU and a cluster: the one place where those names are known. Ray's dashboard agent
 * (reporter_agent.py), dcgm-exporter, AMD's device-metrics-exporter, node_exporter, NCCL Inspector, and what Kubernetes' service
 * discovery and OpenTelemetry's collector put beside them. What is only a placeholder is no evidence.
 */
import type { GpuEvidence, NodeEvidence, PodName } from '../../model/identity/evidence.ts';
import { isExporterPod, realHost, realIndex, realText, realUuid } from '../../model/identity/placeholder.ts';
import { ownValue } from '../../model/own-value.ts';
import type { LabelSet } from '../../model/series.ts';

/** Labels that name the cluster. */
const CLUSTER_LABELS = ['cluster', 'ray_io_cluster'] as const;
/** Labels that say which cluster, whatever it is called. */
const SCOPE_LABELS = [
  ...CLUSTER_LABELS,
  'cluster_name',
  'k8s_cluster',
  'k8s_cluster_name',
  'kubernetes_cluster',
  'exported_cluster',
  'datacenter',
  'dc',
  'region',
  'site',
  'environment',
  'env',
  'tenant',
] as const;
const ADDRESS_LABELS = ['ip', 'NodeAddress'] as const;
const HOST_LABELS = [
  'exported_hostname',
  'hostname',
  'Hostname',
  'nodename',
  'exported_node',
  'node',
  'kubernetes_node',
  'k8s_node_name',
  'node_name',
  'host_name',
] as const;
const INSTANCE_LABELS = ['exported_instance', 'instance'] as const;
const NODE_ID_LABELS = ['NodeId', 'NodeID', 'ray_io_node_id'] as const;
const UUID_LABELS = ['UUID', 'GpuUuid', 'gpu_uuid', 'uuid'] as const;
const INDEX_LABELS = ['gpu', 'GpuIndex', 'gpu_id', 'minor_number'] as const;
const POD_LABELS = ['pod', 'namespace'] as const;
const HOLDER_LABELS = ['exported_pod', 'exported_namespace', ...POD_LABELS] as const;

/** Every label that tells a node from another; labels of who uses it are not among them. */
export const NODE_LABELS: readonly string[] = [
  ...SCOPE_LABELS,
  ...ADDRESS_LABELS,
  ...HOST_LABELS,
  ...INSTANCE_LABELS,
  ...NODE_ID_LABELS,
  'SessionName',
  'IsHeadNode',
];
export const RAY_NODE_LABELS: readonly string[] = [...NODE_LABELS, ...POD_LABELS];
export const GPU_LABELS: readonly string[] = [...NODE_LABELS, ...UUID_LABELS, ...INDEX_LABELS, 'device', 'GPU_I_ID'];
export const RAY_GPU_LABELS: readonly string[] = [...GPU_LABELS, ...POD_LABELS];
/** Of an exporter of devices: whom the GPU was given to. */
export const GPU_HOLDER_LABELS: readonly string[] = [...GPU_LABELS, ...HOLDER_LABELS];

/** Labels by which copies of one scrape are told apart (Prometheus Operator, Thanos, Mimir, Cortex). */
const REPLICA_LABELS = ['prometheus_replica', 'replica', '__replica__', 'thanos_replica', 'prometheus', 'receive'];

/** Copies of a series by several replicas are one: without this a sum counts them all. */
export const once = (expression: string): string => `max without (${REPLICA_LABELS.join(', ')}) (${expression})`;

/** Labels of a scrape: two jobs that scrape one target differ in them. */
const SCRAPE_LABELS = ['job', 'scrape_job', 'endpoint', 'service', 'monitor'];

/** As `once`, and copies by several jobs are one too; `more`: labels that do not tell things apart either. */
export const onceScraped = (expression: string, more: readonly string[] = []): string =>
  `max without (${[...REPLICA_LABELS, ...SCRAPE_LABELS, ...more].join(', ')}) (${expression})`;

function first(
  labels: LabelSet,
  names: readonly string[],
  real: (text: string | undefined) => string | null,
): string | null {
  for (const name of names) {
    const value = real(ownValue(labels, name));
    if (value !== null) return value;
  }
  return null;
}

export const withoutPort = (instance: string): string => instance.replace(/:\d+$/, '');
const isAddress = (text: string): boolean => /^[\d.]+$/.test(text) || text.includes(':');
const realNode = (text: string | undefined): string | null => {
  const host = realHost(text?.replace(/^([\w.-]+):\d+$/, '$1'));
  return host === null || isExporterPod(host) ? null : host;
};

/** Name of the cluster, as the labels say it; null where they do not. */
export const clusterLabel = (labels: LabelSet): string | null => first(labels, CLUSTER_LABELS, realText);

/** Evidence of which node a series was measured on. */
export function nodeEvidence(labels: LabelSet): NodeEvidence {
  const instance = first(labels, INSTANCE_LABELS, realText) ?? '';
  const scope = new Map<string, string>();
  for (const name of SCOPE_LABELS) {
    const value = realText(ownValue(labels, name));
    if (value !== null) scope.set(name, value);
  }
  const pod = realText(labels.pod);
  return {
    ip: first(labels, ADDRESS_LABELS, realHost),
    host: first(labels, HOST_LABELS, realNode),
    instance,
    target: realHost(withoutPort(instance)),
    session: realText(labels.SessionName),
    nodeId: first(labels, NODE_ID_LABELS, realText),
    isHead: labels.IsHeadNode === undefined ? null : labels.IsHeadNode === 'true',
    cluster: clusterLabel(labels),
    scope,
    pod: pod === null ? null : { name: pod, namespace: realText(labels.namespace) },
  };
}

/** Address and name for display and for looking a node up: what labels name, else the scrape target. */
export function addressAndName({ ip, host, target }: Pick<NodeEvidence, 'ip' | 'host' | 'target'>): {
  readonly ip: string | null;
  readonly host: string | null;
} {
  // A label that should name the host may hold its address.
  if (host !== null && isAddress(host)) return { ip: ip ?? host, host: null };
  const isIp = target !== null && isAddress(target);
  return { ip: ip ?? (isIp ? target : null), host: host ?? (isIp ? null : target) };
}

/** Evidence of which GPU. NCCL Inspector spells the index `GPU3`, DCGM's device is `nvidia3`. */
export function gpuEvidence(labels: LabelSet): GpuEvidence {
  const uuid = first(labels, UUID_LABELS, realUuid);
  const slice = realText(labels.GPU_I_ID);
  let index: number | null = null;
  for (const name of INDEX_LABELS) index ??= realIndex(ownValue(labels, name)?.replace(/^GPU/, ''));
  index ??= realIndex(/^nvidia(\d+)$/.exec(labels.device ?? '')?.[1]);
  // Ray's agent numbers MIG instance 2 of GPU 3 3002 (gpu_providers.py).
  if (index !== null && uuid?.startsWith('MIG-') && labels.GpuIndex !== undefined) index = Math.floor(index / 1000);
  return {
    ...nodeEvidence(labels),
    uuid,
    index,
    // Ray's agent names a MIG instance by a UUID of its own.
    slice: slice !== null && realIndex(slice) !== null ? slice : uuid?.startsWith('MIG-') ? uuid : null,
  };
}

/** Pods that a GPU was given to: Prometheus renames the exporter's labels where the scraped pod has its own. */
export function holdersOf(labels: LabelSet): PodName[] {
  const pods: PodName[] = [];
  const given = realText(labels.exported_pod);
  if (given !== null) pods.push({ name: given, namespace: realText(labels.exported_namespace) });
  const pod = realText(labels.pod);
  if (pod !== null && given === null) pods.push({ name: pod, namespace: realText(labels.namespace) });
  return pods;
}
