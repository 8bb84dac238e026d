/** Spans as an answer of JSON holds them -> the same columns that a large trace comes in. */

import { ownValue } from '../model/own-value.ts';
import { CLOCK_NOTE } from '../model/span.ts';
import type { TraceColumns } from '../model/trace-columns.ts';
import { parentIndexes } from './parent-indexes.ts';

interface WireSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly serviceName: string;
  readonly startNs: string;
  readonly durationNs: string;
  readonly statusCode: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly task: object | null;
}

interface WireTrace {
  readonly startNs: string;
  readonly durationNs: string;
  readonly omitted: number;
  readonly spans: readonly WireSpan[];
}

/** Which process of its service a span ran in, as words; lib/store/queries/trace-columns.ts says the same in SQL. */
export function processOf({
  attributes,
  resourceAttributes,
}: Pick<WireSpan, 'attributes' | 'resourceAttributes'>): string {
  const [rank, instance, pid] = ['xray.rank', 'service.instance.id', 'process.pid'].map((key) =>
    ownValue(resourceAttributes, key),
  );
  const worker = attributes['ray.worker_id'];
  if (rank) return `rank ${rank}`;
  if (instance) return instance;
  if (worker) return `worker ${worker.slice(0, 8)}`;
  return pid ? `pid ${pid}` : '';
}

/** Which thread or stream of its process, as words. */
export function threadOf(attributes: Readonly<Record<string, string>>): string {
  const [name = '', id = ''] = [attributes['thread.name'], attributes['thread.id']];
  return name.includes(id) ? name : name === '' ? `thread ${id}` : `${name} ${id}`;
}

const idOf = (text: string): bigint => (/^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n);

/** The order of the columns is by start, then the longer first: `order[place]` is the span's place in the answer. */
export function columnsOfSpans(trace: WireTrace): { readonly columns: TraceColumns; readonly order: Int32Array } {
  const { spans } = trace;
  const origin = BigInt(trace.startNs);
  const offsets = Float64Array.from(spans, (span) => Number(BigInt(span.startNs) - origin));
  const lengths = Float64Array.from(spans, (span) => Number(span.durationNs));
  const order = Int32Array.from(spans.keys()).sort(
    (a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0) || (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b,
  );
  const tables = {
    names: new Map<string, number>(),
    groups: new Map<string, number>(),
    lanes: new Map<string, number>(),
  };
  const entry = (table: Map<string, number>, key: string): number => {
    const found = table.get(key);
    if (found !== undefined) return found;
    table.set(key, table.size);
    return table.size - 1;
  };
  const sorted = [...order].flatMap((index) => spans[index] ?? []);
  const id = BigUint64Array.from(sorted, (span) => idOf(span.spanId));
  const groups = sorted.map((span) => JSON.stringify([span.serviceName, processOf(span)]));
  return {
    order,
    columns: {
      startNs: origin,
      durationNs: Number(trace.durationNs),
      omitted: trace.omitted,
      id,
      parent: parentIndexes(
        id,
        BigUint64Array.from(sorted, (span) => idOf(span.parentSpanId)),
      ),
      start: Float64Array.from(order, (index) => offsets[index] ?? 0),
      duration: Float64Array.from(order, (index) => lengths[index] ?? 0),
      name: Uint32Array.from(sorted, (span) => entry(tables.names, span.name)),
      group: Uint16Array.from(groups, (group) => entry(tables.groups, group)),
      lane: Uint16Array.from(sorted, (span) => entry(tables.lanes, threadOf(span.attributes))),
      failed: Uint8Array.from(sorted, (span) => (span.statusCode === 'Error' ? 1 : 0)),
      isTask: Uint8Array.from(sorted, (span) => (span.task === null ? 0 : 1)),
      noEnd: Uint8Array.from(sorted, (span) => (Object.hasOwn(span.attributes, CLOCK_NOTE) ? 1 : 0)),
      names: [...tables.names.keys()],
      groups: [...tables.groups.keys()].map((key) => {
        const [service, process]: string[] = JSON.parse(key);
        return { service: service ?? '', process: process ?? '' };
      }),
      lanes: [...tables.lanes.keys()],
    },
  };
}
