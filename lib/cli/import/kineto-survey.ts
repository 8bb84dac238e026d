/**
 * What must be known of a trace of PyTorch's profiler before its events can be sent: which rank wrote it, names of its
 * threads, which event lies within which, which operation launched which kernel. Events are kept as numbers only.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { PIECE_BYTES } from './import-events.ts';
import { kinetoPieces } from './kineto-pieces.ts';
import { openBytes } from './open-bytes.ts';

export const KinetoEvent = z.looseObject({
  ph: z.string(),
  name: z.string().default(''),
  cat: z.string().default(''),
  ts: z.number().optional(),
  dur: z.number().optional(),
  pid: z.union([z.number(), z.string()]).default(''),
  tid: z.union([z.number(), z.string()]).default(''),
  id: z.union([z.number(), z.string()]).optional(),
  args: byKey(z.unknown()).default({}),
});
export type KinetoEvent = z.infer<typeof KinetoEvent>;

const Group = z.looseObject({
  pg_name: z.string().default(''),
  pg_desc: z.string().default(''),
  pg_size: z.number().optional(),
  ranks: z.array(z.number()).default([]),
});
const Top = z.looseObject({
  baseTimeNanoseconds: z.number().optional(),
  host_name: z.string().default(''),
  distributedInfo: z
    .looseObject({
      backend: z.string().default(''),
      rank: z.number(),
      world_size: z.number(),
      pg_config: z.array(Group).default([]),
    })
    .optional(),
});
export type KinetoGroup = z.infer<typeof Group>;

export interface KinetoFacts {
  /** SHA-256 of the content, hex. */
  readonly hash: string;
  readonly host: string;
  readonly baseNs: bigint;
  /** Null where the profiled program was not distributed. */
  readonly rank: number | null;
  readonly worldSize: number;
  readonly groups: readonly KinetoGroup[];
  /** Tells runs apart as far as a file says; '' where it says nothing. */
  readonly run: string;
  /** Of all spans, us in the file's own time. */
  readonly firstUs: number;
  readonly lastUs: number;
}

export interface KinetoSurvey extends KinetoFacts {
  /** By span (events of phase X, in the order of the file): the span it lies within on its thread, else the recording; -1: none. */
  readonly parent: Int32Array;
  /** By span: the spans it follows from, and how. */
  readonly links: ReadonlyMap<number, readonly { readonly span: number; readonly how: 'launch' | 'fwdbwd' }[]>;
  /** By span, of collectives that carry no sequence: their order. */
  readonly order: ReadonlyMap<number, number>;
  /** True where kernels say what they communicate: then annotations around them would count twice. */
  readonly hasCollectiveKernels: boolean;
  readonly threadName: (pid: string | number, tid: string | number) => string;
  readonly processName: (pid: string | number) => string;
}

/** Collectives as annotations: `gloo:all_reduce`, `nccl:all_reduce`. */
export const ANNOTATED = /^(gloo|nccl|mpi|ucc|xccl|hccl):(\w+)$/;
const LAUNCHES = new Set(['cuda_runtime', 'cuda_driver', 'privateuse1_runtime', 'privateuse1_driver']);
const KERNELS = new Set(['kernel', 'gpu_memcpy', 'gpu_memset']);
/** How far out a span is looked for that holds another; deeper stacks of spans that only overlap are not nested. */
const LOOK_OUT = 64;

/** Throws UnreadableError where the file cannot be read, Error where times cannot be told. */
export async function surveyKineto(path: string): Promise<KinetoSurvey> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of openBytes(path)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const [ts, dur, thread]: [number[], number[], number[]] = [[], [], []];
  const threads = new Map<string, number>();
  const threadNames = new Map<string, string>();
  const processNames = new Map<string, string>();
  const launchOf = new Map<number, number>();
  const kernels: (readonly [span: number, correlation: number])[] = [];
  const flows = new Map<string, { from?: readonly [number, number]; to?: readonly [number, number] }>();
  const annotated: number[] = [];
  /** The profiler's own span: the time it recorded. */
  let recording = -1;
  let hasCollectiveKernels = false;
  let top = '{}';
  const threadAt = (event: KinetoEvent): number => {
    const key = `${event.pid}\n${event.tid}`;
    const known = threads.get(key) ?? threads.size;
    threads.set(key, known);
    return known;
  };
  for await (const piece of kinetoPieces(hashed(), PIECE_BYTES)) {
    if ('top' in piece) top = piece.top;
    if (!('event' in piece)) continue;
    const event = readEvent(piece.event);
    if (event === null) continue;
    const { ph, name, cat, args } = event;
    if (ph === 'M' && typeof args.name === 'string') {
      if (name === 'thread_name') threadNames.set(`${event.pid}\n${event.tid}`, args.name);
      if (name === 'process_name' && !processNames.has(String(event.pid)))
        processNames.set(String(event.pid), args.name);
    }
    if (ph === 'M' && name === 'process_labels' && typeof args.labels === 'string' && args.labels !== 'CPU')
      processNames.set(String(event.pid), args.labels);
    if ((ph === 's' || ph === 'f') && cat === 'fwdbwd' && event.ts !== undefined) {
      const flow = flows.get(String(event.id)) ?? {};
      flow[ph === 's' ? 'from' : 'to'] = [threadAt(event), event.ts];
      flows.set(String(event.id), flow);
    }
    if (!isSpan(event)) continue;
    const span = ts.length;
    ts.push(event.ts);
    dur.push(event.dur);
    thread.push(threadAt(event));
    if (typeof args.correlation === 'number') {
      if (LAUNCHES.has(cat)) launchOf.set(args.correlation, span);
      else if (KERNELS.has(cat)) kernels.push([span, args.correlation]);
    }
    if (cat === 'kernel' && typeof args['Collective name'] === 'string') hasCollectiveKernels = true;
    if (cat === 'Trace' && event.dur > (dur[recording] ?? -1)) recording = span;
    if (cat === 'user_annotation' && ANNOTATED.test(name)) annotated.push(span);
  }
  const { parent, spanAt } = nest(ts, dur, thread, threads.size);
  // What nothing else holds lies within the recording: one tree for each rank.
  for (let span = 0; span < parent.length; span++)
    if (parent[span] === -1 && recording !== -1 && span !== recording) parent[span] = recording;
  const links = new Map<number, { span: number; how: 'launch' | 'fwdbwd' }[]>();
  const link = (from: number, span: number | undefined, how: 'launch' | 'fwdbwd'): void => {
    if (span !== undefined && span >= 0 && from >= 0) links.set(from, [...(links.get(from) ?? []), { span, how }]);
  };
  for (const [span, correlation] of kernels) link(span, launchOf.get(correlation), 'launch');
  for (const { from, to } of flows.values()) if (from && to) link(spanAt(...to), spanAt(...from), 'fwdbwd');
  annotated.sort((a, b) => (ts[a] ?? 0) - (ts[b] ?? 0) || a - b);
  return {
    ...factsOf(top, hash.digest('hex'), ts, dur),
    parent,
    links,
    order: new Map(annotated.map((span, at) => [span, at])),
    hasCollectiveKernels,
    threadName: (pid, tid) => threadNames.get(`${pid}\n${tid}`) ?? String(tid),
    processName: (pid) => processNames.get(String(pid)) ?? '',
  };
}

export type KinetoSpan = KinetoEvent & { readonly ts: number; readonly dur: number };
export const isSpan = (event: KinetoEvent): event is KinetoSpan =>
  event.ph === 'X' && event.ts !== undefined && event.dur !== undefined;

/** Null where the text is no event. */
export function readEvent(text: string): KinetoEvent | null {
  try {
    return KinetoEvent.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** 2001 in us: what is less counts from a base time, not from 1970. */
const ABSOLUTE_US = 1e15;

function factsOf(top: string, hash: string, ts: readonly number[], dur: readonly number[]): KinetoFacts {
  let parsed: z.infer<typeof Top>;
  try {
    parsed = Top.parse(JSON.parse(top));
  } catch (error) {
    const words = errorSentence(error, 'it');
    throw new Error(`what stands beside the events cannot be read: ${words.slice(0, 200)}`);
  }
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < ts.length; i++) {
    first = Math.min(first, ts[i] ?? 0);
    last = Math.max(last, (ts[i] ?? 0) + (dur[i] ?? 0));
  }
  if (parsed.baseTimeNanoseconds === undefined && first < ABSOLUTE_US)
    throw new Error(
      'the file has no baseTimeNanoseconds, so nobody knows when it was recorded (is it whole, and from torch 2.2 or later?)',
    );
  const { distributedInfo: run } = parsed;
  return {
    hash,
    host: parsed.host_name,
    baseNs: BigInt(Math.round(parsed.baseTimeNanoseconds ?? 0)),
    rank: run?.rank ?? null,
    worldSize: run?.world_size ?? 1,
    groups: run?.pg_config ?? [],
    run: run === undefined ? '' : JSON.stringify([run.backend, run.world_size, run.pg_config]),
    firstUs: first,
    lastUs: last,
  };
}

/** Which span lies within which on each thread, and the span that begins at a time on a thread (the innermost; -1: none). */
function nest(ts: readonly number[], dur: readonly number[], thread: readonly number[], threads: number) {
  const parent = new Int32Array(ts.length).fill(-1);
  const own: number[][] = Array.from({ length: threads }, () => []);
  for (let span = 0; span < ts.length; span++) own[thread[span] ?? 0]?.push(span);
  const at = (span: number): number => ts[span] ?? 0;
  const end = (span: number): number => (ts[span] ?? 0) + (dur[span] ?? 0);
  for (const spans of own) {
    spans.sort((a, b) => at(a) - at(b) || end(b) - end(a) || a - b);
    const open: number[] = [];
    for (const span of spans) {
      while (open.length > 0 && end(open.at(-1) ?? 0) <= at(span)) open.pop();
      for (let i = open.length - 1; i >= Math.max(0, open.length - LOOK_OUT); i--) {
        const outer = open[i] ?? 0;
        if (end(outer) < end(span)) continue;
        parent[span] = outer;
        break;
      }
      open.push(span);
    }
  }
  const spanAt = (which: number, time: number): number => {
    const spans = own[which] ?? [];
    let [low, high] = [0, spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(spans[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    const found = spans[low - 1] ?? -1;
    return found !== -1 && at(found) === time ? found : -1;
  };
  return { parent, spanAt };
}
