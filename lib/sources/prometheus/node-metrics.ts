/** What Ray's dashboard agent and dcgm-exporter measure of nodes, as shares (0..1) per node address (ray 2.58, dcgm-exporter 4). */
const text = (value: string): string => JSON.stringify(value);
const anyOf = (values: readonly string[]): string =>
  text(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));

export interface NodeMetric {
  readonly name: string;
  readonly promql: string;
  /** What has to be there for it. */
  readonly metric: string;
}

/** Label that names a node in the answer: `ip`. Ray's utilizations are percent, memory is bytes. */
export function rayNodeMetrics(
  session: string,
  ips: readonly string[],
): { readonly cpu: NodeMetric; readonly memory: NodeMetric; readonly gpu: NodeMetric } {
  const which = `{SessionName=${text(session)},ip=~${anyOf(ips)}}`;
  return {
    cpu: {
      name: 'node-cpu',
      metric: 'ray_node_cpu_utilization',
      promql: `max by (ip) (ray_node_cpu_utilization${which}) / 100`,
    },
    memory: {
      name: 'node-memory',
      metric: 'ray_node_mem_used',
      promql: `max by (ip) (ray_node_mem_used${which}) / max by (ip) (ray_node_mem_total${which})`,
    },
    gpu: {
      name: 'node-gpu',
      metric: 'ray_node_gpus_utilization',
      // -1: NVML does not give it.
      promql: `avg by (ip) (ray_node_gpus_utilization${which} >= 0) / 100`,
    },
  };
}

/**
 * The same of dcgm-exporter, where Ray measures no GPU. Label that names a node in the answer: `Hostname`, or `hostname` since 2026.
 * Copies of one GPU count once; blank values are above 100.
 */
export const dcgmNodeGpu = (hostnames: readonly string[]): NodeMetric => ({
  name: 'node-gpu-dcgm',
  metric: 'DCGM_FI_DEV_GPU_UTIL',
  promql: ['Hostname', 'hostname']
    .map(
      (label) =>
        `avg by (${label}) (max by (${label}, UUID, gpu, GPU_I_ID) (DCGM_FI_DEV_GPU_UTIL{${label}=~${anyOf(hostnames)}} <= 100)) / 100`,
    )
    .join(' or '),
});
