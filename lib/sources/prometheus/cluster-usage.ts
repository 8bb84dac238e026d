/**
 * Use of one session of a cluster over time, as PromQL. Hosts are counted once, however many raylets run on them
 * (`max by (ip)`); `ray_tasks` is summed and clamped, because executors subtract what owners add.
 */
import { type NamedQuery, oneOf } from './node-measurements.ts';
import { onceScraped } from './target-labels.ts';

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

/** `exported_instance`: the raylet's own target, where a Prometheus that federates others has one for all. */
const PER_TARGET = ['instance', 'exported_instance', 'NodeAddress'];

/**
 * Each gives one series without labels. CPUs and GPUs are counts, memory is bytes. `twice`: targets of raylets that have several; each
 * list has those of at most one raylet of an address.
 */
export function usageQueries(
  session: string,
  twice: readonly (readonly string[])[] = [],
): Record<UsageQuantity, NamedQuery> {
  const of = `SessionName=${JSON.stringify(session)}`;
  const query = (name: string, promql: string): NamedQuery => ({ name: `usage-${name}`, promql });
  // Of every raylet once: by its target, and by its address where it has several.
  const perRaylet = (one: (where: string, apart: readonly string[]) => string): string =>
    twice.length === 0
      ? one(of, PER_TARGET)
      : [
          one(`${of},${oneOf('instance', twice.flat(), '!~')}`, PER_TARGET),
          ...twice.map(
            (targets, i) =>
              `label_replace(${one(`${of},${oneOf('instance', targets)}`, ['NodeAddress'])}, "raylet", "${i + 1}", "", "")`,
          ),
        ].join(' or ');
  const resource = (name: string, more = ''): string =>
    `sum(${perRaylet(
      (where, apart) =>
        `max by (${apart.join(', ')}) (sum without (State) (ray_resources{Name="${name}",State=~"USED|AVAILABLE",${where}${more}}))`,
    )})`;
  const running = perRaylet((where, apart) =>
    onceScraped(`ray_tasks{State=~"RUNNING.*",${where}}`, apart.includes('instance') ? [] : ['instance']),
  );
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
    tasksRunning: query('tasks-running', `clamp_min(sum(${running}), 0)`),
  };
}
