/**
 * The collectives of one trace: which spans are operations, and what is known of each. What a kernel does not say itself, its launch
 * does:
 *
 *   CPU thread   |--- c10d::allreduce_ --------------------|
 *                  |- record_param_comms {Collective name} |    <- operation, elements, type, group
 *                    |- nccl:all_reduce ----------------|       <- operation
 *                        |- cudaLaunchKernel |                  <- of the kernel with the same correlation
 *   GPU stream                                       |=== ncclDevKernel_AllReduce ===|   <- the time of the operation
 *
 * An annotation of NCCL is the launch, so its duration is never taken; of gloo and MPI it is the operation.
 */
import { collectiveOp } from '../../../model/collective-names.ts';
import type { CollectiveEvent } from './collective-event.ts';
import type { NamedGroup } from './group-names.ts';

export interface FoundCollective {
  readonly span: number;
  /** ns since the first span of the file. */
  readonly atNs: number;
  /** ns; 0 where only the launch is known. */
  readonly durationNs: number;
  /** `launch`: when it was launched is known, not how long it took. */
  readonly timing: 'operation' | 'launch';
  readonly op: string;
  /** As the event itself spells it, else `op`. */
  readonly spelled: string;
  readonly backend: string;
  readonly bytes: number;
  readonly isPart: boolean;
  readonly group: NamedGroup | null;
  readonly seq: string | null;
}

/** How far out of a launch its call is looked for. */
const CALL_DEPTH = 32;
/** A kernel that does not say what it does (ncclDevKernel_Generic), and whose launch was not recorded. */
const UNKNOWN = 'unknown';
const RUNS_ON_CPU = new Set(['gloo', 'mpi', 'ucc']);

/** `at` and `duration` by span, ns. `parent` and `launchOf`: -1 for none. In the order of their starts. */
export function collectivesOf(
  events: ReadonlyMap<number, CollectiveEvent>,
  at: readonly number[],
  duration: readonly number[],
  parent: Int32Array,
  launchOf: (span: number) => number,
): { readonly collectives: readonly FoundCollective[]; readonly hasKernels: boolean } {
  const byExternalId = new Map<number, CollectiveEvent>();
  for (const event of events.values())
    if (event.kind === 'comms' && event.externalId !== null) byExternalId.set(event.externalId, event);
  /** What encloses a span, the innermost first, itself included. */
  const around = (span: number): CollectiveEvent[] => {
    const found: CollectiveEvent[] = [];
    for (let one = span, depth = 0; one >= 0 && depth < CALL_DEPTH; one = parent[one] ?? -1, depth++) {
      const event = events.get(one);
      if (event !== undefined && event.kind !== 'kernel') found.push(event);
    }
    return found;
  };
  const kernels: { span: number; event: CollectiveEvent; calls: readonly CollectiveEvent[] }[] = [];
  const kernelsOf = new Map<CollectiveEvent, number>();
  for (const [span, event] of events) {
    if (event.kind !== 'kernel') continue;
    const launch = launchOf(span);
    const byId = event.externalId === null ? undefined : byExternalId.get(event.externalId);
    const calls = launch >= 0 ? around(launch) : [];
    if (calls.length === 0 && byId !== undefined) calls.push(byId);
    for (const call of calls) kernelsOf.set(call, (kernelsOf.get(call) ?? 0) + 1);
    kernels.push({ span, event, calls });
  }
  const found: FoundCollective[] = [];
  const add = (
    span: number,
    own: CollectiveEvent,
    calls: readonly CollectiveEvent[],
    timing: FoundCollective['timing'],
  ): void => {
    const said = [own, ...calls];
    const op = opOf(said) || UNKNOWN;
    // Of a call that launched several kernels, nobody knows which part of its message each of them carried.
    const sized = said.find((one) => one.bytes > 0 && (one === own || (kernelsOf.get(one) ?? 1) === 1));
    found.push({
      span,
      atNs: at[span] ?? 0,
      durationNs: timing === 'launch' ? 0 : (duration[span] ?? 0),
      timing,
      op,
      spelled: own.op === op && own.spelled !== '' ? own.spelled : op,
      backend: said.find((one) => one.backend !== '')?.backend ?? '',
      bytes: sized?.bytes ?? 0,
      isPart: sized?.isPart ?? false,
      group: said.find((one) => one.group !== null)?.group ?? null,
      seq: said.find((one) => one.seq !== null)?.seq ?? null,
    });
  };
  for (const { span, event, calls } of kernels) add(span, event, calls, 'operation');
  const annotations = [...events].filter(([, event]) => event.kind === 'annotation');
  for (const [span, event] of annotations) {
    const onCpu = RUNS_ON_CPU.has(event.backend);
    if (onCpu || kernels.length === 0) add(span, event, around(parent[span] ?? -1), onCpu ? 'operation' : 'launch');
  }
  if (kernels.length === 0 && annotations.length === 0)
    for (const [span, event] of events) if (event.op !== '') add(span, event, [], 'launch');
  found.sort((a, b) => a.atNs - b.atNs || a.span - b.span);
  return { collectives: found, hasKernels: kernels.length > 0 };
}

/**
 * The first that names it, but a kernel named SendRecv is whatever was called: AllToAll is made of sends. What encloses it may name no
 * operation at all: `nccl:coalesced` is a batch of sends and receives.
 */
function opOf(said: readonly CollectiveEvent[]): string {
  const names = said.map(({ op }) => op).filter((op) => op !== '');
  const [first = '', ...others] = names;
  return first === 'SendRecv' ? (others.find((op) => op !== 'SendRecv' && collectiveOp(op) !== null) ?? first) : first;
}
