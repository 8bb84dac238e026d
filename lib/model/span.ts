/** OpenTelemetry spans as X-Ray stores them: the columns of the Collector's ClickHouse exporter say the same. */
import type { Nanoseconds } from './units.ts';

/** Spelling of the Collector's ClickHouse exporter (ptrace.SpanKind.String()). */
export type SpanKind = 'Unspecified' | 'Internal' | 'Server' | 'Client' | 'Producer' | 'Consumer';
export type StatusCode = 'Unset' | 'Ok' | 'Error';
/** Attribute values are text in the store; arrays and maps are JSON text. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Attributes that X-Ray adds where a span could not be stored as it came. `CLOCK_NOTE`, of a span or an event: its times were none, and
 * what stands in their place. `LINKS_NOTE`, of a span: how many of its links are left out.
 */
export const CLOCK_NOTE = 'xray.clock';
export const LINKS_NOTE = 'xray.links';

export interface SpanEvent {
  readonly time: Nanoseconds;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
}

export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly serviceName: string;
  readonly resourceAttributes: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly attributes: Attributes;
  readonly start: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly statusCode: StatusCode;
  readonly statusMessage: string;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}
