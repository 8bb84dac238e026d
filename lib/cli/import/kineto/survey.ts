/**
 * What must be known of a trace of PyTorch's profiler before its events can be sent: which rank wrote it, names of its
 * threads, which event lies within which, which operation launched which kernel, which of them are collectives. Events are kept as
 * numbers only; times are ns from the first span of the file, so that a double holds them.
 */
import { createHash } from 'node:crypto';
import { PIECE_BYTES } from '../import-events.ts';
import { bytesToFault } from '../open-bytes.ts';
import { type CollectiveEvent, collectiveEvent } from './collective-event.ts';
import { collectivesOf, type FoundCollective } from './collectives-of-trace.ts';
import { GroupNames } from './group-names.ts';
import { nest } from './nest.ts';
import { decodeEvent, type TraceEvent, wholeNumber } from './trace-event.ts';
import { decodeFacts, type TraceFacts } from './trace-facts.ts';
import { tracePieces } from './trace-pieces.ts';

export interface KinetoFacts extends TraceFacts {
  /** SHA-256 of the content, hex. */
  readonly hash: string;
  /** Spans, and when the first begins and the last ends: ns since 1970. */
  readonly spans: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** In the order of their starts. */
  readonly collectives: readonly FoundCollective[];
  /** True where kernels of NCCL ran: then its annotations are their launches. */
  readonly hasKernels: boolean;
}

export interface KinetoSurvey extends KinetoFacts {
  /** By span (events of phase X and B, in the order of the file): the span it lies within on its thread, else the recording; -1: none. */
  readonly parent: Int32Array;
  /** By span: ns, and whether its end is known. */
  readonly durationNs: readonly number[];
  readonly isOpen: ReadonlySet<number>;
  /** By span: the spans it follows from, and how. */
  readonly links: ReadonlyMap<number, readonly { readonly span: number; readonly how: 'launch' | 'fwdbwd' }[]>;
  readonly threadName: (pid: string, tid: string) => string;
  readonly processName: (pid: string) => string;
}

/** Where ends (phase E) belong: by the thread, to the newest begin (phase B) that has none. */
export const threadKey = ({ pid, tid }: TraceEvent): string => `${pid}\n${tid}`;
export const isBegin = ({ ph }: TraceEvent): boolean => ph === 'X' || ph === 'B';

const LAUNCHES = new Set([
  'cuda_runtime',
  'cuda_driver',
  'Runtime',
  'privateuse1_runtime',
  'privateuse1_driver',
  'xpu_runtime',
]);
const KERNELS = new Set(['kernel', 'Kernel', 'gpu_memcpy', 'Memcpy', 'gpu_memset', 'Memset']);
/** 2001 in ns: what is less counts from a base time, not from 1970. */
const ABSOLUTE_NS = 10n ** 18n;
const LATEST_NS = 2n ** 63n - 1n;

/** ns since 1970 of a time of the file; null where nobody knows, or where the store has no such time. */
export function sinceEpoch(ns: bigint, baseNs: bigint | null): bigint | null {
  const at = ns >= ABSOLUTE_NS ? ns : baseNs === null ? null : baseNs + ns;
  return at === null || at < 0n || at > LATEST_NS ? null : at;
}

/**
 * A file that is cut off or damaged ends there. Throws UnreadableError where nothing can be read, Error where times cannot be told.
 * `groups`: of all files of the import.
 */
export async function surveyKineto(
  path: string,
  isList: boolean,
  groups: GroupNames = new GroupNames(),
): Promise<KinetoSurvey> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of bytesToFault(path, () => undefined)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const [at, duration, thread]: [number[], number[], number[]] = [[], [], []];
  const isOpen = new Set<number>();
  const begun = new Map<string, number[]>();
  const threads = new Map<string, number>();
  const threadNames = new Map<string, string>();
  const processNames = new Map<string, string>();
  const launchOf = new Map<number, number>();
  const kernels: (readonly [span: number, correlation: number])[] = [];
  const flows = new Map<string, { from?: readonly [number, number]; to?: readonly [number, number] }>();
  const collective = new Map<number, CollectiveEvent>();
  /** The profiler's own span: the time it recorded. */
  let recording = -1;
  let origin: bigint | null = null;
  let top = '';
  const threadAt = (event: TraceEvent): number => {
    const key = threadKey(event);
    const known = threads.get(key) ?? threads.size;
    threads.set(key, known);
    return known;
  };
  for await (const piece of tracePieces(hashed(), PIECE_BYTES, isList)) {
    if ('top' in piece) top = piece.top;
    if (!('event' in piece)) continue;
    const event = decodeEvent(piece.event);
    if ('error' in event) continue;
    const { ph, cat, args, ns } = event;
    if (ph === 'M') nameOf(event, threadNames, processNames);
    if (ns === null) continue;
    if (isBegin(event) && (origin === null || (origin < ABSOLUTE_NS && ns >= ABSOLUTE_NS))) {
      // A first event that counts from nobody knows when must not be the one that all others are counted from.
      const earlier = Number(ns - (origin ?? ns));
      for (let i = 0; i < at.length; i++) at[i] = (at[i] ?? 0) - earlier;
      origin = ns;
    }
    const relative = Number(ns - (origin ?? ns));
    if ((ph === 's' || ph === 'f') && cat === 'fwdbwd') {
      const flow = flows.get(event.id) ?? {};
      flow[ph === 's' ? 'from' : 'to'] = [threadAt(event), relative];
      flows.set(event.id, flow);
    }
    if (ph === 'E') {
      const span = begun.get(threadKey(event))?.pop();
      if (span === undefined) continue;
      duration[span] = Math.max(0, relative - (at[span] ?? 0));
      isOpen.delete(span);
    }
    if (!isBegin(event)) continue;
    const span = at.length;
    const length = event.durationNs === null ? -1 : Number(event.durationNs);
    at.push(relative);
    duration.push(Math.max(0, length));
    thread.push(threadAt(event));
    if (length < 0) isOpen.add(span);
    if (ph === 'B') {
      const open = begun.get(threadKey(event));
      if (open === undefined) begun.set(threadKey(event), [span]);
      else open.push(span);
    }
    const correlation = wholeNumber(args.correlation);
    if (correlation !== null && LAUNCHES.has(cat)) launchOf.set(correlation, span);
    else if (correlation !== null && KERNELS.has(cat)) kernels.push([span, correlation]);
    if (cat === 'Trace' && (recording === -1 || length > (duration[recording] ?? -1))) recording = span;
    const found = collectiveEvent(event, groups);
    if (found !== null) collective.set(span, found);
  }
  const { parent, spanAt } = nest(at, duration, thread, threads.size);
  const links = new Map<number, { span: number; how: 'launch' | 'fwdbwd' }[]>();
  const link = (from: number, span: number | undefined, how: 'launch' | 'fwdbwd'): void => {
    if (span === undefined || span < 0 || from < 0) return;
    const held = links.get(from);
    if (held === undefined) links.set(from, [{ span, how }]);
    else held.push({ span, how });
  };
  for (const [span, correlation] of kernels) link(span, launchOf.get(correlation), 'launch');
  for (const { from, to } of flows.values()) if (from && to) link(spanAt(...to), spanAt(...from), 'fwdbwd');
  const found = collectivesOf(
    collective,
    at,
    duration,
    parent,
    (span) => links.get(span)?.find(({ how }) => how === 'launch')?.span ?? -1,
  );
  const { firstNs, ...facts } = timed(decodeFacts(top), at, duration, origin);
  // What nothing else holds lies within the recording: one tree for each rank.
  for (let span = 0; span < parent.length; span++)
    if (parent[span] === -1 && recording !== -1 && span !== recording) parent[span] = recording;
  return {
    ...facts,
    hash: hash.digest('hex'),
    collectives: found.collectives.map((one) => ({ ...one, atNs: one.atNs - firstNs })),
    hasKernels: found.hasKernels,
    parent,
    durationNs: duration,
    isOpen,
    links,
    threadName: (pid, tid) => threadNames.get(`${pid}\n${tid}`) ?? tid,
    processName: (pid) => processNames.get(pid) ?? '',
  };
}

function nameOf(event: TraceEvent, threadNames: Map<string, string>, processNames: Map<string, string>): void {
  const { name, args, pid } = event;
  if (typeof args.name === 'string') {
    if (name === 'thread_name') threadNames.set(threadKey(event), args.name);
    if (name === 'process_name' && !processNames.has(pid)) processNames.set(pid, args.name);
  }
  if (name === 'process_labels' && typeof args.labels === 'string' && args.labels !== 'CPU')
    processNames.set(pid, args.labels);
}

/** Facts with the time of the spans. Throws where no span says when it was. */
function timed(
  facts: TraceFacts,
  at: readonly number[],
  duration: readonly number[],
  origin: bigint | null,
): TraceFacts & Pick<KinetoFacts, 'spans' | 'startNs' | 'endNs'> & { readonly firstNs: number } {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < at.length; i++) {
    const start = at[i] ?? 0;
    // One event that counts from 1970 among events that do not, or the other way round, says nothing of the others.
    if (Math.abs(start) > 2 ** 53) continue;
    first = Math.min(first, start);
    last = Math.max(last, start + (duration[i] ?? 0));
  }
  if (origin === null || !Number.isFinite(first))
    return { ...facts, spans: at.length, startNs: 0n, endNs: 0n, firstNs: 0 };
  const startNs = sinceEpoch(origin + BigInt(first), facts.baseNs);
  if (startNs === null)
    throw new Error(
      facts.baseNs === null
        ? 'the file has no baseTimeNanoseconds and its times do not count from 1970, so nobody knows when it was recorded (is it whole, and from torch 2.2 or later?)'
        : 'its times lie outside of 1970 to 2262',
    );
  return { ...facts, spans: at.length, startNs, endNs: startNs + BigInt(Math.round(last - first)), firstNs: first };
}
