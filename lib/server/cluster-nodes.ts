/**
 * Nodes as Ray told them, joined with what their hosts measure. A measurement names an address and says whether it is the
 * head's; raylets that share an address share their host, and its values stand at each of them, marked so.
 */
import type { NodeWireValue } from '../contract/clusters.ts';
import type { GpuMeasurement, NodeMeasurement } from '../model/node-measurement.ts';
import type { NodeRow } from '../store/queries/cluster-members.ts';
import { byHost, gpusOfHost } from './cluster-measurements.ts';

const orNull = (text: string): string | null => (text === '' ? null : text);
const largest = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
};
const parseMap = <Value>(json: string): Record<string, Value> =>
  json === '' ? {} : (JSON.parse(json) as Record<string, Value>);

interface Joined {
  readonly session: string;
  readonly rows: readonly NodeRow[];
  readonly measured: readonly NodeMeasurement[];
  /** GPUs by host name, for hosts whose raylet measures none. */
  readonly dcgm: ReadonlyMap<string, readonly GpuMeasurement[]>;
  /** The cluster has ended: nodes that did not tell their end are not known to live. */
  readonly ended: boolean;
}

/** Nodes of the store first, in their order; then those that only metrics know. */
export function joinNodes({ session, rows, measured, dcgm, ended }: Joined): NodeWireValue[] {
  const hosts = new Map(byHost(measured).map((raylets) => [raylets[0]?.ip ?? '', raylets]));
  const living = rows.filter((row) => row.end_ns === null);
  const claimed = new Set<NodeMeasurement>();
  const joined = rows.map((row): NodeWireValue => {
    const own = row.end_ns === null ? (hosts.get(row.ip) ?? []) : [];
    const raylet = ownRaylet(row, living, own);
    for (const one of own) claimed.add(one);
    return {
      session,
      nodeId: row.node_id,
      name: orNull(row.name),
      ip: orNull(row.ip),
      isHead: row.is_head === null ? (raylet?.isHead ?? null) : row.is_head === 1,
      state: row.end_ns !== null ? 'DEAD' : ended || row.alive_ns === null ? 'UNKNOWN' : 'ALIVE',
      resources: shownResources(row.resources),
      labels: parseMap<string>(row.labels),
      startNs: row.start_ns,
      endNs: row.end_ns,
      deathReason: orNull(row.death_reason),
      sharesHostWith: living
        .filter((other) => row.end_ns === null && other !== row && row.ip !== '' && other.ip === row.ip)
        .map((other) => orNull(other.name) ?? other.node_id),
      ...logical(raylet),
      ...ofHost(own, dcgm.get(row.hostname) ?? dcgm.get(row.name) ?? []),
    };
  });
  for (const raylets of hosts.values())
    for (const raylet of raylets.filter((one) => !claimed.has(one)))
      joined.push({
        session,
        nodeId: null,
        name: orNull(raylet.instance),
        ip: orNull(raylet.ip),
        isHead: raylet.isHead,
        state: 'ALIVE',
        resources: {},
        labels: {},
        startNs: null,
        endNs: null,
        deathReason: null,
        sharesHostWith: raylets.filter((other) => other !== raylet).map((other) => other.instance),
        ...logical(raylet),
        ...ofHost(raylets, []),
      });
  return joined;
}

/**
 * The target that is this node's among those of its address: the only one, or the one that agrees on being the head.
 * Null where two workers share an address: metrics do not tell them apart, so neither gets the other's logical resources.
 */
function ownRaylet(
  row: NodeRow,
  living: readonly NodeRow[],
  raylets: readonly NodeMeasurement[],
): NodeMeasurement | null {
  const neighbours = living.filter((other) => other.ip === row.ip);
  if (neighbours.length === 1 && raylets.length === 1) return raylets[0] ?? null;
  const isHead = row.is_head === 1;
  const alike = raylets.filter((raylet) => raylet.isHead === isHead);
  const rivals = neighbours.filter((other) => (other.is_head === 1) === isHead);
  return alike.length === 1 && rivals.length === 1 ? (alike[0] ?? null) : null;
}

const logical = (raylet: NodeMeasurement | null): Pick<NodeWireValue, 'cpu' | 'gpu'> => ({
  cpu: { used: raylet?.cpuAllocated ?? null, total: raylet?.cpuTotal ?? null },
  gpu: { used: raylet?.gpuAllocated ?? null, total: raylet?.gpuTotal ?? null },
});

function ofHost(
  raylets: readonly NodeMeasurement[],
  dcgm: readonly GpuMeasurement[],
): Pick<NodeWireValue, 'cpuUtilization' | 'memoryUsedBytes' | 'memoryTotalBytes' | 'gpus'> {
  const own = gpusOfHost(raylets);
  return {
    cpuUtilization: largest(raylets.map((raylet) => raylet.cpuUtilization)),
    memoryUsedBytes: largest(raylets.map((raylet) => raylet.memoryUsed)),
    memoryTotalBytes: largest(raylets.map((raylet) => raylet.memoryTotal)),
    gpus: (own.length > 0 ? own : dcgm).map((gpu) => ({
      index: gpu.index,
      name: gpu.name,
      utilization: gpu.utilization,
      memoryUsedBytes: gpu.memoryUsed,
      memoryTotalBytes: gpu.memoryTotal,
    })),
  };
}

/** Without Ray's markers (`node:192.0.2.2`, `node:__internal_head__`), which say nothing that the row does not. */
const shownResources = (json: string): Record<string, number> =>
  Object.fromEntries(Object.entries(parseMap<number>(json)).filter(([name]) => !name.startsWith('node:')));
