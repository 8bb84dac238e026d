/** Where a series was measured, joined with the nodes that Ray told of: by address, name and host name, and when they lived. */
import { largest } from '../../model/extremes.ts';
import type { NodeEvidence } from '../../model/identity/evidence.ts';
import { addressAndName } from '../../sources/prometheus/target-labels.ts';
import type { NodeAddressRow } from '../../store/queries/node-addresses.ts';
import { grouped } from '../known-clusters.ts';

export interface Place {
  /** The node of Ray's that it is; null where none or several fit. */
  readonly node: NodeAddressRow | null;
  readonly ip: string | null;
  readonly host: string | null;
  /** What rows are called by: the node's address, else its name, else the scrape target. */
  readonly address: string;
  /** How many other raylets lived there at the same time. */
  readonly shared: number;
}

export interface NodePlaces {
  readonly placeOf: (evidence: NodeEvidence) => Place;
  /** How many raylets of its session lived at an address at once, as Ray told; 0: Ray told of none. */
  readonly atOnce: (evidence: NodeEvidence) => number;
}

/** `nodes`: last seen first. */
export function createNodePlaces(nodes: readonly NodeAddressRow[]): NodePlaces {
  const byAddress = grouped(nodes, (node) => node.ip);
  const byName = new Map<string, NodeAddressRow[]>();
  for (const node of nodes)
    for (const name of new Set([node.name, node.hostname])) {
      const own = byName.get(name);
      if (own) own.push(node);
      else byName.set(name, [node]);
    }
  const find = (evidence: NodeEvidence): Place => {
    const { ip, host } = addressAndName(evidence);
    const { session, isHead, nodeId } = evidence;
    const there = new Set([
      ...(ip === null ? [] : (byAddress.get(ip) ?? [])),
      ...(host === null ? [] : (byName.get(host) ?? [])),
    ]);
    const fits = [...there].filter(
      (node) => (session === null || node.session === session) && (nodeId === null || node.node_id === nodeId),
    );
    const byRole = isHead === null || fits.length < 2 ? fits : fits.filter((node) => node.is_head === isHead);
    // Without a session label the address may have served several clusters; the one last seen is first.
    const ofOne = byRole.filter((node) => node.session === byRole[0]?.session);
    const living = mostAtOnce(ofOne);
    const first = ofOne[0];
    return {
      node: first && living < 2 ? first : null,
      ip: ip ?? first?.ip ?? null,
      host,
      address: evidence.ip ?? (evidence.host !== null ? first?.ip || evidence.host : (ip ?? host ?? evidence.instance)),
      shared: Math.max(0, living - 1),
    };
  };
  const places = new Map<string, Place>();
  return {
    placeOf(evidence) {
      // GPUs of one host are at one place.
      const { ip, host, instance, session, isHead, nodeId } = evidence;
      const key = JSON.stringify([ip, host, instance, session, isHead, nodeId]);
      const place = places.get(key) ?? find(evidence);
      places.set(key, place);
      return place;
    },
    atOnce(evidence) {
      const { ip } = addressAndName(evidence);
      const there = (ip === null ? undefined : byAddress.get(ip)) ?? [];
      return mostAtOnce(there.filter((node) => evidence.session === null || node.session === evidence.session));
    },
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
