/**
 * What one event of a trace says of a collective. Three kinds of events do (torch ParamCommsUtils.hpp, ProcessGroupNCCL.cpp, kineto
 * MetadataFieldCatalog.h):
 *
 *   kernel      ncclDevKernel_AllReduce_Sum_f32_RING_LL   the operation itself, with arguments since torch 2.2
 *   comms       record_param_comms                        the call, with the same arguments, or as `Concrete Inputs` before
 *   annotation  nccl:all_reduce                           of NCCL the launch; of gloo and MPI, which run on the CPU, the operation
 */
import { collectiveOp, type NamedOp } from '../../../model/collective-names.ts';
import { ownValue } from '../../../model/own-value.ts';
import type { GroupNames, NamedGroup } from './group-names.ts';
import { type Args, type TraceEvent, wholeNumber } from './trace-event.ts';

export interface CollectiveEvent {
  readonly kind: 'kernel' | 'comms' | 'annotation';
  /** `nccl`, `gloo`; '' where the event does not say. */
  readonly backend: string;
  /** In the table of names, else as it is spelled; '' where the event does not say. */
  readonly op: NamedOp | string;
  /** The operation as the event spells it; '' where it does not. */
  readonly spelled: string;
  /** Message as nccl-tests counts it; 0 where unknown. */
  readonly bytes: number;
  /** `bytes` are those of one rank's part, of which the message has as many as the group has ranks. */
  readonly isPart: boolean;
  readonly group: NamedGroup | null;
  /** Decimal text. */
  readonly seq: string | null;
  readonly externalId: number | null;
}

/** torch's names of element types (c10/core/ScalarType.h, TypeMeta), and how many bytes an element has. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float: 4,
  double: 8,
  half: 2,
  int: 4,
  long: 8,
  char: 1,
  byte: 1,
  bool: 1,
  short: 2,
  bfloat16: 2,
  float8_e4m3fn: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  complexhalf: 4,
  complexfloat: 8,
  complexdouble: 16,
  'complex<float>': 8,
  'complex<double>': 16,
  'unsigned char': 1,
  'signed char': 1,
  'long int': 8,
};
/** Element types as kernels carry them in their names. */
const KERNEL_TYPES: readonly (readonly [RegExp, number])[] = [
  [/_(f32|float|u32|i32|uint32_t|int32_t)(_|$)/, 4],
  [/_(bf16|f16|half|__nv_bfloat16|hip_bfloat16)(_|$)/, 2],
  [/_(f64|double|u64|i64|uint64_t|int64_t)(_|$)/, 8],
  [/_(f8e4m3|f8e5m2)(_|$)/, 1],
];
const KERNEL = /^(?:void\s+)?(?:nccl|rccl|msccl)\w*Kernel/i;
const KERNEL_OP = /AllReduce|AllGather|ReduceScatter|Broadcast|SendRecv|All[Tt]oAll|Reduce(?![a-z])/;
const KERNEL_CATEGORIES = new Set(['kernel', 'Kernel']);
const ANNOTATION = /^([a-z]*ccl[a-z]*|gloo|mpi|ucc):(\w+)/;
/** Calls that are recorded like collectives and are none. */
const NOT_AN_OPERATION = /^(wait|init|groupStart|groupEnd|pointToPoint|startCoalescing|endCoalescing|shutdown|abort)$/;

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
const elementBytes = (type: unknown): number =>
  ownValue(
    ELEMENT_BYTES,
    text(type)
      .toLowerCase()
      .replace(/^c10::/, ''),
  ) ?? 0;

/** Null where the event is about no collective. `groups`: those of the import so far. */
export function collectiveEvent(event: TraceEvent, groups: GroupNames): CollectiveEvent | null {
  const { args, cat, name } = event;
  const reported = text(args['Collective name']);
  if (KERNEL_CATEGORIES.has(cat) && (reported !== '' || KERNEL.test(name))) {
    const plain = name.split('(')[0] ?? '';
    return {
      ...shared(event, groups),
      kind: 'kernel',
      backend: 'nccl',
      op: collectiveOp(reported) ?? named(KERNEL_OP.exec(plain)?.[0] ?? reported),
      spelled: reported,
      ...messageOf(args, KERNEL_TYPES.find(([type]) => type.test(plain))?.[1] ?? 0),
    };
  }
  if (name === 'record_param_comms') {
    const concrete = Array.isArray(args['Concrete Inputs']) ? args['Concrete Inputs'].map(text) : [];
    const spelled = reported || (concrete.find((one) => collectiveOp(one) !== null) ?? '');
    if (NOT_AN_OPERATION.test(spelled)) return null;
    return { ...shared(event, groups), kind: 'comms', backend: '', op: named(spelled), spelled, ...messageOf(args, 0) };
  }
  const [, backend, op] = ANNOTATION.exec(name) ?? [];
  if (backend === undefined || op === undefined || cat === 'gpu_user_annotation') return null;
  return { ...shared(event, groups), kind: 'annotation', backend, op: named(op), spelled: op, ...messageOf(args, 0) };
}

const named = (spelled: string): string => collectiveOp(spelled) ?? spelled;

function shared({ args }: TraceEvent, groups: GroupNames): Pick<CollectiveEvent, 'group' | 'seq' | 'externalId'> {
  const seq = text(args.Seq);
  return {
    group: groups.of(args),
    seq: /^\d{1,18}$/.test(seq) ? seq : null,
    externalId: wholeNumber(args['External id']),
  };
}

/** From the counts of elements, which are those of the whole message on one side; else from the shape of the input. */
function messageOf(args: Args, kernelBytes: number): Pick<CollectiveEvent, 'bytes' | 'isPart'> {
  const counts = [wholeNumber(args['In msg nelems']), wholeNumber(args['Out msg nelems'])];
  const elements = Math.max(counts[0] ?? 0, counts[1] ?? 0);
  if (elements > 0) return { bytes: elements * (elementBytes(args.dtype) || kernelBytes), isPart: false };
  const [dims, types] = [args['Input Dims'], args['Input type'] ?? args['Input types']];
  const first: unknown = Array.isArray(dims) ? dims[0] : null;
  const type: unknown = Array.isArray(types) ? types[0] : null;
  return { bytes: elementsOf(first) * elementBytes(type), isPart: true };
}

/** Elements of a tensor `[2, 3]`, or of a list of tensors. */
function elementsOf(dims: unknown): number {
  if (!Array.isArray(dims) || dims.length === 0) return 0;
  if (dims.some(Array.isArray)) return dims.reduce<number>((sum, one) => sum + elementsOf(one), 0);
  return dims.reduce<number>((product, size) => product * (wholeNumber(size) ?? 0), 1);
}
