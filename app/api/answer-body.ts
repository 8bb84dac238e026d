/** Routes that take a JSON body: read within a limit, parse with the contract, call one use case; errors are RFC 9457. */
import type { z } from 'zod';
import { readUpTo } from '../../lib/model/read-up-to.ts';
import { firstIssueSentence } from '../../lib/schema/issue-sentence.ts';
import { ProblemError } from '../../lib/server/http/problem.ts';
import { parseJson } from '../../lib/server/ingest/body.ts';
import { getRuntime, type Runtime } from '../../lib/server/runtime/runtime.ts';
import { problemResponse } from './problem-response.ts';

/**
 * A POST handler. Only `application/json` is taken, which another site's page cannot send without being allowed to.
 * `created` gives the address of what was made: 201 with Location; without it the answer is 200.
 */
export function answerBody<Schema extends z.ZodType, Answer extends object>(
  schema: Schema,
  limitBytes: number,
  run: (runtime: Runtime, body: z.output<Schema>, signal: AbortSignal) => Promise<Answer>,
  created?: (answer: Answer) => string,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      if (new URL(request.url).search !== '')
        throw new ProblemError('unknown-parameter', 'this resource takes a JSON body and no parameters');
      const runtime = getRuntime();
      const value = await parseJson(await readJsonBytes(request, limitBytes), runtime.config.limits);
      const parsed = schema.safeParse(value);
      if (!parsed.success) throw new ProblemError('invalid-body', firstIssueSentence(parsed.error, 'the body'));
      const answer = await run(runtime, parsed.data, request.signal);
      return Response.json(answer, {
        status: created ? 201 : 200,
        headers: { 'cache-control': 'private, no-store', ...(created ? { location: created(answer) } : {}) },
      });
    } catch (error) {
      return problemResponse(error);
    }
  };
}

async function readJsonBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new ProblemError('unsupported-media-type', `content type "${type}": expected application/json`);
  const tooLarge = (bytes: number) =>
    new ProblemError('too-large', `the body has at least ${bytes} bytes, the limit is ${limitBytes}`);
  const declared = Number(request.headers.get('content-length') ?? '0');
  if (declared > limitBytes) throw tooLarge(declared);
  const { bytes, isWhole } = await readUpTo(request.body ?? [], limitBytes);
  if (!isWhole) throw tooLarge(bytes.byteLength);
  return bytes;
}
