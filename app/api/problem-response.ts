/** Any thrown value as an RFC 9457 answer. */
import { PROBLEM_MEDIA_TYPE } from '../../lib/contract/problem.ts';
import { toProblem } from '../../lib/server/http/problem.ts';

/** `gone`: the caller has left, so that nothing failed and nobody reads the answer. */
export function problemResponse(error: unknown, gone = false): Response {
  const { problem, headers } = toProblem(error);
  if (problem.status >= 500 && !gone)
    process.stderr.write(
      `${JSON.stringify({ level: 'error', event: 'api', code: problem.code, detail: problem.detail })}\n`,
    );
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store', ...headers },
  });
}
