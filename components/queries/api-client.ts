'use client';
/** The one hook through which every panel gets its data, keyed by the request's address. */
import { keepPreviousData, type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query';
import { z } from 'zod';
import { Problem, type ProblemWire } from '../../lib/contract/problem.ts';
import { type RouteContract, requestPath } from '../../lib/contract/route.ts';
import { takeEarly } from './early-answers.ts';
import { type FrozenAnswers, frozenAnswer, useFrozenPage } from './frozen.tsx';
import { isLate, noticesOf } from './late-notices.ts';

/** An answer that was no answer; `problem` says what was asked, why it failed and what to do. */
export class ApiError extends Error {
  readonly problem: ProblemWire;

  constructor(problem: ProblemWire) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/**
 * Characters of an answer that is checked against its contract: larger ones would take over 2 ms of a production page. Zod makes no
 * code of its schemas, which the pages' policy forbids.
 */
const MOST_CHECKED = process.env.NODE_ENV === 'production' ? 65_536 : Number.POSITIVE_INFINITY;
z.config({ jitless: true });

/** The body in the form of its contract; throws where it has another: the server is of another version than the page. */
function checked<Body extends z.ZodType>(
  route: { readonly response: Body },
  path: string,
  body: unknown,
): z.output<Body> {
  const parsed = route.response.safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ApiError({
    type: 'about:blank',
    title: 'Another version of X-Ray',
    status: 200,
    code: 'internal',
    detail: `${path.split('?')[0]} answers in a form that this page does not know${where === '' ? '' : ` (at ${where})`}. Reload the page.`,
  });
}

/** One answer in the form of its contract. Rejects with ApiError. */
async function askRoute<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  path: string,
  init: RequestInit,
): Promise<z.output<Body>> {
  const { body, length } = await ask(path, init);
  return length > MOST_CHECKED ? (body as z.output<Body>) : checked(route, path, body);
}

async function ask(path: string, init: RequestInit): Promise<{ readonly body: unknown; readonly length: number }> {
  let response: Response;
  try {
    response = await ((init.method === undefined ? takeEarly(path) : undefined) ?? fetch(path, init));
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({
      type: 'about:blank',
      title: 'X-Ray does not answer',
      status: 0,
      code: 'network',
      detail: 'X-Ray does not answer. Is it still running?',
    });
  }
  const text = await response.text().catch(() => '');
  return { body: accept(path, response.status, bodyOf(text)), length: text.length };
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The body of a good answer; throws the problem of a bad one. */
function accept(path: string, status: number, body: unknown): unknown {
  if (status >= 200 && status < 300) return body;
  const problem = Problem.safeParse(body);
  throw new ApiError(
    problem.success
      ? problem.data
      : {
          type: 'about:blank',
          title: 'Unexpected answer',
          status,
          code: 'internal',
          detail: `${path} answered ${status}`,
        },
  );
}

/** The error a share holds; what it does not hold is said, never asked for. */
function thaw(answer: FrozenAnswers[string] | null, path: string): unknown {
  if (answer) return accept(path, answer.status, answer.body);
  throw new ApiError({
    type: 'about:blank',
    title: 'Not part of this share',
    status: 404,
    code: 'not-found',
    detail: 'This share holds no data for this part of the page. Open it in X-Ray to see it.',
  });
}

/** Soon at first; a source that takes long is not asked the more. */
function lateAgainMs(data: unknown): number {
  const since = noticesOf(data).find(({ kind }) => kind === 'late')?.since;
  const waitedMs = since === undefined ? 0 : Date.now() - Date.parse(since);
  return Math.min(5_000, Math.max(1_000, waitedMs / 5));
}

/** Data of one GET request. `refreshMs`: asked again that often while the page is visible. */
export function useApi<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  params: z.input<Query>,
  options: { readonly enabled?: boolean; readonly refreshMs?: number | false } = {},
): UseQueryResult<z.output<Body>, ApiError> {
  const path = requestPath(route, params);
  const frozen = useFrozenPage();
  const held = frozen ? frozenAnswer(frozen.answers, path) : null;
  const isGood = held !== null && held.status >= 200 && held.status < 300;
  return useQuery<z.output<Body>, ApiError>({
    queryKey: frozen ? ['FROZEN', path, frozen.id] : ['GET', path],
    queryFn: async ({ signal }) =>
      frozen ? (thaw(held, path) as z.output<Body>) : await askRoute(route, path, { signal }),
    enabled: options.enabled ?? true,
    // What a source has not said yet is asked for again soon, whether the answer is refreshed otherwise or not.
    refetchInterval: frozen
      ? false
      : ({ state }) => (isLate(state.data) ? lateAgainMs(state.data) : (options.refreshMs ?? 10_000)),
    placeholderData: keepPreviousData,
    // As if it had been asked for at that moment, so that what is told since then is told as of then.
    ...(frozen && isGood ? { initialData: held.body as z.output<Body>, initialDataUpdatedAt: frozen.atMs } : {}),
    staleTime: frozen ? Number.POSITIVE_INFINITY : 2_000,
    retry: (count, error) => count < 2 && (error.problem.status === 0 || error.problem.status >= 502),
  });
}

/** Answers of the same resource by pages, in the order asked for; what was loaded stays. Not for pages that shares hold. */
export function useApiPages<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  wanted: readonly z.input<Query>[],
): readonly { readonly data: z.output<Body> | undefined; readonly error: ApiError | null }[] {
  return useQueries({
    queries: wanted.map((params) => {
      const path = requestPath(route, params);
      return {
        queryKey: ['GET', path],
        queryFn: ({ signal }: { signal: AbortSignal }) => askRoute(route, path, { signal }),
        staleTime: 30_000,
      };
    }),
    combine: (results) => results.map(({ data, error }) => ({ data, error: error instanceof ApiError ? error : null })),
  });
}

/** One answer for a hand that asks once, not for panels of data. Rejects with ApiError. */
export const askOnce = <Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  params: z.input<Query>,
): Promise<z.output<Body>> => askRoute(route, requestPath(route, params), {});

/** A request that changes something; not for panels of data. Rejects with ApiError. */
export const send = async (method: 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> => {
  const json = body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {};
  return (await ask(path, { method, ...json })).body;
};
