/** From the labels of an alert to what they name in the cluster: node, GPU, rank, worker, job, function. */
import type { AlertDetailWire } from '../../contract/alerts.ts';
import { ownValue } from '../../model/own-value.ts';
import type { LabelSet } from '../../model/series.ts';
import { addressAndName, gpuEvidence } from '../../sources/prometheus/target-labels.ts';
import { nodesAtAddress, rankOnGpu } from '../../store/queries/alert-entities.ts';
import type { Runtime } from '../runtime/runtime.ts';

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

/** What the labels say by themselves, as Ray, exporters of GPUs and NCCL Inspector spell it. Placeholders say nothing. */
export function entitiesOf(labels: LabelSet): Entities {
  const evidence = gpuEvidence(labels);
  const { ip, host } = addressAndName(evidence);
  return {
    cluster: evidence.cluster,
    session: evidence.session,
    nodeId: evidence.nodeId,
    nodeIp: ip,
    nodeName: host,
    gpu: evidence.index === null ? null : String(evidence.index),
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
  const reported = entitiesOf(labels);
  const { uuid } = gpuEvidence(labels);
  const { toNs } = window;
  const spansFrom = toNs - window.fromNs > LOOK_BACK_NS ? toNs - LOOK_BACK_NS : window.fromNs;
  const [nodes, ranks] = await Promise.all([
    reported.nodeId === null && (reported.nodeIp !== null || reported.nodeName !== null)
      ? runtime.engine.select(nodesAtAddress, {
          ip: reported.nodeIp ?? '',
          name: reported.nodeName ?? '',
          session: reported.session ?? '',
          cluster: reported.cluster ?? '',
          at: toNs,
          from: window.fromNs,
        })
      : [],
    (reported.gpu !== null || uuid !== null) && reported.rank === null
      ? runtime.engine.select(rankOnGpu, {
          uuid: uuid ?? '',
          gpu: reported.gpu ?? '',
          host: reported.nodeName ?? '',
          from: spansFrom,
          to: toNs,
        })
      : [],
  ]);
  const node = nodes[0];
  const rank = ranks[0];
  return {
    ...reported,
    cluster: reported.cluster ?? node?.cluster ?? null,
    session: reported.session ?? node?.session ?? null,
    nodeId: reported.nodeId ?? (node && node.sharing === 1 ? node.node_id : null),
    nodeIp: reported.nodeIp ?? node?.ip ?? null,
    nodeName: reported.nodeName ?? (node && node.name !== '' ? node.name : null),
    rank: reported.rank ?? rank?.rank ?? null,
    workerId: reported.workerId ?? (rank?.worker_id || null),
    jobId: reported.jobId ?? (rank?.job_id || null),
  };
}
