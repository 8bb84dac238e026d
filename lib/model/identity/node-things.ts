/**
 * Which series are of one node. A raylet is its session and its node id; where metrics do not tell the id: its session, its address and
 * its metrics endpoint, whose port a restart may change. A host is its name, else its address.
 *
 *   one raylet, a label more      same session, address, port, role                                   one row
 *   restarted on a new port       same session, address, role, one after the other                    one row
 *   two raylets on one address    other role or node id, or two ports at once                         two rows
 *   one raylet scraped twice      two ports at once, but Ray told of one raylet at this address       one row
 *   two clusters on one address   other session, or another value of a label that names the cluster   two rows
 */
import { locationOf, type NodeEvidence } from './evidence.ts';
import { apart, areAtOnce, type Sighting, type Thing, thingOf } from './sighting.ts';

type Seen = Sighting<NodeEvidence>;
export interface NodeThing extends Thing<NodeEvidence> {
  readonly isRaylet: boolean;
}

/** More endpoints than this at one address of one session are not compared with each other. */
const MOST_ENDPOINTS = 64;

/**
 * `raylets`: how many raylets Ray told of at an address in a session that lived at once; 0 where it told of none. Yields null after
 * each step, so that the caller may take turns, and the things.
 */
export function* nodeThings(
  sightings: Iterable<Seen>,
  isRaylet: (sighting: Seen) => boolean,
  raylets: (evidence: NodeEvidence) => number,
): Generator<NodeThing | null> {
  const groups = new Map<string, Seen[]>();
  for (const sighting of sightings) {
    const { evidence } = sighting;
    const key = isRaylet(sighting)
      ? `raylet\n${evidence.session ?? ''}\n${evidence.ip ?? locationOf(evidence)}`
      : `host\n${sighting.source}\n${locationOf(evidence)}`;
    const group = groups.get(key);
    if (group) group.push(sighting);
    else groups.set(key, [sighting]);
    yield null;
  }
  for (const [key, group] of groups) {
    const raylet = key.startsWith('raylet');
    const named = group[0]?.evidence.host !== null;
    // A session is of one cluster, whatever its series are labelled.
    for (const inScope of raylet && group[0]?.evidence.session ? [group] : yield* byScope(group, named))
      for (const parts of raylet ? yield* byRaylet(inScope, raylets) : [inScope])
        yield { ...thingOf(parts), isRaylet: raylet };
  }
}

/** Sightings apart by every label that names a cluster: at once, or at any time where only an address says that they are one. */
export function* byScope<Part extends Sighting<NodeEvidence>>(
  parts: readonly Part[],
  named: boolean,
): Generator<null, readonly (readonly Part[])[]> {
  if (parts.length < 2) return [parts];
  const labels = new Set<string>();
  for (const { evidence } of parts) for (const label of evidence.scope.keys()) labels.add(label);
  let groups: readonly (readonly Part[])[] = [parts];
  for (const label of labels) {
    const next: (readonly Part[])[] = [];
    for (const group of groups)
      for (const own of yield* apart(group, ({ evidence }) => evidence.scope.get(label) ?? null, named)) next.push(own);
    groups = next;
  }
  return groups;
}

const portOf = (instance: string): string => /:(\d+)$/.exec(instance)?.[1] ?? instance;

/** Sightings of one address and session: one group per raylet. */
function* byRaylet(
  parts: readonly Seen[],
  raylets: (evidence: NodeEvidence) => number,
): Generator<null, readonly (readonly Seen[])[]> {
  const found: (readonly Seen[])[] = [];
  for (const ofId of yield* apart(parts, ({ evidence }) => evidence.nodeId, false))
    for (const group of yield* apart(
      ofId,
      ({ evidence: { isHead } }) => (isHead === null ? null : String(isHead)),
      false,
    )) {
      const endpoints = new Map<string, Seen[]>();
      for (const part of group) {
        const port = portOf(part.evidence.instance);
        const own = endpoints.get(port);
        if (own) own.push(part);
        else endpoints.set(port, [part]);
        yield null;
      }
      const evidence = group[0]?.evidence;
      const isOne = endpoints.size < 2 || evidence === undefined || evidence.nodeId !== null || raylets(evidence) === 1;
      const all = [...endpoints.values()];
      for (const own of isOne ? [group] : all.length > MOST_ENDPOINTS ? all : restarts(all)) found.push(own);
    }
  return found;
}

/** Endpoints that follow one another are one raylet that was restarted. */
function restarts(endpoints: readonly (readonly Seen[])[]): readonly (readonly Seen[])[] {
  const things: Seen[][] = [];
  for (const endpoint of endpoints) {
    const before = things.find((thing) => !areAtOnce([thing, endpoint]));
    if (before) before.push(...endpoint);
    else things.push([...endpoint]);
  }
  return things;
}
