/** OTLP/JSON spans of requests that a deployment answers, with one AllReduce of the prompt and one of the first and last token. */

import { messageBytes, OPERATIONS_OF_PASS, type Request, requestsBetween, requestTaskId } from '../jobs/serving.ts';
import { nanos } from '../world/attempt.ts';
import { actorId, gpuUuid, hex, trainWorker, unit, type World } from '../world/model.ts';
import { type AllReducePlan, planMs } from '../world/network.ts';
import { type AttributeValue, attributes, type OtlpSpan, type ResourceSpans, resource, SPAN_KIND } from './otlp.ts';

/** Operations are numbered anew from a multiple of this with each request: more than the longest has. */
const NUMBERS_OF_REQUEST = 100_000;
/** Kernels of the ranks start within this, ns. */
const ARRIVAL_SPREAD_NS = 900;

/** One AllReduce of all ranks, whose last kernel starts at `start` (Unix ms). */
interface Operation {
  readonly number: number;
  readonly start: number;
  readonly bytes: number;
  readonly plan: AllReducePlan;
  readonly parent: string;
}

/** A moment so many ns after a time in ms: kernels are told in ns, which a time in ms cannot hold. */
const nanosAfter = (time: number, ns: number): string => String(BigInt(nanos(time)) + BigInt(Math.round(ns)));

function operations(request: Request, prefill: string, decode: string): Operation[] {
  const step = (request.end - request.prefillEnd) / request.answer;
  const token = (index: number): Operation => ({
    number: OPERATIONS_OF_PASS * (1 + index),
    start: request.prefillEnd + step * (index + 0.5),
    bytes: messageBytes(request.together),
    plan: request.decode,
    parent: decode,
  });
  return [
    {
      number: 0,
      start: (request.start + request.prefillEnd) / 2 - planMs(request.prefill) / 2,
      bytes: messageBytes(request.prompt),
      plan: request.prefill,
      parent: prefill,
    },
    token(0),
    token(request.answer - 1),
  ];
}

function requestSpans(world: World, request: Request, application: string, route: string): ResourceSpans[] {
  const traceId = hex(16, world.seed, 120, request.index);
  const id = (which: number, rank = 0): string => hex(8, world.seed, 121, request.index, which, rank);
  const worker = trainWorker(world, 0);
  const ray = (rank: number): Record<string, AttributeValue> => ({
    'ray.worker_id': trainWorker(world, rank).workerId,
    'ray.job_id': world.jobs.train.jobId,
    'ray.node_id': trainWorker(world, rank).node.nodeId,
    'ray.actor_id': actorId(world, rank),
  });
  const phase = (
    which: number,
    name: string,
    kind: number,
    [start, end]: readonly [number, number],
    values: Record<string, AttributeValue>,
  ): OtlpSpan => ({
    traceId,
    spanId: id(which),
    ...(which === 0 ? {} : { parentSpanId: id(0) }),
    name,
    kind,
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: attributes({ ...values, ...ray(0), 'ray.task_id': requestTaskId(world, request.index) }),
    status: {},
  });
  const tokens = { 'gen_ai.usage.input_tokens': request.prompt, 'gen_ai.usage.output_tokens': request.answer };
  const allReduce = (operation: Operation, which: number, rank: number): OtlpSpan => {
    const arrivals = Array.from(
      { length: world.ranks },
      (_, one) => ARRIVAL_SPREAD_NS * unit(world.seed, 122, request.index, which, one),
    );
    const latest = Math.max(...arrivals);
    return {
      traceId,
      spanId: id(which, rank + 1),
      parentSpanId: operation.parent,
      name: 'all_reduce',
      kind: SPAN_KIND.INTERNAL,
      startTimeUnixNano: nanosAfter(operation.start, (arrivals[rank] ?? 0) - latest),
      endTimeUnixNano: nanosAfter(operation.start, planMs(operation.plan) * 1e6),
      attributes: attributes({
        op_type: 'AllReduce',
        rank,
        nranks: world.ranks,
        'nccl.pg_name': `${world.training.prefix}tp`,
        'nccl.comm_name': `${world.training.prefix}tp`,
        comm_id_hash: `0x${hex(8, world.seed, 123)}`,
        'nccl.seq': request.index * NUMBERS_OF_REQUEST + operation.number,
        'nccl.nnodes': 1,
        datatype: 'bfloat16',
        reduce_op: 'sum',
        'nccl.message.size_bytes': operation.bytes,
        'nccl.algorithm': operation.plan.algorithm,
        'nccl.library': 'rcclx',
        'nccl.timing_source': 'kernel_gpu',
        ...ray(rank),
      }),
      status: {},
    };
  };
  const reported = operations(request, id(1), id(2));
  return [
    {
      resource: resource('simulated-chat', worker.node.name, { 'process.pid': worker.pid }),
      scopeSpans: [
        {
          scope: { name: 'serve', version: '1.0.0' },
          spans: [
            phase(0, `POST ${route}`, SPAN_KIND.SERVER, [request.start, request.end], {
              'http.route': route,
              'serve.application': application,
              ...tokens,
            }),
            phase(1, 'prefill', SPAN_KIND.INTERNAL, [request.start, request.prefillEnd], { tokens: request.prompt }),
            phase(2, 'decode', SPAN_KIND.INTERNAL, [request.prefillEnd, request.end], {
              tokens: request.answer,
              'requests.together': request.together,
            }),
          ],
        },
      ],
    },
    ...Array.from(
      { length: world.ranks },
      (_, rank): ResourceSpans => ({
        resource: resource('simulated-chat', trainWorker(world, rank).node.name, {
          'process.pid': trainWorker(world, rank).pid,
          'hw.id': gpuUuid(world, 0, rank),
          'xray.rank': rank,
        }),
        scopeSpans: [
          {
            scope: { name: 'xray.collective', version: '1.0.0' },
            spans: reported.map((operation, index) => allReduce(operation, 3 + index, rank)),
          },
        ],
      }),
    ),
  ];
}

/** Spans of the sampled requests that end in [from, to), Unix ms. */
export function servingSpans(world: World, from: number, to: number): ResourceSpans[] {
  const { serving } = world;
  if (serving === null) return [];
  return requestsBetween(world, from, to)
    .filter(({ index, end }) => index % serving.oneIn === 0 && end >= from && end < to)
    .flatMap((request) => requestSpans(world, request, serving.application, serving.route));
}
