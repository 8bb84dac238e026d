import { ProblemError } from '../../../../lib/server/http/problem.ts';
import { getRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { checkShare, openShare, revokeShare } from '../../../../lib/server/shares/shares.ts';
import type { Handler } from '../../answer.ts';
import { problemResponse } from '../../problem-response.ts';

const HEADERS = { 'cache-control': 'private, no-store', 'x-robots-tag': 'noindex, nofollow' };

/** The answers are text already, so the share's routes encode for themselves. */
const withToken =
  (run: (token: string) => Promise<Response>): Handler =>
  async (request, context) => {
    try {
      if (new URL(request.url).search !== '')
        throw new ProblemError('unknown-parameter', 'this resource takes no parameters');
      return await run((await context.params).token ?? '');
    } catch (error) {
      return problemResponse(error);
    }
  };

export const GET = withToken(
  async (token) =>
    new Response(await openShare(getRuntime(), token), { headers: { ...HEADERS, 'content-type': 'application/json' } }),
);
/** Without it Next would answer HEAD with GET, and a link preview would count as opened. */
export const HEAD = withToken(async (token) => {
  await checkShare(getRuntime(), token);
  return new Response(null, { headers: { ...HEADERS, 'content-type': 'application/json' } });
});
export const DELETE = withToken(async (token) => {
  await revokeShare(getRuntime(), token);
  return new Response(null, { status: 204, headers: HEADERS });
});
