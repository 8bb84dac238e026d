/**
 * A body's bytes to lines for the store, in one synchronous go: bounded in depth, records and days. Small bodies are
 * parsed where they arrive, big ones by the same function in a worker (body-parser.ts).
 */
import { createHash } from 'node:crypto';
import { type AttemptPart, IMPORTED_SESSION, type SessionSighting } from '../../model/task.ts';
import { decodeTraceRequest, isProtobuf } from '../../sources/otlp/decode.ts';
import { readExportTraceServiceRequest } from '../../sources/otlp/protobuf.ts';
import { type DecodedRay, decodeRayEvents } from '../../sources/ray/decode-event.ts';
import { decodeTimeline } from '../../sources/ray/decode-timeline.ts';
import { type EncodedRows, encodeRows } from '../../store/engine.ts';
import { rayRows } from '../../store/insert-ray.ts';
import { spanRows } from '../../store/insert-spans.ts';
import type { Config } from '../config.ts';
import { ProblemError } from '../problem.ts';

export interface TableRows extends EncodedRows {
  readonly table: string;
}

export interface Reject {
  /** Counts records (spans) through the whole body, from 0. */
  readonly position: number;
  readonly reason: string;
}

/** Plain data: it crosses from a worker. */
export interface ParsedBody {
  readonly tables: readonly TableRows[];
  readonly sightings: readonly SessionSighting[];
  /** Sessions that send events, and `<session>/<job>` of jobs whose drivers do. */
  readonly exporters: readonly string[];
  readonly accepted: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly rejected: number;
  /** The first thousand. */
  readonly rejects: readonly Reject[];
}

export interface ParseJob {
  readonly kind: 'otlp' | 'ray-events' | 'ray-timeline';
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly cluster: string | null;
  /** Only of timeline files: the session and job they belong to, where the sender knows. */
  readonly session?: string | null;
  readonly job?: string | null;
  readonly limits: Config['limits'];
}

const REJECTS_KEPT = 1000;
const RECORD_SHOWN = 2000;
/** Every day is a partition, and a partition costs the store a part: ten years of days in one body are a mistake. */
const DAYS = 3660;
const NS_PER_DAY = 86_400_000_000_000n;

/** Depth of nesting of JSON text, read without building it; strings are skipped. */
export function depthExceeds(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
// A byte that is no UTF-8 becomes U+FFFD: refusing the body would lose every record in it, or have it sent for ever.
const utf8 = new TextDecoder('utf-8');

function json(bytes: Uint8Array, limits: Config['limits']): unknown {
  if (depthExceeds(bytes, limits.depth))
    throw new ProblemError('invalid-body', `the JSON is nested deeper than ${limits.depth} levels`);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new ProblemError('invalid-body', `the body is not valid JSON: ${words(error)}`);
  }
}

function refuseMany(count: number, what: string, limits: Config['limits']): void {
  if (count > limits.records)
    throw new ProblemError(
      'too-large',
      `the body has ${count} ${what}, the limit is ${limits.records}: send smaller batches`,
    );
}

/** Rows of xray.ingest_rejects. */
export function rejectRows(
  endpoint: string,
  rejects: readonly Reject[],
  record: (reject: Reject) => string,
): TableRows[] {
  const rows = rejects.slice(0, REJECTS_KEPT).map((reject) => ({
    endpoint,
    position: reject.position,
    reason: reject.reason.slice(0, RECORD_SHOWN),
    record: record(reject).slice(0, RECORD_SHOWN),
  }));
  return rows.length > 0 ? [{ table: 'xray.ingest_rejects', ...encodeRows(rows) }] : [];
}

function traces({ bytes, contentType, limits }: ParseJob): ParsedBody {
  let request: unknown;
  let decoded: ReturnType<typeof decodeTraceRequest>;
  try {
    request = isProtobuf(contentType) ? readExportTraceServiceRequest(bytes, limits.depth) : json(bytes, limits);
    decoded = decodeTraceRequest(request);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('invalid-body', `the body is no OTLP trace request: ${words(error)}`);
  }
  refuseMany(decoded.spans.length + decoded.rejects.length, 'spans', limits);
  const days = new Set<bigint>();
  const rejects = [...decoded.rejects];
  const spans = decoded.spans.filter((span) => {
    days.add(span.start / NS_PER_DAY);
    return days.size <= DAYS;
  });
  const beyond = decoded.spans.length - spans.length;
  for (let i = 0; i < beyond; i++)
    rejects.push({ position: spans.length + i, reason: `the body has spans of more than ${DAYS} days` });
  const rows = spans.length > 0 ? [{ table: 'xray.otel_traces', ...encodeRows(spanRows(spans)) }] : [];
  return {
    tables: [...rows, ...rejectRows('otlp', rejects, () => '')],
    sightings: [],
    exporters: [],
    accepted: spans.length,
    ignored: {},
    rejected: rejects.length,
    rejects: rejects.slice(0, REJECTS_KEPT),
  };
}

/** A driver's task id is ones followed by its job id. */
const DRIVER_TASK_ID = 'f'.repeat(40);

/** The driver's own task, and tasks whose parent it is, are defined by the driver's process. */
function exportersOf(attempts: readonly AttemptPart[]): readonly string[] {
  const names = new Set<string>();
  for (const part of attempts) {
    names.add(part.session);
    if (part.type === 'DRIVER_TASK' || (part.functionName && part.parentTaskId?.startsWith(DRIVER_TASK_ID)))
      names.add(`${part.session}/${part.jobId}`);
  }
  return [...names];
}

function recordsOf(bytes: Uint8Array, limits: Config['limits']): readonly unknown[] {
  const value = json(bytes, limits);
  const records: readonly unknown[] = Array.isArray(value) ? value : [value];
  refuseMany(records.length, 'records', limits);
  return records;
}

function rayBody(kind: ParseJob['kind'], records: readonly unknown[], decoded: DecodedRay): ParsedBody {
  const { sightings, ...kept } = decoded.facts;
  const ignored = Object.values(decoded.ignored).reduce((sum, count) => sum + count, 0);
  return {
    tables: [
      ...rayRows(kept).map(({ table, rows }) => ({ table, ...encodeRows(rows) })),
      ...rejectRows(kind, decoded.rejects, ({ position }) => JSON.stringify(records[position]) ?? ''),
    ],
    sightings,
    exporters: kind === 'ray-events' ? exportersOf(kept.attempts) : [],
    accepted: records.length - ignored - decoded.rejects.length,
    ignored: decoded.ignored,
    rejected: decoded.rejects.length,
    rejects: decoded.rejects.slice(0, REJECTS_KEPT),
  };
}

function rayEvents({ bytes, cluster, limits }: ParseJob): ParsedBody {
  const records = recordsOf(bytes, limits);
  return rayBody('ray-events', records, decodeRayEvents(records, cluster));
}

/** A file without a session is one of its own, named by its content: importing it twice changes nothing. */
function rayTimeline({ bytes, cluster, session: given, job, limits }: ParseJob): ParsedBody {
  const records = recordsOf(bytes, limits);
  const session = given ?? `${IMPORTED_SESSION}${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  const isImported = session.startsWith(IMPORTED_SESSION);
  const decoded = decodeTimeline(records, { session, cluster, jobId: job ?? null, isImported });
  const admitted = decoded.completeness.map(({ jobId, truncated, reason }) => ({
    session,
    job_id: jobId,
    source: 'timeline',
    truncated: truncated ? 1 : 0,
    reason,
  }));
  const parsed = rayBody('ray-timeline', records, decoded);
  return admitted.length === 0
    ? parsed
    : { ...parsed, tables: [...parsed.tables, { table: 'xray.ray_completeness', ...encodeRows(admitted) }] };
}

const PARSERS: Readonly<Record<ParseJob['kind'], (job: ParseJob) => ParsedBody>> = {
  otlp: traces,
  'ray-events': rayEvents,
  'ray-timeline': rayTimeline,
};

/** Throws ProblemError 400 or 413 with a sentence. */
export const parseBody = (job: ParseJob): ParsedBody => PARSERS[job.kind](job);
