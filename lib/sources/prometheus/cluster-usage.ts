/**
 * Use of one session of a cluster over time, as PromQL. Hosts are counted once, however many raylets run on them
 * (`max by (ip)`); `ray_tasks` is summed and clamped, because executors subtract what owners add.
 */
import type { NamedQuery } from './node-measurements.ts';
import { once } from './target-labels.ts';

export const USAGE_QUANTITIES = [
  'cpuAllocated',
  'cpuBusy',
  'cpuTotal',
  'gpuAllocated',
  'gpuBusy',
  'gpuTotal',
  'memoryUsedBytes',
  'memoryTotalBytes',
  'tasksRunning',
] as const;
export type UsageQuantity = (typeof USAGE_QUANTITIES)[number];

/** Each gives one series without labels. CPUs and GPUs are counts, memory is bytes. */
export function usageQueries(session: string): Record<UsageQuantity, NamedQuery> {
  const of = `SessionName=${JSON.stringify(session)}`;
  const query = (name: string, promql: string): NamedQuery => ({ name: `usage-${name}`, promql });
  const resource = (name: string, more = ''): string => `sum(${once(`ray_resources{Name="${name}",${of}${more}}`)})`;
  return {
    cpuAllocated: query('cpu-allocated', resource('CPU', ',State="USED"')),
    cpuBusy: query(
      'cpu-busy',
      `sum(max by (ip) (ray_node_cpu_utilization{${of}}) / 100 * max by (ip) (ray_node_cpu_count{${of}}))`,
    ),
    cpuTotal: query('cpu-total', resource('CPU')),
    gpuAllocated: query('gpu-allocated', resource('GPU', ',State="USED"')),
    gpuBusy: query('gpu-busy', `sum(max by (ip, GpuIndex) (ray_node_gpus_utilization{GpuIndex!="",${of}} >= 0)) / 100`),
    gpuTotal: query('gpu-total', resource('GPU')),
    memoryUsedBytes: query('memory-used', `sum(max by (ip) (ray_node_mem_used{${of}}))`),
    memoryTotalBytes: query('memory-total', `sum(max by (ip) (ray_node_mem_total{${of}}))`),
    tasksRunning: query('tasks-running', `clamp_min(sum(${once(`ray_tasks{State=~"RUNNING.*",${of}}`)}), 0)`),
  };
}
