/** What NCCL Inspector's textfile mode writes for a node (inspector_prom.cc, since NCCL 2.30): untyped, no rank label. */

import {
  type AllReduce,
  busBandwidth,
  type CommunicatorKind,
  healthyPeriod,
  planOf,
  ranksOf,
  stageOf,
  stepAt,
  trainingStep,
} from '../jobs/training.ts';
import { GPUS_PER_NODE, nodeAt, runAt, type World } from '../world/model.ts';
import type { Sample } from './exposition.ts';

/** Inspector's shortest dump interval for Prometheus, ms; a run whose steps are longer dumps once in a step. */
const SHORTEST_WINDOW = 30_000;

const COMMUNICATORS: readonly { kind: CommunicatorKind; size: string }[] = [
  { kind: 'dp', size: '2-3GB' },
  { kind: 'tp', size: '64-65MB' },
];

/** Name of a communicator as a rank of this node sees it. */
export function communicatorName(world: World, kind: CommunicatorKind, node: number): string {
  const { prefix } = world.training;
  if (kind === 'tp') return `${prefix}tp-${node}`;
  return world.stages === 1 ? `${prefix}dp` : `${prefix}dp-${stageOf(world, node)}`;
}

/**
 * Samples of one node: means over the operations that ended in the last whole window before `time` (Unix ms). In a hang nothing
 * ends, and Inspector's files stay as they are.
 */
export function collectiveMetrics(whole: World, nodeIndex: number, time: number): Sample[] {
  const world = runAt(whole, time);
  const node = nodeAt(world, nodeIndex);
  const { hang } = world.faults;
  const window = Math.max(SHORTEST_WINDOW, healthyPeriod(world));
  const end = Math.floor((hang === null ? time : Math.min(time, hang.start + window)) / window) * window;
  const steps = [];
  for (let step = Math.max(0, stepAt(world, end - window)); step <= stepAt(world, end); step += 1) {
    steps.push(trainingStep(world, step));
  }
  const samples: Sample[] = [];
  for (let gpu = 0; gpu < GPUS_PER_NODE; gpu += 1) {
    const rank = nodeIndex * GPUS_PER_NODE + gpu;
    for (const communicator of COMMUNICATORS) {
      const operations = steps
        .map((ranks): AllReduce | undefined => ranks[rank]?.[communicator.kind])
        .filter((one): one is AllReduce => one !== undefined && one.end >= end - window && one.end < end);
      if (operations.length === 0) continue;
      const plan = planOf(world, communicator.kind);
      const labels = {
        version: 'v5.1',
        slurm_job_id: '0',
        node: node.name,
        gpu: `GPU${gpu}`,
        comm_name: communicatorName(world, communicator.kind, nodeIndex),
        n_nodes: String(ranksOf(world, communicator.kind) / GPUS_PER_NODE),
        nranks: String(ranksOf(world, communicator.kind)),
        collective: 'AllReduce',
        message_size: communicator.size,
        algo_proto: `${plan.algorithm}_${plan.protocol.toLowerCase()}`,
      };
      const durations = operations.map((one) => one.end - one.arrival);
      const mean = durations.reduce((sum, ms) => sum + ms, 0) / durations.length;
      const logs = durations.reduce((sum, ms) => sum + Math.log(busBandwidth(world, communicator.kind, ms) / 1e9), 0);
      const bandwidth = Math.exp(logs / durations.length);
      const untyped = { type: 'untyped', help: '', labels } as const;
      samples.push({ ...untyped, name: 'nccl_bus_bandwidth_gbs', value: Number(bandwidth.toFixed(6)) });
      samples.push({
        ...untyped,
        name: 'nccl_collective_exec_time_microseconds',
        value: Number((mean * 1000).toFixed(3)),
      });
    }
  }
  return samples;
}
