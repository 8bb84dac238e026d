/**
 * All spans of one trace as rows of numbers, and the words behind the numbers. Which process and which thread a span ran
 * in is said alike in lib/analysis/columns-of-spans.ts.
 */
import { z } from 'zod';
import { CLOCK_NOTE } from '../../model/span.ts';
import type { Query } from '../engine.ts';

const resource = (key: string): string => `ResourceAttributes['${key}']`;
const attribute = (key: string): string => `SpanAttributes['${key}']`;
const PROCESS = `multiIf(${resource('xray.rank')} != '', concat('rank ', ${resource('xray.rank')}),
  ${resource('service.instance.id')} != '', ${resource('service.instance.id')},
  ${attribute('ray.worker_id')} != '', concat('worker ', substring(${attribute('ray.worker_id')}, 1, 8)),
  ${resource('process.pid')} != '', concat('pid ', ${resource('process.pid')}), '')`;
const THREAD = `multiIf(position(${attribute('thread.name')}, ${attribute('thread.id')}) > 0, ${attribute('thread.name')},
  ${attribute('thread.name')} = '', concat('thread ', ${attribute('thread.id')}), concat(${attribute('thread.name')}, ' ', ${attribute('thread.id')}))`;
const number = (id: string): string => `reinterpretAsUInt64(reverse(unhex(${id})))`;

/**
 * RowBinary, eight words of 64 bits a span: id, id of the parent (0: none), start in Unix ns (signed), duration in ns, hashes of
 * name, group and lane, flags (1: Error, 2: a Ray task by its attributes, 4: without an end). By start; of spans that start together roots
 * first, then the longer. A span sent twice is one. The last three of the order make the engine hash attributes before it
 * sorts, in parallel: afterwards it would carry the attributes through the sort, at three times the time.
 */
export const SPAN_INT64S = 8;
export const traceColumns: Query<unknown> = {
  name: 'trace-columns',
  sql: `SELECT ${number('SpanId')}, ${number('ParentSpanId')}, toUnixTimestamp64Nano(Timestamp) AS start_ns, Duration,
      cityHash64(SpanName), cityHash64(ServiceName, ${PROCESS}) AS group_hash, cityHash64(${THREAD}) AS lane_hash,
      toUInt64(StatusCode = 'Error') + 2 * toUInt64(SpanKind != 'Producer' AND (${attribute('ray.task_id')} != '' OR ${attribute('ray.worker_id')} != ''))
        + 4 * toUInt64(${attribute(CLOCK_NOTE)} != '') AS flags
    FROM xray.otel_traces WHERE TraceId = {trace:String}
    ORDER BY start_ns, ParentSpanId != '', Duration DESC, SpanId, group_hash, lane_hash, flags LIMIT 1 BY SpanId LIMIT {limit:UInt32}`,
  row: z.unknown(),
};

/** What the hashes stand for; names are cut after 300 characters, tables after so many entries. */
export const traceText: Query<{ kind: 'name' | 'group' | 'lane'; hash: string; text: string; process: string }> = {
  name: 'trace-words',
  sql: `SELECT 'name' AS kind, cityHash64(SpanName) AS hash, substringUTF8(any(SpanName), 1, 300) AS text, '' AS process
      FROM xray.otel_traces WHERE TraceId = {trace:String} GROUP BY hash ORDER BY text LIMIT 100000
    UNION ALL SELECT 'group', cityHash64(ServiceName, process) AS hash, any(ServiceName), ${PROCESS} AS process
      FROM xray.otel_traces WHERE TraceId = {trace:String} GROUP BY hash, process LIMIT 65000
    UNION ALL SELECT 'lane', cityHash64(thread) AS hash, ${THREAD} AS thread, ''
      FROM xray.otel_traces WHERE TraceId = {trace:String} GROUP BY hash, thread LIMIT 65000`,
  row: z.object({ kind: z.enum(['name', 'group', 'lane']), hash: z.string(), text: z.string(), process: z.string() }),
};

export const traceSize: Query<{ spans: number; stored: string; last_ns: string }> = {
  name: 'trace-size',
  sql: `SELECT uniqExact(SpanId) AS spans, count() AS stored, max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS last_ns
    FROM xray.otel_traces WHERE TraceId = {trace:String}`,
  row: z.object({ spans: z.coerce.number(), stored: z.string(), last_ns: z.string() }),
};

/**
 * Spans whose name, or one of whose attributes, holds a text; or, with a key, that have the attribute with this value. All
 * compared without case; ids by start.
 */
export const spansFound: Query<{ span_id: string }> = {
  name: 'spans-found',
  sql: `SELECT SpanId AS span_id FROM xray.otel_traces WHERE TraceId = {trace:String} AND (
      positionCaseInsensitiveUTF8(SpanName, {find:String}) > 0 OR SpanId = {find:String}
      OR if({key:String} = '', arrayExists(value -> positionCaseInsensitiveUTF8(value, {find:String}) > 0, mapValues(SpanAttributes)),
        arrayExists((key, value) -> lowerUTF8(key) = {key:String} AND lowerUTF8(value) = {value:String}, mapKeys(SpanAttributes), mapValues(SpanAttributes))))
    ORDER BY Timestamp, SpanId LIMIT 1 BY SpanId LIMIT {limit:UInt32}`,
  row: z.object({ span_id: z.string() }),
};
