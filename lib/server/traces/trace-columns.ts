/** Use cases of one large trace: its size, all its spans in columns, one span in full, and where a text is found. */
import { parentIndexes } from '../../analysis/parent-indexes.ts';
import type { SpanWireValue, TraceFoundWire, TraceSizeWire } from '../../contract/traces.ts';
import { encodeTraceColumns, type TraceColumns } from '../../model/trace-columns.ts';
import { SPAN_INT64S, spansFound, traceColumns, traceSize, traceText } from '../../store/queries/trace-columns.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { spansInFull } from './traces.ts';

/** Spans of one trace that a page holds and draws. */
const SPANS = 500_000;
/** Places that one search answers; the count goes on. */
const FOUND = 100_000;

interface TraceQuery {
  readonly traceId: string;
}

const gone = (traceId: string): ProblemError =>
  new ProblemError('not-found', `no span of trace ${traceId} is stored: it may be older than traces are kept`);

export async function getTraceSize(runtime: Runtime, query: TraceQuery): Promise<TraceSizeWire> {
  const traceId = query.traceId.toLowerCase();
  const [row] = await runtime.engine.select(traceSize, { trace: traceId });
  if (!row || row.spans === 0) throw gone(traceId);
  return { traceId, spans: row.spans, version: `${row.stored}.${row.last_ns}` };
}

/** Rows of traceColumns -> columns. Work: O(n), no object per span. */
function columnsOf(
  int64s: BigUint64Array,
  known: readonly { readonly kind: string; readonly hash: string; readonly text: string; readonly process: string }[],
  all: number,
): TraceColumns {
  const count = int64s.length / SPAN_INT64S;
  // Halves of 64-bit integers: a bigint per value would cost more than all the rest.
  const halves = new Uint32Array(int64s.buffer, int64s.byteOffset, int64s.length * 2);
  const low = (index: number, column: number): number => halves[(index * SPAN_INT64S + column) * 2] ?? 0;
  const high = (index: number, column: number): number => halves[(index * SPAN_INT64S + column) * 2 + 1] ?? 0;
  /** As a float64: exact below 2^53; of hashes the upper 53 bits, which tell the words of one trace apart well enough. */
  const value = (index: number, column: number): number => high(index, column) * 2 ** 32 + low(index, column);
  const table = (kind: string) => {
    const entries = known.filter((entry) => entry.kind === kind);
    const indexes = new Map(entries.map(({ hash }, index) => [Number(BigInt(hash)), index]));
    return { entries, indexOf: (hash: number): number => indexes.get(hash) ?? entries.length };
  };
  const [names, groups, lanes] = [table('name'), table('group'), table('lane')];
  const id = new BigUint64Array(count);
  const parentId = new BigUint64Array(count);
  const columns = {
    start: new Float64Array(count),
    duration: new Float64Array(count),
    name: new Uint32Array(count),
    group: new Uint16Array(count),
    lane: new Uint16Array(count),
    failed: new Uint8Array(count),
    isTask: new Uint8Array(count),
    noEnd: new Uint8Array(count),
  };
  const startNs = BigInt.asIntN(64, int64s[2] ?? 0n);
  const [low0, high0] = [low(0, 2), high(0, 2) | 0];
  let durationNs = 0;
  for (let i = 0; i < count; i++) {
    id[i] = int64s[i * SPAN_INT64S] ?? 0n;
    parentId[i] = int64s[i * SPAN_INT64S + 1] ?? 0n;
    const start = ((high(i, 2) | 0) - high0) * 2 ** 32 + (low(i, 2) - low0);
    const duration = value(i, 3);
    columns.start[i] = start;
    columns.duration[i] = duration;
    if (start + duration > durationNs) durationNs = start + duration;
    columns.name[i] = names.indexOf(value(i, 4));
    columns.group[i] = groups.indexOf(value(i, 5));
    columns.lane[i] = lanes.indexOf(value(i, 6));
    const flags = low(i, 7);
    columns.failed[i] = flags & 1;
    columns.isTask[i] = (flags >> 1) & 1;
    columns.noEnd[i] = (flags >> 2) & 1;
  }
  // What came between the two questions, and what a table has no room for.
  const other = '(other)';
  return {
    startNs,
    durationNs,
    omitted: Math.max(0, all - count),
    id,
    parent: parentIndexes(id, parentId),
    ...columns,
    names: [...names.entries.map(({ text }) => text), other],
    groups: [
      ...groups.entries.map(({ text, process }) => ({ service: text, process })),
      { service: other, process: '' },
    ],
    lanes: [...lanes.entries.map(({ text }) => text), other],
  };
}

/** The gzip file's content. Throws ProblemError where no span is stored. */
export async function getTraceColumns(
  runtime: Runtime,
  query: TraceQuery & { readonly limit: number },
  signal?: AbortSignal,
): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly isFinal: boolean }> {
  const trace = query.traceId.toLowerCase();
  const limit = Math.min(query.limit, SPANS);
  const options = { maxRows: SPANS + 1, ...(signal ? { signal } : {}) };
  const [bytes, known] = await Promise.all([
    runtime.engine.selectBytes(traceColumns, { trace, limit }, options),
    runtime.engine.select(traceText, { trace }, options),
  ]);
  if (bytes.byteLength === 0) throw gone(trace);
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const int64s = new BigUint64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
  // Only where the limit was reached there can be more.
  const isFull = int64s.length / SPAN_INT64S >= limit;
  const [size] = isFull ? await runtime.engine.select(traceSize, { trace }) : [];
  return { body: encodeTraceColumns(columnsOf(int64s, known, size?.spans ?? 0)), isFinal: false };
}

export async function getSpan(
  runtime: Runtime,
  query: TraceQuery & { readonly spanId: string },
): Promise<SpanWireValue> {
  const traceId = query.traceId.toLowerCase();
  const [span] = await spansInFull(runtime, { traceId, spanId: query.spanId.toLowerCase(), limit: 1 });
  if (!span) throw new ProblemError('not-found', `trace ${traceId} has no span ${query.spanId}`);
  return span;
}

/** `text`: part of a name or of an attribute's value, a span id, or key=value; without case. */
export async function findSpans(
  runtime: Runtime,
  query: TraceQuery & { readonly text: string },
  signal?: AbortSignal,
): Promise<TraceFoundWire> {
  const find = query.text.trim().toLowerCase();
  const at = find.indexOf('=');
  const rows = await runtime.engine.select(
    spansFound,
    {
      trace: query.traceId.toLowerCase(),
      find,
      key: at > 0 ? find.slice(0, at).trim() : '',
      value: at > 0 ? find.slice(at + 1).trim() : '',
      limit: FOUND + 1,
    },
    signal ? { signal } : {},
  );
  return {
    spanIds: rows.slice(0, FOUND).map((row) => row.span_id),
    isAll: rows.length <= FOUND,
  };
}
