/**
 * Which clusters there are: sessions of the store and of Prometheus under the names that the operator, the ingest address
 * or KubeRay gave them. A session nobody named is a cluster of its own name.
 */
import type { NodeMeasurement } from '../../model/node-measurement.ts';
import { ownValue } from '../../model/own-value.ts';
import type { LabelSet } from '../../model/series.ts';
import type { SeenSessionRow } from '../../store/queries/clusters.ts';
import type { ClusterConfig } from '../runtime/config.ts';
import type { RaySource } from '../runtime/ray-source.ts';

export interface KnownSession {
  readonly session: string;
  /** Null: metrics know it, the store does not. */
  readonly stored: SeenSessionRow | null;
  readonly measured: readonly NodeMeasurement[];
  /** Sources that know it now or knew it. */
  readonly heardFrom: readonly string[];
}

export interface KnownCluster {
  readonly name: string;
  readonly config: ClusterConfig | null;
  /** Newest first; empty: configured, never heard. */
  readonly sessions: readonly KnownSession[];
}

/** True where every label of the matcher is there with that value; an empty matcher matches nothing. */
export function labelsMatch(matcher: LabelSet, labels: LabelSet): boolean {
  const wanted = Object.entries(matcher);
  return wanted.length > 0 && wanted.every(([name, value]) => ownValue(labels, name) === value);
}

/** The name series give their cluster: as configured, else KubeRay's label; null where they give none. */
export function nameOfLabels(labels: LabelSet, configured: readonly ClusterConfig[]): string | null {
  const match = configured.find((cluster) => labelsMatch(cluster.matchLabels, labels));
  return match?.name ?? (labels.ray_io_cluster || null);
}

export function knownClusters(
  stored: readonly SeenSessionRow[],
  measured: readonly NodeMeasurement[],
  configured: readonly ClusterConfig[],
  rays: readonly Pick<RaySource, 'cluster' | 'sessions'>[],
): KnownCluster[] {
  const rows = new Map(stored.map((row) => [row.session, row]));
  const samples = grouped(measured, (node) => node.session);
  const configOf = new Map(configured.map((cluster) => [cluster.name, cluster]));
  const clusters = new Map<string, KnownSession[]>(configured.map((cluster) => [cluster.name, []]));
  const requestedOf = new Map<string, Pick<RaySource, 'cluster'>>();
  for (const ray of rays)
    for (const session of ray.sessions()) if (!requestedOf.has(session)) requestedOf.set(session, ray);
  // Sessions that only metrics know are the newest: the recorder writes them down within half a minute.
  const unknown = [...samples.keys()]
    .filter((session) => !rows.has(session))
    .sort()
    .reverse();
  for (const sessions of [unknown, rows.keys()])
    for (const session of sessions) {
      const row = rows.get(session) ?? null;
      const nodes = samples.get(session) ?? [];
      const requested = requestedOf.get(session);
      const name =
        row?.cluster || requested?.cluster || (nodes[0] && nameOfLabels(nodes[0].labels, configured)) || session;
      const seenFrom = new Set(row?.sources ?? []);
      if (nodes.length > 0) seenFrom.add('prometheus');
      if (requested) seenFrom.add('state-api');
      const known: KnownSession = { session, stored: row, measured: nodes, heardFrom: [...seenFrom].sort() };
      const sessionsOf = clusters.get(name);
      if (sessionsOf) sessionsOf.push(known);
      else clusters.set(name, [known]);
    }
  return [...clusters].map(([name, sessions]) => ({ name, config: configOf.get(name) ?? null, sessions }));
}

/** Items by key, in their order. */
export function grouped<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
