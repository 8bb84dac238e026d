/** Any thrown value as an RFC 9457 answer. */
import { encodedProblem, toProblem } from '../../lib/server/http/problem.ts';

/** `gone`: the caller has left, so that nothing failed and nobody reads the answer. */
export function problemResponse(error: unknown, gone = false): Response {
  const { problem, headers } = toProblem(error);
  if (problem.status >= 500 && !gone)
    process.stderr.write(
      `${JSON.stringify({ level: 'error', event: 'api', code: problem.code, detail: problem.detail })}\n`,
    );
  const answer = encodedProblem(problem, headers);
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}
