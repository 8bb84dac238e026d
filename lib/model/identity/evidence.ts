/**
 * What one series says of the thing it was measured of. Only evidence is in here: placeholders are null (placeholder.ts), and labels
 * that say who used the thing (pod, container, job) are not identity.
 */
export interface PodName {
  readonly namespace: string | null;
  readonly name: string;
}

export interface NodeEvidence {
  /** Address that the exporter itself names, e.g. Ray's `ip`. */
  readonly ip: string | null;
  /** Name of the host that a label names. */
  readonly host: string | null;
  /** Scrape target as it stands, e.g. `10.0.0.1:9400`; '' where there is none. */
  readonly instance: string;
  /** The target without its port; null where it is the same on every machine. */
  readonly target: string | null;
  readonly session: string | null;
  /** Ray's node id. */
  readonly nodeId: string | null;
  /** Ray's IsHeadNode. */
  readonly isHead: boolean | null;
  /** Name of the cluster, for display. */
  readonly cluster: string | null;
  /** Labels that say which cluster, by their names: two values of one label are two clusters. */
  readonly scope: ReadonlyMap<string, string>;
  /** The pod that was scraped, where it is the thing itself (Ray). */
  readonly pod: PodName | null;
}

export interface GpuEvidence extends NodeEvidence {
  readonly uuid: string | null;
  /** Index on its host, or in its container. */
  readonly index: number | null;
  /** MIG instance, where the GPU is cut. */
  readonly slice: string | null;
}

/** Where it is, by the best that is told: a name, else an address. */
export const locationOf = ({ host, ip, target, instance }: NodeEvidence): string => host ?? ip ?? target ?? instance;

/** Whether no label of the scope has two values. */
export function isSameScope(a: NodeEvidence, b: NodeEvidence): boolean {
  for (const [label, value] of a.scope) {
    const other = b.scope.get(label);
    if (other !== undefined && other !== value) return false;
  }
  return true;
}
