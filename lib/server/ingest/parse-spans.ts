/** OTLP bodies to lines of otel_traces. */
import type { Span } from '../../model/span.ts';
import { isProtobuf, type SpanVisitor, spanDecoder } from '../../sources/otlp/decode.ts';
import { readTraceRequestJson } from '../../sources/otlp/json.ts';
import { readExportTraceServiceRequest } from '../../sources/otlp/protobuf.ts';
import { spanRows } from '../../store/insert-spans.ts';
import { ProblemError } from '../http/problem.ts';
import { ParseBudget } from './parse-budget.ts';
import { message, type ParsedBody, type ParseJob, RejectList, refuseMany } from './parsed-body.ts';
import { RowLines } from './row-lines.ts';
import { OLDER, REJECTED, SetAside } from './set-aside.ts';

/** Every day is a partition, and a partition costs the store a part: ten years of days in one body are a mistake. */
const DAYS = 3660;
const NS_PER_DAY = 86_400_000_000_000n;
/** Of a resource or scope, as text; most of millions are empty. */
function bytesOf(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0;
  for (const _ in node) return JSON.stringify(node).length;
  return 0;
}
/** Rows that are encoded together have about so many bytes of what they share. */
const SHARED_BYTES = 1024 ** 2;

/** RFC 3339, in whole seconds. */
const dateOf = (time: bigint): string => `${new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19)}Z`;

export function parseSpans({ bytes, contentType, limits, spans: keep }: ParseJob): ParsedBody {
  const budget = new ParseBudget(limits);
  const lines = new RowLines(budget);
  const rejects = new RejectList();
  const days = new Set<bigint>();
  const imported = keep?.imported ?? null;
  let accepted = 0;
  let older = 0;
  let together = 1;

  function take(spans: readonly Span[]): void {
    accepted += spans.length;
    refuseMany(accepted + rejects.total, 'spans', limits);
    lines.add('xray.otel_traces', spanRows(spans, imported), together);
  }

  function refuses({ start }: Span): string | null {
    if (keep && keep.imported === null && start < keep.oldestNs) {
      older += 1;
      return `it started ${dateOf(start)}, and traces are kept for ${keep.days} days; "xray import" keeps recordings`;
    }
    days.add(start / NS_PER_DAY);
    return days.size <= DAYS ? null : `the body has spans of more than ${DAYS} days`;
  }

  const decoder = spanDecoder(take, (position, reason) => rejects.add(position, reason), refuses);
  let [resourceBytes, scopeBytes] = [0, 0];
  const weigh = (): void => {
    together = Math.max(1, Math.min(500, Math.floor(SHARED_BYTES / (resourceBytes + scopeBytes + 1))));
  };
  const visitor: SpanVisitor = {
    ...decoder,
    resource(resource) {
      resourceBytes = bytesOf(resource);
      weigh();
      decoder.resource(resource);
    },
    scope(scope) {
      scopeBytes = bytesOf(scope);
      weigh();
      decoder.scope(scope);
    },
  };
  try {
    if (isProtobuf(contentType)) readExportTraceServiceRequest(bytes, budget, visitor);
    else readTraceRequestJson(bytes, budget, visitor);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    if (error instanceof RangeError) throw new ProblemError('too-large', `the body is too large: ${message(error)}`);
    throw new ProblemError('invalid-body', `the body is not an OTLP trace request: ${message(error)}`);
  }
  const aside = new SetAside('otlp');
  if (older > 0) aside.add('', OLDER, older, `older than the ${keep?.days ?? 0} days that traces are kept`);
  if (rejects.total > older)
    aside.add(
      '',
      REJECTED,
      rejects.total - older,
      rejects.firstReason((reason) => !/^it started /.test(reason)),
    );
  return {
    tables: [...lines.take(), ...rejects.rows('otlp'), ...aside.rows()],
    sightings: [],
    exporters: [],
    accepted,
    ignored: {},
    rejected: rejects.total,
    rejects: rejects.first,
    notes: [],
    older,
  };
}
