/** Spans as rows of otel_traces (the Collector's ClickHouse exporter's columns). */
import type { Span } from '../model/span.ts';

/**
 * DateTime64(9) as `<seconds>.<nanoseconds>`: exact, and read without a time zone. Ten digits of seconds, because fewer
 * than five are read as a year: an event without a time has time 0.
 */
const timestamp = (time: bigint): string =>
  `${(time / 1_000_000_000n).toString().padStart(10, '0')}.${(time % 1_000_000_000n).toString().padStart(9, '0')}`;

/** `imported`: when they were, Unix s by the clock that retention believes; null: they came live. */
export function spanRows(spans: readonly Span[], imported: number | null = null): readonly object[] {
  const more = imported === null ? {} : { Imported: imported };
  return spans.map((span) => ({
    ...more,
    Timestamp: timestamp(span.start),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId,
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: span.kind,
    ServiceName: span.serviceName,
    ResourceAttributes: span.resourceAttributes,
    ScopeName: span.scopeName,
    ScopeVersion: span.scopeVersion,
    SpanAttributes: span.attributes,
    Duration: span.duration,
    StatusCode: span.statusCode,
    StatusMessage: span.statusMessage,
    'Events.Timestamp': span.events.map((event) => timestamp(event.time)),
    'Events.Name': span.events.map((event) => event.name),
    'Events.Attributes': span.events.map((event) => event.attributes),
    'Links.TraceId': span.links.map((link) => link.traceId),
    'Links.SpanId': span.links.map((link) => link.spanId),
    'Links.TraceState': span.links.map((link) => link.traceState),
    'Links.Attributes': span.links.map((link) => link.attributes),
  }));
}
