/** From the labels of an alert to what they name in the cluster: node, GPU, rank, worker, job, function. */
import type { AlertDetailWire } from '../contract/alerts.ts';
import { ownValue } from '../model/own-value.ts';
import type { LabelSet } from '../model/series.ts';
import { nodesAtAddress, rankOnGpu } from '../store/queries/alert-entities.ts';
import { clusterOf } from './alert-join.ts';
import type { Runtime } from './runtime.ts';

type Entities = AlertDetailWire['entities'];
/** Spans are looked for no further back than this: a rank writes them all the time. */
const LOOK_BACK_NS = 600_000_000_000n;

const first = (labels: LabelSet, ...names: string[]): string | null => {
  for (const name of names) {
    const value = ownValue(labels, name);
    if (value) return value;
  }
  return null;
};

/** What the labels say by themselves, as Ray, dcgm-exporter and NCCL Inspector spell it. */
export function entitiesOf(labels: LabelSet): Entities {
  const address = first(labels, 'ip', 'NodeAddress');
  const instance = labels.instance?.replace(/:\d+$/, '') ?? null;
  const numeric = instance !== null && /^[\d.]+$/.test(instance);
  return {
    cluster: clusterOf(labels),
    session: first(labels, 'SessionName'),
    nodeId: first(labels, 'NodeId'),
    nodeIp: address ?? (numeric ? instance : null),
    nodeName: first(labels, 'node', 'Hostname', 'hostname', 'exported_node') ?? (numeric ? null : instance),
    gpu: first(labels, 'gpu', 'GpuIndex')?.replace(/^GPU/, '') ?? null,
    rank: first(labels, 'rank', 'ray_train_worker_world_rank'),
    workerId: first(labels, 'WorkerId'),
    jobId: first(labels, 'JobId'),
    function: first(labels, 'Name'),
  };
}

/**
 * The same, completed from the store: the node at that address at that time, and the rank that used the GPU. What cannot be
 * told apart (two raylets on one address) stays null. Rejects where the store does.
 */
export async function resolveEntities(
  runtime: Runtime,
  labels: LabelSet,
  window: { readonly fromNs: bigint; readonly toNs: bigint },
): Promise<Entities> {
  const told = entitiesOf(labels);
  const { toNs } = window;
  const spansFrom = toNs - window.fromNs > LOOK_BACK_NS ? toNs - LOOK_BACK_NS : window.fromNs;
  const [nodes, ranks] = await Promise.all([
    told.nodeId === null && (told.nodeIp !== null || told.nodeName !== null)
      ? runtime.engine.select(nodesAtAddress, {
          ip: told.nodeIp ?? '',
          name: told.nodeName ?? '',
          session: told.session ?? '',
          cluster: told.cluster ?? '',
          at: toNs,
        })
      : [],
    told.gpu !== null && told.rank === null
      ? runtime.engine.select(rankOnGpu, {
          uuid: labels.UUID ?? labels.GpuUuid ?? '',
          gpu: told.gpu,
          host: told.nodeName ?? '',
          from: spansFrom,
          to: toNs,
        })
      : [],
  ]);
  const node = nodes[0];
  const rank = ranks[0];
  return {
    ...told,
    cluster: told.cluster ?? node?.cluster ?? null,
    session: told.session ?? node?.session ?? null,
    nodeId: told.nodeId ?? (node && node.sharing === 1 ? node.node_id : null),
    nodeIp: told.nodeIp ?? node?.ip ?? null,
    nodeName: told.nodeName ?? (node && node.name !== '' ? node.name : null),
    rank: told.rank ?? rank?.rank ?? null,
    workerId: told.workerId ?? (rank?.worker_id || null),
    jobId: told.jobId ?? (rank?.job_id || null),
  };
}
