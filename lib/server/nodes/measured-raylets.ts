/**
 * Endpoints as the raylets they measure, told apart by lib/model/identity as in the heat map: two ports of one raylet, two jobs that scrape
 * it and a restart on a new port are one measurement, two raylets on one address stay two.
 */
import { largest } from '../../model/extremes.ts';
import { locationOf, type NodeEvidence } from '../../model/identity/evidence.ts';
import { nodeThings } from '../../model/identity/node-things.ts';
import type { Sighting } from '../../model/identity/sighting.ts';
import type { NodeMeasurement } from '../../model/node-measurement.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import { nodeEvidence } from '../../sources/prometheus/target-labels.ts';

interface Endpoint extends Sighting<NodeEvidence> {
  readonly node: NodeMeasurement;
}

/** What only has to be asked where an address has several endpoints. */
export interface EndpointHistory {
  /** Per endpoint (`endpointKey`) whether it was measured in each minute before now, oldest first, all equally long. */
  readonly minutes: ReadonlyMap<string, readonly (number | null)[]>;
  /** How many raylets lived at once at an address, as Ray told; 0: it told of none. */
  readonly raylets: (evidence: NodeEvidence) => number;
}

export const endpointKey = (session: string, instance: string): string => `${session}\n${instance}`;

const evidenceOf = ({ labels, isHead }: NodeMeasurement): NodeEvidence => ({ ...nodeEvidence(labels), isHead });

/** One measurement per raylet, in the order of `endpoints`. Takes turns of the event loop; rejects as `history` does. */
export async function measuredRaylets(
  endpoints: readonly NodeMeasurement[],
  history: () => Promise<EndpointHistory>,
): Promise<readonly NodeMeasurement[]> {
  const evidence = endpoints.map(evidenceOf);
  if (!areSeveralAtOne(evidence)) return endpoints;
  const { minutes, raylets } = await history();
  const width = minutes.values().next().value?.length ?? 1;
  const never = new Array<null>(width).fill(null);
  const sightings = endpoints.map(
    (node, i): Endpoint => ({
      evidence: evidence[i] as NodeEvidence,
      node,
      source: 'ray',
      rank: 0,
      capacity: null,
      values: minutes.get(endpointKey(node.session, node.instance)) ?? never,
    }),
  );
  const found: NodeMeasurement[] = [];
  await inSlices(
    nodeThings(sightings, () => true, raylets),
    (thing) => {
      if (thing === null) return;
      const newest = thing.parts.find((part) => part.evidence === thing.evidence);
      const parts = [...(newest ? [newest] : []), ...thing.parts.filter((part) => part !== newest)] as Endpoint[];
      found.push(merged(parts.map(({ node }) => node)));
    },
  );
  const order = new Map(endpoints.map(({ session, instance }, i) => [endpointKey(session, instance), i]));
  const indexIn = ({ session, instance }: NodeMeasurement): number => order.get(endpointKey(session, instance)) ?? 0;
  return found.sort((a, b) => indexIn(a) - indexIn(b));
}

/** Whether an address has more endpoints than its roles tell apart. */
function areSeveralAtOne(evidence: readonly NodeEvidence[]): boolean {
  const seen = new Map<string, { endpoints: number; readonly roles: Set<boolean> }>();
  for (const one of evidence) {
    const key = `${one.session ?? ''}\n${one.ip ?? locationOf(one)}`;
    const here = seen.get(key) ?? { endpoints: 0, roles: new Set<boolean>() };
    seen.set(key, here);
    here.endpoints += 1;
    if (one.isHead !== null) here.roles.add(one.isHead);
  }
  return [...seen.values()].some(({ endpoints, roles }) => endpoints > Math.max(1, roles.size));
}

/** Of one raylet, the newest endpoint first: its values, and what it does not tell from the others. */
function merged(parts: readonly NodeMeasurement[]): NodeMeasurement {
  const newest = parts[0] as NodeMeasurement;
  if (parts.length === 1) return newest;
  const first = <Key extends keyof NodeMeasurement>(key: Key): NodeMeasurement[Key] =>
    (parts.find((part) => part[key] !== null) ?? newest)[key];
  // What is used and what there is are of one endpoint: those of two were scraped at different times.
  const cpu = parts.find(({ cpuTotal }) => cpuTotal !== null) ?? newest;
  const gpu = parts.find(({ gpuTotal }) => gpuTotal !== null) ?? newest;
  const times = parts.flatMap(({ sampled }) => sampled ?? []);
  return {
    ...newest,
    instances: parts.flatMap(({ instances }) => instances),
    isHead: first('isHead'),
    rayVersion: first('rayVersion'),
    sampled: times.length === 0 ? null : (largest(times) as NodeMeasurement['sampled']),
    cpuUtilization: first('cpuUtilization'),
    cpuCount: first('cpuCount'),
    memoryUsed: first('memoryUsed'),
    memoryTotal: first('memoryTotal'),
    cpuAllocated: cpu.cpuAllocated,
    cpuTotal: cpu.cpuTotal,
    gpuAllocated: gpu.gpuAllocated,
    gpuTotal: gpu.gpuTotal,
    gpus: parts.find(({ gpus }) => gpus.length > 0)?.gpus ?? [],
  };
}
