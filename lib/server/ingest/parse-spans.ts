/** OTLP bodies to lines of otel_traces. */
import type { Span } from '../../model/span.ts';
import { isProtobuf, type SpanVisitor, spanDecoder } from '../../sources/otlp/decode.ts';
import { readTraceRequestJson } from '../../sources/otlp/json.ts';
import { readExportTraceServiceRequest } from '../../sources/otlp/protobuf.ts';
import { spanRows } from '../../store/insert-spans.ts';
import { ProblemError } from '../problem.ts';
import { ParseBudget } from './parse-budget.ts';
import { type ParsedBody, type ParseJob, RejectList, refuseMany, words } from './parsed-body.ts';
import { RowLines } from './row-lines.ts';

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

export function parseSpans({ bytes, contentType, limits }: ParseJob): ParsedBody {
  const budget = new ParseBudget(limits);
  const lines = new RowLines(budget);
  const rejects = new RejectList();
  const days = new Set<bigint>();
  let accepted = 0;
  let together = 1;

  function take(spans: readonly Span[]): void {
    const kept = spans.filter((span) => {
      days.add(span.start / NS_PER_DAY);
      if (days.size <= DAYS) return true;
      rejects.add(accepted + rejects.total, `the body has spans of more than ${DAYS} days`);
      return false;
    });
    accepted += kept.length;
    refuseMany(accepted + rejects.total, 'spans', limits);
    lines.add('xray.otel_traces', spanRows(kept), together);
  }

  const decoder = spanDecoder(take, (position, reason) => rejects.add(position, reason));
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
    if (error instanceof RangeError) throw new ProblemError('too-large', `the body is too large: ${words(error)}`);
    throw new ProblemError('invalid-body', `the body is no OTLP trace request: ${words(error)}`);
  }
  return {
    tables: [...lines.take(), ...rejects.rows('otlp')],
    sightings: [],
    exporters: [],
    accepted,
    ignored: {},
    rejected: rejects.total,
    rejects: rejects.first,
  };
}
