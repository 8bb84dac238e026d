/** OpenTelemetry traces. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { TraceCursor } from './cursors.ts';
import { DurationMs, inOrder, SearchText } from './parameters.ts';
import {
  spanAddress,
  traceAddress,
  traceColumnsAddress,
  traceFoundAddress,
  traceSizeAddress,
  tracesAddress,
} from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { Flag, Limit, NsText, SourceNotice, Timestamp } from './wire-values.ts';

export const TraceSummary = z.object({
  traceId: z.string(),
  rootName: z.string(),
  /** Service of the root span. */
  serviceName: z.string(),
  /** At most 50. */
  services: z.array(z.string()),
  startNs: NsText,
  durationNs: NsText,
  spans: z.number(),
  errors: z.number(),
  /** False while no root span has arrived: children may come before their parent. */
  complete: z.boolean(),
});
export type TraceSummaryWire = z.infer<typeof TraceSummary>;

/** Each is one more condition on every span. */
const MOST_PAIRS = 20;
/** `key=value`, joined by `&&`, as keys and values side by side. */
const AttributePairs = SearchText.transform((text, context): { keys: string[]; values: string[] } => {
  const pairs = text.split('&&').filter((part) => part.trim() !== '');
  const indexes = pairs.map((pair) => pair.indexOf('='));
  if (pairs.length > MOST_PAIRS) context.addIssue({ code: 'custom', message: `expected at most ${MOST_PAIRS} pairs` });
  if (indexes.some((at) => at <= 0))
    context.addIssue({ code: 'custom', message: 'expected key=value, several joined by &&' });
  return {
    keys: pairs.map((pair, i) => pair.slice(0, indexes[i]).trim()),
    values: pairs.map((pair, i) => pair.slice((indexes[i] ?? 0) + 1).trim()),
  };
});

export const TracesResponse = z.object({
  traces: z.array(TraceSummary),
  matched: z.number(),
  services: z.array(z.string()),
  nextCursor: z.string().nullable(),
  /** What was sent since yesterday and not taken: how many spans, and why. */
  notices: z.array(SourceNotice),
});
export type TracesWire = z.infer<typeof TracesResponse>;
export const tracesRoute = defineRoute(tracesAddress, {
  query: inOrder(
    z.strictObject({
      service: SearchText.optional(),
      /** Part of a span's name, case-insensitive. */
      name: SearchText.optional(),
      /** `key=value`, repeated with `&&`; span and resource attributes alike. */
      attributes: AttributePairs.optional(),
      minDurationMs: DurationMs.optional(),
      maxDurationMs: DurationMs.optional(),
      errors: Flag,
      from: Timestamp.optional(),
      to: Timestamp.optional(),
      limit: Limit(1000, 100),
      cursor: TraceCursor.optional(),
    }),
  ),
  response: TracesResponse,
});

export const SpanWire = z.object({
  spanId: z.string(),
  parentSpanId: z.string(),
  name: z.string(),
  kind: z.string(),
  serviceName: z.string(),
  startNs: NsText,
  durationNs: NsText,
  statusCode: z.string(),
  statusMessage: z.string(),
  scopeName: z.string(),
  attributes: byKey(z.string()),
  resourceAttributes: byKey(z.string()),
  events: z.array(z.object({ timeNs: NsText, name: z.string(), attributes: byKey(z.string()) })),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string(), attributes: byKey(z.string()) })),
  /** How many of each are left out beyond the first 512; absent where nothing is. Values are cut after 32,000 characters. */
  omitted: z
    .object({ attributes: z.number(), resourceAttributes: z.number(), events: z.number(), links: z.number() })
    .optional(),
  /** The Ray task attempt this span is, joined by ray.task_id, by the actor it made, or by worker and time. */
  task: z
    .object({
      cluster: z.string(),
      session: z.string(),
      jobId: z.string(),
      taskId: z.string(),
      attempt: z.number(),
      functionName: z.string(),
      state: z.string(),
      joinedBy: z.enum(['ray.task_id', 'ray.actor_id', 'worker+time']),
    })
    .nullable(),
});
export type SpanWireValue = z.infer<typeof SpanWire>;

export const TraceResponse = z.object({
  traceId: z.string(),
  startNs: NsText,
  durationNs: NsText,
  /** At most 50. */
  services: z.array(z.string()),
  /** As many as 16 MB hold. By start time; parents before children where times tie. */
  spans: z.array(SpanWire),
  /** Spans beyond the limit are counted here, not hidden. */
  omitted: z.number(),
});
export type TraceWire = z.infer<typeof TraceResponse>;
const traceId = z.string().regex(/^[0-9a-fA-F]{32}$/, 'expected 32 hex digits');
export const traceRoute = defineRoute(traceAddress, {
  query: z.strictObject({ traceId, limit: Limit(100_000, 20_000) }),
  response: TraceResponse,
});

export const TraceSize = z.object({
  traceId: z.string(),
  spans: z.number(),
  /** Changes when spans of the trace come in. */
  version: z.string(),
});
export type TraceSizeWire = z.infer<typeof TraceSize>;
/** What decides between spans in full and spans in columns. */
export const traceSizeRoute = defineRoute(traceSizeAddress, {
  query: z.strictObject({ traceId }),
  response: TraceSize,
});

/** All spans in columns: answers application/gzip (lib/model/trace-columns.ts), not JSON. */
export const traceColumnsRoute = defineRoute(traceColumnsAddress, {
  query: z.strictObject({ traceId, limit: Limit(500_000, 500_000) }),
  response: z.instanceof(Uint8Array),
});

/** One span in full. */
export const spanRoute = defineRoute(spanAddress, {
  query: z.strictObject({ traceId, spanId: z.string().regex(/^[0-9a-fA-F]{16}$/, 'expected 16 hex digits') }),
  response: SpanWire,
});

export const TraceFound = z.object({
  /** By start; the first 100,000. */
  spanIds: z.array(z.string()),
  /** False where more spans match than these. */
  isAll: z.boolean(),
});
export type TraceFoundWire = z.infer<typeof TraceFound>;
/** Where a text is found: part of a name or of an attribute's value, a span id, or `key=value`; without case. */
export const traceFoundRoute = defineRoute(traceFoundAddress, {
  query: z.strictObject({ traceId, text: z.string().min(1).max(1000) }),
  response: TraceFound,
});
