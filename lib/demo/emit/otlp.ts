/** What the simulation needs of OTLP/JSON: spans, their resources and attributes. */

/** `Span.SpanKind` of opentelemetry-proto. */
export const SPAN_KIND = { INTERNAL: 1, SERVER: 2, PRODUCER: 4, CONSUMER: 5 } as const;

export type AttributeValue = string | number | boolean;
interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events?: readonly unknown[];
  readonly status: Readonly<Record<string, unknown>>;
}
export interface ResourceSpans {
  readonly resource: { readonly attributes: readonly KeyValue[] };
  readonly scopeSpans: readonly {
    readonly scope: { readonly name: string; readonly version: string };
    readonly spans: readonly OtlpSpan[];
  }[];
}

/** Attributes as OTLP/JSON has them: whole numbers are 64-bit, as text. */
export const attributes = (values: Readonly<Record<string, AttributeValue>>): KeyValue[] =>
  Object.entries(values).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    if (typeof value === 'boolean') return { key, value: { boolValue: value } };
    return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
  });

/** A process of the simulation on a host. */
export const resource = (
  service: string,
  host: string,
  rest: Readonly<Record<string, AttributeValue>>,
): ResourceSpans['resource'] => ({
  attributes: attributes({
    'telemetry.sdk.language': 'python',
    'telemetry.sdk.name': 'opentelemetry',
    'service.name': service,
    'service.namespace': 'simulated',
    'host.name': host,
    ...rest,
  }),
});

/** Number of spans in these resources. */
export const countSpans = (resources: readonly ResourceSpans[]): number =>
  resources.reduce((sum, one) => sum + one.scopeSpans.reduce((inner, scope) => inner + scope.spans.length, 0), 0);
