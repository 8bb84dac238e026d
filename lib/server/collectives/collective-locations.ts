/** Where ranks are: hosts joined to Ray's nodes, GPU UUIDs to an index on a host, clusters to the nodes they consist of. */
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { type Milliseconds, milliseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import type { Window } from '../../model/window.ts';
import { gpuIdentityQuery, gpuIndexesByUuid } from '../../sources/prometheus/gpu-identity.ts';
import { nodeAddresses } from '../../store/queries/node-addresses.ts';
import { sessionClusters } from '../../store/queries/sessions.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface CollectiveScope {
  readonly window: Window;
  readonly cluster: string | null;
  /** Names and ids of the nodes a question is narrowed to; null: every node. */
  readonly nodes: { readonly ids: readonly string[]; readonly hosts: readonly string[] } | null;
  /** A node by id, name, host name or address; null where Ray never told of it. */
  readonly nodeOf: (name: string) => NodeLocation | null;
}
export interface NodeLocation {
  readonly nodeId: string;
  readonly ip: string;
  readonly name: string;
  readonly session: string;
  readonly cluster: string | null;
}

/** `session` narrows to its nodes, and Prometheus' series to its cluster. */
export async function collectiveScope(
  runtime: Runtime,
  requested: { from: bigint; to: bigint; cluster?: string | undefined; session?: string | undefined },
  window: Window,
): Promise<CollectiveScope> {
  const [newestFirst, clusters] = await Promise.all([
    runtime.engine.select(nodeAddresses, { session: '' }),
    sessionClusters(runtime.engine),
  ]);
  const rows = newestFirst.reverse();
  const cluster = requested.cluster ?? (requested.session ? (clusters.get(requested.session) ?? null) : null);
  const narrowed = requested.cluster !== undefined || requested.session !== undefined;
  const inside = rows.filter(
    (row) =>
      (requested.session === undefined || row.session === requested.session) &&
      (requested.cluster === undefined || clusters.get(row.session) === requested.cluster),
  );
  const byName = new Map<string, NodeLocation>();
  for (const row of inside) {
    const location = {
      nodeId: row.node_id,
      ip: row.ip,
      name: row.name || row.hostname || row.ip,
      session: row.session,
      cluster: clusters.get(row.session) ?? null,
    };
    for (const name of [row.node_id, row.name, row.hostname, row.ip]) if (name !== '') byName.set(name, location);
  }
  return {
    window,
    cluster,
    nodes: narrowed
      ? {
          ids: inside.map((row) => row.node_id),
          hosts: [...new Set(inside.flatMap((row) => [row.name, row.hostname, row.ip]).filter((name) => name !== ''))],
        }
      : null,
    nodeOf: (name) => byName.get(name) ?? null,
  };
}

/** Index on its host of every GPU that an exporter shows, by UUID; empty where Prometheus cannot say. */
export async function gpuIndexes(
  runtime: Runtime,
  window: Window,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  try {
    const { data } = await runtime.prometheus.instant(
      { name: 'gpu-identity', promql: gpuIdentityQuery(windowSeconds(window)), time: instantOf(window) },
      signal,
    );
    return gpuIndexesByUuid(data);
  } catch (error) {
    if (signal.aborted) throw error;
    return new Map();
  }
}

export const windowSeconds = (window: Window): number => Number((window.to - window.from) / 1_000_000_000n);
/** The end of the window, but never the future, of which nothing is known. */
export const instantOf = (window: Window): Milliseconds =>
  milliseconds(Math.min(nanosecondsToMilliseconds(window.to), Date.now()));

export const nothingMeasured = (source: string, message: string, whatToDo: string): SourceNoticeWire => ({
  source,
  kind: 'nothing-measured',
  message,
  whatToDo,
});
