/** OTLP/JSON spans of the simulated jobs: training steps with their collectives, and Ray's remote calls. */

import {
  type CommunicatorKind,
  isThrottled,
  MESSAGE_BYTES,
  planOf,
  type RankStep,
  ranksOf,
  stageOf,
  stepAt,
  stepStart,
  trainingStep,
  trainTaskId,
} from '../jobs/training.ts';
import { preprocessAttempts } from '../state/memory.ts';
import { type Attempt, nanos } from '../world/attempt.ts';
import { actorId, GPUS_PER_NODE, gpuUuid, hex, nodeAt, trainWorker, type World } from '../world/model.ts';
import { communicatorName } from './collective-metrics.ts';
import { type AttributeValue, attributes, type OtlpSpan, type ResourceSpans, resource, SPAN_KIND } from './otlp.ts';

const RAY_SCOPE = 'ray.util.tracing.tracing_helper';

function rankSpans(world: World, step: number, part: RankStep, traceId: string, rootId: string): ResourceSpans {
  const { rank } = part;
  const worker = trainWorker(world, rank);
  const { skew } = world.faults;
  const clock = skew?.node === worker.node.index ? skew.ms : 0;
  const id = (which: number): string => hex(8, world.seed, 101, step, rank, which);
  const ray = {
    'ray.task_id': trainTaskId(world, step, rank),
    'ray.worker_id': worker.workerId,
    'ray.job_id': world.jobs.train.jobId,
    'ray.node_id': worker.node.nodeId,
    'ray.actor_id': actorId(world, rank),
  };
  const within = { rank, 'ray.task_id': ray['ray.task_id'] };
  const span = (
    which: number,
    name: string,
    parent: string,
    start: number,
    end: number,
    values: Record<string, AttributeValue>,
  ): OtlpSpan => ({
    traceId,
    spanId: id(which),
    parentSpanId: parent,
    name,
    kind: SPAN_KIND.INTERNAL,
    startTimeUnixNano: nanos(start + clock),
    endTimeUnixNano: nanos(end + clock),
    attributes: attributes(values),
    status: {},
  });
  const allReduce = (which: number, kind: CommunicatorKind): OtlpSpan => {
    const comm = communicatorName(world, kind, worker.node.index);
    const ranks = ranksOf(world, kind);
    const plan = planOf(world, kind);
    return span(which, 'all_reduce', id(0), part[kind].arrival, part[kind].end, {
      op_type: 'AllReduce',
      // The rank inside the communicator, as NCCL counts it.
      rank: rank % ranks,
      nranks: ranks,
      world_size: world.ranks,
      'xray.global_rank': rank,
      'nccl.pg_name': comm,
      'nccl.comm_name': comm,
      comm_id_hash: `0x${hex(8, world.seed, 102, kind === 'dp' ? stageOf(world, worker.node.index) : 9 + worker.node.index)}`,
      'nccl.seq': step,
      'nccl.nnodes': ranks / GPUS_PER_NODE,
      datatype: 'bfloat16',
      reduce_op: 'sum',
      'nccl.message.size_bytes': MESSAGE_BYTES[kind],
      'nccl.algorithm': plan.algorithm,
      'nccl.protocol': plan.protocol,
      'nccl.timing_source': 'kernel_gpu',
      ...ray,
    });
  };
  // A span that never ends is never exported.
  const ended = (spans: readonly (readonly [end: number, span: () => OtlpSpan])[]): OtlpSpan[] =>
    spans.filter(([end]) => Number.isFinite(end)).map(([, make]) => make());
  return {
    resource: resource('simulated-trainer', worker.node.name, {
      'process.pid': worker.pid,
      'hw.id': gpuUuid(world, worker.node.index, rank % GPUS_PER_NODE),
      'xray.rank': rank,
    }),
    scopeSpans: [
      {
        scope: { name: 'train', version: '1.0.0' },
        spans: ended([
          [
            part.end,
            () =>
              span(0, 'train.step', rootId, part.start, part.end, {
                rank,
                world_size: world.ranks,
                'train.step': step,
                'gpu.index': rank % GPUS_PER_NODE,
                ...(isThrottled(world, rank, part.start) ? { 'gpu.clock_event': 'sw_thermal_slowdown' } : {}),
                ...ray,
              }),
          ],
          [part.forwardEnd, () => span(1, 'forward', id(0), part.start, part.forwardEnd, within)],
          [part.backwardEnd, () => span(3, 'backward', id(0), part.tp.end, part.backwardEnd, within)],
        ]),
      },
      {
        scope: { name: 'xray.collective', version: '1.0.0' },
        spans: ended([
          [part.tp.end, () => allReduce(2, 'tp')],
          [part.dp.end, () => allReduce(4, 'dp')],
        ]),
      },
    ],
  };
}

/** One training step as one trace: a driver span over a `train.step` per rank. */
export function stepSpans(world: World, step: number): ResourceSpans[] {
  const traceId = hex(16, world.seed, 100, step);
  const rootId = hex(8, world.seed, 100, step, 1);
  const ranks = trainingStep(world, step);
  const end = Math.max(...ranks.map((part) => part.end)) + 1;
  const root = (): ResourceSpans => ({
    resource: resource('simulated-trainer-driver', nodeAt(world, 0).name, {
      'process.pid': world.jobs.train.driverPid,
    }),
    scopeSpans: [
      {
        scope: { name: 'train', version: '1.0.0' },
        spans: [
          {
            traceId,
            spanId: rootId,
            name: 'train.global_step',
            kind: SPAN_KIND.INTERNAL,
            startTimeUnixNano: nanos(stepStart(world, step)),
            endTimeUnixNano: nanos(end),
            attributes: attributes({
              'train.step': step,
              'train.loss': Math.round((0.4 + 2.2 * Math.exp(-step / 900)) * 1e4) / 1e4,
              world_size: world.ranks,
              'ray.job_id': world.jobs.train.jobId,
            }),
            status: {},
          },
        ],
      },
    ],
  });
  return [
    ...(Number.isFinite(end) ? [root()] : []),
    ...ranks.map((part) => rankSpans(world, step, part, traceId, rootId)),
  ];
}

/** Steps of a run whose spans are sampled, and exported in [from, to), Unix ms: when the next begins, or would, where a rank hangs. */
export function stepsEnding(world: World, from: number, to: number): number[] {
  const { oneIn, allFrom } = world.training.sampling;
  const steps: number[] = [];
  for (let step = Math.max(0, stepAt(world, from) - 1); step <= stepAt(world, to); step += 1) {
    if (step % oneIn !== 0 && stepStart(world, step) < allFrom) continue;
    const end = stepStart(world, step + 1);
    if (end >= from && end < to) steps.push(step);
  }
  return steps;
}

function remoteSpans(world: World, attempt: Attempt): { producer: OtlpSpan | null; consumer: OtlpSpan | null } {
  const word = (start: number): number => Number.parseInt(attempt.taskId.slice(start, start + 8), 16);
  const traceId = hex(16, world.seed, 110, word(0), word(8));
  const parent = hex(8, world.seed, 111, word(0), word(8));
  const name = attempt.functionName;
  const shared = { 'ray.remote': 'function', 'ray.function': name, 'ray.job_id': attempt.jobId };
  const head = nodeAt(world, 0);
  const producer: OtlpSpan = {
    traceId,
    spanId: parent,
    name: `${name} ray.remote`,
    kind: SPAN_KIND.PRODUCER,
    startTimeUnixNano: nanos(attempt.submitted - 0.8),
    endTimeUnixNano: nanos(attempt.submitted),
    attributes: attributes({
      ...shared,
      'ray.pid': String(world.jobs.preprocess?.driverPid),
      'ray.node_id': head.nodeId,
    }),
    status: {},
  };
  const failure = attempt.failure;
  const consumer: OtlpSpan = {
    traceId,
    spanId: hex(8, world.seed, 112, word(0), word(8), attempt.attempt),
    parentSpanId: parent,
    name: `${name} ray.remote_worker`,
    kind: SPAN_KIND.CONSUMER,
    startTimeUnixNano: nanos(attempt.started + 0.7),
    endTimeUnixNano: nanos(attempt.ended - 0.2),
    attributes: attributes({
      ...shared,
      'ray.pid': String(attempt.worker.pid),
      'ray.node_id': attempt.worker.node.nodeId,
      'ray.worker_id': attempt.worker.workerId,
      'ray.task_id': attempt.taskId,
    }),
    ...(failure
      ? {
          events: [
            {
              timeUnixNano: nanos(attempt.ended - 0.2),
              name: 'exception',
              attributes: attributes({
                'exception.type': 'ValueError',
                'exception.message': failure.errorMessage.split('\n').at(-1) ?? '',
              }),
            },
          ],
        }
      : {}),
    status: failure ? { code: 2, message: failure.errorMessage.split('\n').at(-1) ?? '' } : {},
  };
  // A process killed for memory never ends its span, so nothing of it is exported.
  return {
    producer: attempt.attempt === 0 ? producer : null,
    consumer: failure?.errorType === 'OUT_OF_MEMORY' ? null : consumer,
  };
}

/** Ray's own spans (tracing hook) of the data job's attempts that end in [from, to). */
export function remoteCallSpans(world: World, from: number, to: number): ResourceSpans[] {
  const spans = new Map<string, OtlpSpan[]>();
  const put = (host: string, span: OtlpSpan | null): void => {
    if (!span) return;
    const list = spans.get(host) ?? [];
    spans.set(host, list);
    list.push(span);
  };
  for (const attempt of preprocessAttempts(world, from, to)) {
    if (attempt.ended < from || attempt.ended >= to) continue;
    const { producer, consumer } = remoteSpans(world, attempt);
    put(nodeAt(world, 0).name, producer);
    put(attempt.worker.node.name, consumer);
  }
  return [...spans].map(([host, list]) => ({
    resource: resource('simulated-preprocess', host, {}),
    scopeSpans: [{ scope: { name: RAY_SCOPE, version: '' }, spans: list }],
  }));
}
