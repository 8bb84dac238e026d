/**
 * Nodes as Ray told them, joined with what their hosts measure. A measurement names an address and says whether it is the
 * head's; raylets that share an address share their host, and its values stand at each of them, marked so.
 */
import type { NodeWireValue } from '../../contract/clusters.ts';
import { largestKnown } from '../../model/extremes.ts';
import type { GpuMeasurement, NodeMeasurement } from '../../model/node-measurement.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import type { NodeRow } from '../../store/queries/cluster-members.ts';
import { byHost, gpusOfHost } from './cluster-measurements.ts';
import { grouped } from './known-clusters.ts';

const orNull = (text: string): string | null => (text === '' ? null : text);
const parseMap = <Value>(json: string): Record<string, Value> =>
  json === '' ? {} : (JSON.parse(json) as Record<string, Value>);

/** GPUs of one host that are shown; no host has more. */
const MOST_GPUS = 256;

interface Joined {
  readonly session: string;
  readonly rows: readonly NodeRow[];
  readonly measured: readonly NodeMeasurement[];
  /** GPUs by host name, for hosts whose raylet measures none. */
  readonly dcgm: ReadonlyMap<string, readonly GpuMeasurement[]>;
  /** The cluster has ended: nodes that did not tell their end are not known to live. */
  readonly ended: boolean;
}

/** Nodes of the store first, in their order; then those that only metrics know. Takes turns of the event loop. */
export async function joinNodes({ session, rows, measured, dcgm, ended }: Joined): Promise<NodeWireValue[]> {
  const hosts = new Map(byHost(measured).map((raylets) => [raylets[0]?.ip || `\n${raylets[0]?.instance}`, raylets]));
  const livingAt = grouped(
    rows.filter((row) => row.end_ns === null),
    (row) => row.ip,
  );
  const claimed = new Set<string>();
  // Of a host that many raylets share everything is made once.
  const hostOf = onceFor((ip: string) => ofHost(hosts.get(ip) ?? []));
  const headsOf = onceFor((ip: string) => ({
    raylets: grouped(hosts.get(ip) ?? [], (one) => String(one.isHead)),
    rows: grouped(livingAt.get(ip) ?? [], (one) => String(one.is_head === 1)),
  }));
  const joined: NodeWireValue[] = [];
  await inSlices(rows, (row) => {
    const own = row.end_ns === null ? (hosts.get(row.ip) ?? []) : [];
    const neighbours = row.end_ns === null ? (livingAt.get(row.ip) ?? []) : [];
    const raylet = own.length === 0 ? null : ownRaylet(row, neighbours, own, headsOf(row.ip));
    if (own.length > 0) claimed.add(row.ip);
    const host = own.length > 0 ? hostOf(row.ip) : NOTHING;
    joined.push({
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
      sharesHostWith: row.ip === '' ? [] : others(neighbours, row).map((other) => orNull(other.name) ?? other.node_id),
      ...logical(raylet),
      ...host,
      ...(host.gpus.length > 0 ? {} : { gpus: gpusWire(dcgm.get(row.hostname) ?? dcgm.get(row.name) ?? []) }),
    });
  });
  await inSlices(hosts, ([ip, raylets]) => {
    if (claimed.has(ip)) return;
    const host = ofHost(raylets);
    for (const raylet of raylets)
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
        sharesHostWith: others(raylets, raylet).map((other) => other.instance),
        ...logical(raylet),
        ...host,
      });
  });
  return joined;
}

/** Neighbours that are named of one that has many. */
const MOST_NEIGHBOURS = 16;
const others = <Item>(items: readonly Item[], own: Item): Item[] =>
  items
    .slice(0, MOST_NEIGHBOURS + 1)
    .filter((item) => item !== own)
    .slice(0, MOST_NEIGHBOURS);

function onceFor<Value>(make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/**
 * The target that is this node's among those of its address: the only one, or the one that agrees on being the head.
 * Null where two workers share an address: metrics do not tell them apart, so neither gets the other's logical resources.
 */
function ownRaylet(
  row: NodeRow,
  neighbours: readonly NodeRow[],
  raylets: readonly NodeMeasurement[],
  byRole: {
    readonly raylets: ReadonlyMap<string, readonly NodeMeasurement[]>;
    readonly rows: ReadonlyMap<string, readonly NodeRow[]>;
  },
): NodeMeasurement | null {
  if (neighbours.length === 1 && raylets.length === 1) return raylets[0] ?? null;
  const role = String(row.is_head === 1);
  const alike = byRole.raylets.get(role) ?? [];
  const rivals = byRole.rows.get(role) ?? [];
  return alike.length === 1 && rivals.length === 1 ? (alike[0] ?? null) : null;
}

const logical = (raylet: NodeMeasurement | null): Pick<NodeWireValue, 'cpu' | 'gpu'> => ({
  cpu: { used: raylet?.cpuAllocated ?? null, total: raylet?.cpuTotal ?? null },
  gpu: { used: raylet?.gpuAllocated ?? null, total: raylet?.gpuTotal ?? null },
});

type HostWire = Pick<NodeWireValue, 'cpuUtilization' | 'memoryUsedBytes' | 'memoryTotalBytes' | 'gpus'>;
const NOTHING: HostWire = { cpuUtilization: null, memoryUsedBytes: null, memoryTotalBytes: null, gpus: [] };

function ofHost(raylets: readonly NodeMeasurement[]): HostWire {
  return {
    cpuUtilization: largestKnown(raylets.map((raylet) => raylet.cpuUtilization)),
    memoryUsedBytes: largestKnown(raylets.map((raylet) => raylet.memoryUsed)),
    memoryTotalBytes: largestKnown(raylets.map((raylet) => raylet.memoryTotal)),
    gpus: gpusWire(gpusOfHost(raylets)),
  };
}

const gpusWire = (gpus: readonly GpuMeasurement[]): NodeWireValue['gpus'] =>
  gpus.slice(0, MOST_GPUS).map((gpu) => ({
    index: gpu.index,
    name: gpu.name,
    utilization: gpu.utilization,
    memoryUsedBytes: gpu.memoryUsed,
    memoryTotalBytes: gpu.memoryTotal,
  }));

/** Without Ray's markers (`node:192.0.2.2`, `node:__internal_head__`), which say nothing that the row does not. */
const shownResources = (json: string): Record<string, number> =>
  Object.fromEntries(Object.entries(parseMap<number>(json)).filter(([name]) => !name.startsWith('node:')));
