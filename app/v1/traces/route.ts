/** POST /v1/traces: OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). Answers in the request's encoding. */

import { ProblemError, toProblem } from '../../../lib/server/http/problem.ts';
import { isProtobuf, rpcStatus, traceResponse } from '../../../lib/server/ingest/otlp-answer.ts';
import { getRuntime } from '../../../lib/server/runtime/runtime.ts';

export async function POST(request: Request): Promise<Response> {
  const type = request.headers.get('content-type') ?? '';
  const protobuf = isProtobuf(type);
  const headers = { 'content-type': protobuf ? 'application/x-protobuf' : 'application/json' };
  try {
    if (!protobuf && !/^application\/json\b/i.test(type.trim()))
      throw new ProblemError(
        'unsupported-media-type',
        `content type "${type}" is not supported: send application/x-protobuf or application/json`,
      );
    const { ingest } = getRuntime();
    const stored = await ingest.traces(await ingest.receive(request, 'otlp'));
    return new Response(traceResponse(protobuf, stored.rejectedSpans, stored.reason), { status: 200, headers });
  } catch (error) {
    const { problem, headers: more } = toProblem(error);
    return new Response(rpcStatus(protobuf, problem.status, problem.detail), {
      status: problem.status,
      headers: { ...headers, ...more },
    });
  }
}
