/** One event of PyTorch's profiler as an OTLP span (JSON), with what it says of a collective in X-Ray's words. */

import { ownValue } from '../../model/own-value.ts';
import { ANNOTATED, type KinetoSpan, type KinetoSurvey } from './kineto-survey.ts';

type Value = string | number;

/** torch's names of element types, and how many bytes an element has. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float: 4,
  double: 8,
  half: 2,
  int: 4,
  long: 8,
  char: 1,
  bool: 1,
  short: 2,
  Float: 4,
  Double: 8,
  Half: 2,
  BFloat16: 2,
  Int: 4,
  Long: 8,
  Char: 1,
  Byte: 1,
  Bool: 1,
  Short: 2,
  Float8_e4m3fn: 1,
  Float8_e5m2: 1,
  'c10::BFloat16': 2,
  'c10::Half': 2,
  'unsigned char': 1,
  'long int': 8,
};
/** Collectives whose input is as large as what nccl-tests calls the size. */
const SIZE_IS_INPUT = /^(all_?reduce|broadcast|reduce)$/i;

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : null;

/** A collective in the attributes of lib/store/schema/collectives.ts; empty where the event is none, or lacks what tells it. */
export function collectiveAttributes(event: KinetoSpan, span: number, survey: KinetoSurvey): Record<string, Value> {
  const { args, cat, name } = event;
  const { rank } = survey;
  if (rank === null) return {};
  const common = { rank, 'xray.global_rank': rank };
  if (cat === 'kernel' && typeof args['Collective name'] === 'string') {
    const seq = numberOf(args.Seq);
    if (seq === null) return {};
    const elements = Math.max(numberOf(args['In msg nelems']) ?? 0, numberOf(args['Out msg nelems']) ?? 0);
    const bytes = elements * (ownValue(ELEMENT_BYTES, String(args.dtype)) ?? 0);
    const group = survey.groups.find((one) => one.pg_name === String(args['Process Group Name']));
    const within = group?.ranks.indexOf(rank) ?? -1;
    return {
      ...common,
      rank: within === -1 ? rank : within,
      op_type: args['Collective name'],
      'nccl.seq': seq,
      nranks: numberOf(args['Group size']) ?? group?.pg_size ?? survey.worldSize,
      'nccl.pg_name': String(args['Process Group Name'] ?? ''),
      ...(bytes > 0 ? { 'nccl.message.size_bytes': bytes } : {}),
    };
  }
  const [, , op] = ANNOTATED.exec(name) ?? [];
  const [group, another] = survey.groups;
  // Without a sequence in the event its order tells it, and that only where there is one group it can be of.
  if (op === undefined || cat !== 'user_annotation' || survey.hasCollectiveKernels || !group || another) return {};
  const seq = survey.order.get(span);
  if (seq === undefined) return {};
  const bytes = SIZE_IS_INPUT.test(op) ? inputBytes(args) : 0;
  return {
    ...common,
    op_type: op,
    'nccl.seq': seq,
    'xray.seq_from': 'order of the events',
    nranks: group.pg_size ?? survey.worldSize,
    'nccl.pg_name': group.pg_name,
    ...(bytes > 0 ? { 'nccl.message.size_bytes': bytes } : {}),
  };
}

/** Bytes of the first input, from `Input Dims` and `Input type`; 0 where they do not say. */
function inputBytes(args: KinetoSpan['args']): number {
  const [dims, types] = [args['Input Dims'], args['Input type']];
  const first: unknown = Array.isArray(dims) ? dims[0] : null;
  const type: unknown = Array.isArray(types) ? types[0] : null;
  if (!Array.isArray(first) || typeof type !== 'string') return 0;
  const elements = first.reduce<number>((product, size) => product * (numberOf(size) ?? 0), 1);
  return elements * (ownValue(ELEMENT_BYTES, type) ?? 0);
}

const attribute = (key: string, value: unknown): object => ({
  key,
  value:
    typeof value === 'number' && Number.isSafeInteger(value)
      ? { intValue: String(value) }
      : { stringValue: typeof value === 'string' ? value : JSON.stringify(value) },
});

/** `spanId` of a span's number. */
export function otlpSpan(
  event: KinetoSpan,
  span: number,
  survey: KinetoSurvey,
  traceId: string,
  spanId: (span: number) => string,
): object {
  const start = survey.baseNs + BigInt(Math.round(event.ts * 1000));
  const parent = survey.parent[span] ?? -1;
  const process = survey.processName(event.pid);
  const thread = survey.threadName(event.pid, event.tid);
  const attributes = {
    'kineto.category': event.cat,
    'thread.id': event.tid,
    // A stream's name does not say of which device it is.
    'thread.name': /^GPU/.test(process) ? `${process} ${thread}` : thread,
    ...Object.fromEntries(Object.entries(event.args).map(([key, value]) => [`kineto.${key}`, value])),
    ...collectiveAttributes(event, span, survey),
  };
  return {
    traceId,
    spanId: spanId(span),
    parentSpanId: parent === -1 ? '' : spanId(parent),
    name: event.name,
    kind: 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round(event.dur * 1000))),
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    links: (survey.links.get(span) ?? []).map((link) => ({
      traceId,
      spanId: spanId(link.span),
      attributes: [attribute('kineto.link', link.how)],
    })),
  };
}

/** Resource of all spans of a file: one service for all ranks, so that their collectives are one communicator's. */
export function otlpResource(survey: KinetoSurvey): object {
  const of = { 'service.name': 'torch', 'host.name': survey.host, 'xray.rank': survey.rank ?? '' };
  return {
    attributes: Object.entries(of)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => attribute(key, String(value))),
  };
}
