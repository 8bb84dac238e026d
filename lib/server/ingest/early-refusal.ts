/**
 * What cannot be stored in time is refused before the web app sees the request: a refusal there costs a hundredth of one behind
 * a route, and under overload nearly all requests are refused. Routes ask again, so what passes here by mistake is refused there.
 */

import { ownValue } from '../../model/own-value.ts';
import { encodedProblem, ProblemError } from '../http/problem.ts';
import type { EarlyRefusal, RequestHead } from '../http/visit.ts';
import type { Ingest, IngestKind } from '../runtime/ingest.ts';
import { isProtobuf, rpcStatus } from './otlp-answer.ts';

const KINDS: ReadonlyMap<string, IngestKind> = new Map([
  ['/v1/traces', 'otlp'],
  ['/v1/events', 'ray-events'],
  ['/v1/timeline', 'ray-timeline'],
] as const);

/** The answer where the body would be refused whatever it holds (429), in the form that its protocol asks for; else null. */
export function earlyRefusal(ingest: Pick<Ingest, 'check'>, request: RequestHead): EarlyRefusal | null {
  const kind = request.method === 'POST' ? KINDS.get(request.path) : undefined;
  if (kind === undefined) return null;
  const header = (name: string): string => String(ownValue(request.headers, name) ?? '');
  const contentType = header('content-type');
  const head = {
    contentType,
    contentEncoding: header('content-encoding'),
    cluster: new URLSearchParams(request.search).get('cluster') || null,
    peer: request.peer,
  };
  try {
    ingest.check(head, kind, Number(header('content-length') || '0'));
    return null;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'overloaded') return null;
    const { problem, headers } = error;
    if (kind !== 'otlp') return encodedProblem(problem, headers);
    const protobuf = isProtobuf(contentType);
    return {
      status: problem.status,
      headers: { ...headers, 'content-type': protobuf ? 'application/x-protobuf' : 'application/json' },
      body: rpcStatus(protobuf, problem.status, problem.detail),
    };
  }
}
