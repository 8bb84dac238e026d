/**
 * Traces: the list, the spans of one, the spans of one Ray task. Spans sent twice are one (LIMIT 1 BY). What a span or a trace has
 * very many of is cut here, so that no answer grows with what somebody sent.
 */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';
import type { Query } from '../engine.ts';

const Text = z.string();
const Count = z.coerce.number();

/** Services that a trace is listed with. */
const MOST_SERVICES = 50;
/** Attributes, events and links of one span; the limits that OpenTelemetry's SDKs set themselves are 128. */
export const MOST_OF_SPAN = 512;
/** Characters of a value; of one in an event or a link. */
const VALUE_CHARACTERS = 32_000;
const SHORT_VALUE_CHARACTERS = 2_000;

const spanFilter = `({service:String} = '' OR ServiceName = {service:String})
  AND ({name:String} = '' OR positionCaseInsensitive(SpanName, {name:String}) > 0)
  AND ({errors:UInt8} = 0 OR StatusCode = 'Error')
  AND (empty({keys:Array(String)}) OR arrayAll((k, v) -> SpanAttributes[k] = v OR ResourceAttributes[k] = v, {keys:Array(String)}, {values:Array(String)}))
  AND Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})`;

const grouped = `SELECT TraceId AS trace_id, min(toUnixTimestamp64Nano(Timestamp)) AS start_ns,
    max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - start_ns AS duration_ns, uniqExact(SpanId) AS spans,
    uniqExactIf(SpanId, StatusCode = 'Error') AS errors, arraySort(groupUniqArray(${MOST_SERVICES})(ServiceName)) AS services,
    countIf(ParentSpanId = '') > 0 AS complete,
    argMin(SpanName, (ParentSpanId != '', Timestamp)) AS root_name, argMin(ServiceName, (ParentSpanId != '', Timestamp)) AS service_name
  FROM xray.otel_traces WHERE TraceId IN (SELECT DISTINCT TraceId FROM xray.otel_traces WHERE ${spanFilter})
  GROUP BY TraceId HAVING duration_ns >= {minNs:Int64} AND duration_ns <= {maxNs:Int64}`;

/** Newest first; `afterNs` and `afterId` are those of the last trace of the page before ('' for the first page). */
export const tracesPage: Query<{
  trace_id: string;
  start_ns: string;
  duration_ns: string;
  spans: number;
  errors: number;
  services: string[];
  complete: boolean;
  root_name: string;
  service_name: string;
}> = {
  name: 'traces',
  sql: `SELECT * FROM (${grouped}) WHERE {afterId:String} = '' OR (start_ns, trace_id) < (toInt64({afterNs:Int64}), {afterId:String})
    ORDER BY start_ns DESC, trace_id DESC LIMIT {limit:UInt32}`,
  row: z.object({
    trace_id: Text,
    start_ns: Text,
    duration_ns: Text,
    spans: Count,
    errors: Count,
    services: z.array(Text),
    complete: z.coerce.boolean(),
    root_name: Text,
    service_name: Text,
  }),
};

export const tracesMatched: Query<{ matched: number }> = {
  name: 'traces-matched',
  sql: `SELECT count() AS matched FROM (${grouped})`,
  row: z.object({ matched: Count }),
};

export const traceServices: Query<{ service: string }> = {
  name: 'trace-services',
  sql: 'SELECT DISTINCT ServiceName AS service FROM xray.otel_traces ORDER BY service LIMIT 1000',
  row: z.object({ service: Text }),
};

const Attributes = byKey(Text);
const Omitted = z.tuple([Count, Count, Count, Count]);

/** A map with its first entries, values cut. */
const cutMap = (map: string, characters: number): string =>
  `mapFromArrays(arraySlice(mapKeys(${map}), 1, ${MOST_OF_SPAN}), arrayMap(v -> substringUTF8(v, 1, ${characters}), arraySlice(mapValues(${map}), 1, ${MOST_OF_SPAN})))`;
const cutList = (list: string): string => `arraySlice(${list}, 1, ${MOST_OF_SPAN})`;
const cutMaps = (list: string): string => `arrayMap(m -> ${cutMap('m', SHORT_VALUE_CHARACTERS)}, ${cutList(list)})`;

/** Of a span in an answer without its texts: ids, times and names of members. */
const BARE_SPAN_BYTES = 180;

/**
 * By start, at most `limit`, and no more of them than {bytes:UInt64} bytes of an answer hold, about, but one at least; `span`: this one alone, '' for all.
 * `omitted`: attributes, resource attributes, events and links beyond the first 512 each.
 */
export const spansOfTrace: Query<{
  span_id: string;
  parent_span_id: string;
  name: string;
  kind: string;
  service_name: string;
  start_ns: string;
  duration_ns: string;
  status_code: string;
  status_message: string;
  scope_name: string;
  attributes: Record<string, string>;
  resource_attributes: Record<string, string>;
  event_times: string[];
  event_names: string[];
  event_attributes: Record<string, string>[];
  link_traces: string[];
  link_spans: string[];
  link_attributes: Record<string, string>[];
  omitted: [number, number, number, number];
}> = {
  name: 'spans-of-trace',
  sql: `SELECT * EXCEPT (so_far, place) FROM (
      SELECT *, row_number() OVER by_start AS place, sum(${BARE_SPAN_BYTES} + byteSize(name, status_message, attributes, resource_attributes, event_names,
        event_attributes, link_traces, link_attributes)) OVER by_start AS so_far
      FROM (
        SELECT SpanId AS span_id, ParentSpanId AS parent_span_id, substringUTF8(SpanName, 1, ${VALUE_CHARACTERS}) AS name, SpanKind AS kind,
          ServiceName AS service_name, toUnixTimestamp64Nano(Timestamp) AS start_ns, Duration AS duration_ns, StatusCode AS status_code,
          substringUTF8(StatusMessage, 1, ${VALUE_CHARACTERS}) AS status_message, ScopeName AS scope_name,
          ${cutMap('SpanAttributes', VALUE_CHARACTERS)} AS attributes, ${cutMap('ResourceAttributes', VALUE_CHARACTERS)} AS resource_attributes,
          arrayMap(t -> toUnixTimestamp64Nano(t), ${cutList('Events.Timestamp')}) AS event_times, ${cutList('Events.Name')} AS event_names,
          ${cutMaps('Events.Attributes')} AS event_attributes, ${cutList('Links.TraceId')} AS link_traces, ${cutList('Links.SpanId')} AS link_spans,
          ${cutMaps('Links.Attributes')} AS link_attributes,
          arrayMap(n -> greatest(toInt64(n) - ${MOST_OF_SPAN}, 0), [length(SpanAttributes), length(ResourceAttributes), length(Events.Name), length(Links.SpanId)]) AS omitted
        FROM xray.otel_traces WHERE TraceId = {trace:String} AND ({span:String} = '' OR SpanId = {span:String})
        ORDER BY start_ns, ParentSpanId != '', span_id LIMIT 1 BY SpanId LIMIT {limit:UInt32}
      ) WINDOW by_start AS (ORDER BY start_ns, parent_span_id != '', span_id ROWS UNBOUNDED PRECEDING)
    ) WHERE so_far <= {bytes:UInt64} OR place = 1 ORDER BY start_ns, parent_span_id != '', span_id`,
  row: z.object({
    span_id: Text,
    parent_span_id: Text,
    name: Text,
    kind: Text,
    service_name: Text,
    start_ns: Text,
    duration_ns: Text,
    status_code: Text,
    status_message: Text,
    scope_name: Text,
    attributes: Attributes,
    resource_attributes: Attributes,
    event_times: z.array(Text),
    event_names: z.array(Text),
    event_attributes: z.array(Attributes),
    link_traces: z.array(Text),
    link_spans: z.array(Text),
    link_attributes: z.array(Attributes),
    omitted: Omitted,
  }),
};

/** What a trace is as a whole, however many of its spans are shown. */
export const traceExtent: Query<{ spans: number; start_ns: string; end_ns: string; services: string[] }> = {
  name: 'trace-extent',
  sql: `SELECT uniqExact(SpanId) AS spans, min(toUnixTimestamp64Nano(Timestamp)) AS start_ns,
      max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS end_ns, arraySort(groupUniqArray(${MOST_SERVICES})(ServiceName)) AS services
    FROM xray.otel_traces WHERE TraceId = {trace:String}`,
  row: z.object({ spans: Count, start_ns: Text, end_ns: Text, services: z.array(Text) }),
};

export const spansOfTask: Query<{
  trace_id: string;
  span_id: string;
  name: string;
  start_ns: string;
  duration_ns: string;
}> = {
  name: 'spans-of-task',
  sql: `SELECT TraceId AS trace_id, SpanId AS span_id, SpanName AS name, toUnixTimestamp64Nano(Timestamp) AS start_ns, Duration AS duration_ns
    FROM xray.otel_traces WHERE SpanKind != 'Producer' AND (SpanAttributes['ray.task_id'] = {task:String}
      OR (SpanAttributes['ray.actor_method'] = '__init__' AND concat('ffffffffffffffff', SpanAttributes['ray.actor_id']) = {task:String}))
    ORDER BY start_ns LIMIT 1 BY TraceId, SpanId LIMIT 200`,
  row: z.object({ trace_id: Text, span_id: Text, name: Text, start_ns: Text, duration_ns: Text }),
};
