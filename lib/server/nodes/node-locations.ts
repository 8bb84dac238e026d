/** Where a series was measured, joined with the nodes that Ray told of: by address, name and host name, and when they lived. */
import { largest } from '../../model/extremes.ts';
import type { NodeEvidence } from '../../model/identity/evidence.ts';
import { addressAndName } from '../../sources/prometheus/target-labels.ts';
import type { NodeAddressRow } from '../../store/queries/node-addresses.ts';

export interface Location {
  /** The node of Ray's that it is; null where none or several fit. */
  readonly node: NodeAddressRow | null;
  readonly ip: string | null;
  readonly host: string | null;
  /** What rows are called by: the node's address, else its name, else the scrape target. */
  readonly address: string;
  /** How many other raylets lived there at the same time. */
  readonly shared: number;
}

export interface NodeLocations {
  readonly placeOf: (evidence: NodeEvidence) => Location;
  /** How many raylets of its session lived at an address at once, as Ray told; 0: Ray told of none. */
  readonly atOnce: (evidence: NodeEvidence) => number;
}

/** `nodes`: last seen first. */
export function createNodeLocations(nodes: readonly NodeAddressRow[]): NodeLocations {
  const byAddress = createNodeIndex((node) => [node.ip]);
  const byName = createNodeIndex((node) => new Set([node.name, node.hostname]));
  for (const node of nodes) {
    byAddress.add(node);
    byName.add(node);
  }
  const fits = cached((ip: string | null, host: string | null, { session, isHead, nodeId }: NodeEvidence) => {
    const there = new Set([...byAddress.get(ip, session), ...byName.get(host, session)]);
    const ofId = [...there].filter((node) => nodeId === null || node.node_id === nodeId);
    const byRole = isHead === null || ofId.length < 2 ? ofId : ofId.filter((node) => node.is_head === isHead);
    // Without a session label the address may have served several clusters; the one last seen is first.
    const ofOne = byRole.filter((node) => node.session === byRole[0]?.session);
    return { first: ofOne[0] ?? null, living: mostAtOnce(ofOne) };
  });
  const atOnce = cached((ip, _host, { session }) => mostAtOnce(byAddress.get(ip, session)));
  return {
    placeOf(evidence) {
      const { ip, host } = addressAndName(evidence);
      const { first, living } = fits(ip, host, evidence);
      const named = evidence.host === null ? (ip ?? host ?? evidence.instance) : first?.ip || evidence.host;
      return {
        node: living < 2 ? first : null,
        ip: ip ?? first?.ip ?? null,
        host,
        address: evidence.ip ?? named,
        shared: Math.max(0, living - 1),
      };
    },
    atOnce: (evidence) => atOnce(addressAndName(evidence).ip, null, evidence),
  };
}

/** Nodes under each of their names, and under name and session. */
function createNodeIndex(namesOf: (node: NodeAddressRow) => Iterable<string>) {
  const lists = new Map<string, NodeAddressRow[]>();
  const put = (key: string, node: NodeAddressRow): void => {
    const list = lists.get(key);
    if (list) list.push(node);
    else lists.set(key, [node]);
  };
  return {
    add(node: NodeAddressRow): void {
      for (const name of namesOf(node)) {
        put(name, node);
        put(`${name}\n${node.session}`, node);
      }
    },
    get: (name: string | null, session: string | null): readonly NodeAddressRow[] =>
      name === null ? [] : (lists.get(session === null ? name : `${name}\n${session}`) ?? []),
  };
}

/** GPUs of one host, and endpoints of one address, are at one place. */
function cached<Value>(
  make: (ip: string | null, host: string | null, evidence: NodeEvidence) => Value,
): (ip: string | null, host: string | null, evidence: NodeEvidence) => Value {
  const made = new Map<string, { readonly value: Value }>();
  return (ip, host, evidence) => {
    const { session, isHead, nodeId } = evidence;
    const key = JSON.stringify([ip, host, session, isHead, nodeId]);
    const known = made.get(key) ?? { value: make(ip, host, evidence) };
    made.set(key, known);
    return known.value;
  };
}

/** How many of them lived at once, at most; one whose end was not told lives on. */
function mostAtOnce(nodes: readonly NodeAddressRow[]): number {
  if (nodes.length < 2) return nodes.length;
  const changes = nodes.flatMap((node) => [
    { at: BigInt(node.start_ns ?? 0), by: 1 },
    ...(node.end_ns === null ? [] : [{ at: BigInt(node.end_ns), by: -1 }]),
  ]);
  // An end counts before a beginning at the same time.
  changes.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.by - b.by));
  let living = 0;
  return largest(changes.map(({ by }) => (living += by)));
}
