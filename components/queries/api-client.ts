'use client';
/** The one hook through which every panel gets its data, keyed by the request's address. */
import { keepPreviousData, type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query';
import type { ProblemWire } from '../../lib/contract/problem.ts';
import { readProblem } from '../../lib/contract/read-problem.ts';
import type { RouteAddress } from '../../lib/contract/requests/addresses.ts';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import type { RouteBody, RouteParams, RoutePath } from '../../lib/contract/requests/routes-by-path.ts';
import { takeEarly } from './early-answers.ts';
import { useFrozenPage } from './frozen.tsx';
import type { FrozenAnswer } from './frozen-answer.ts';
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

type CheckAnswer = (path: string, body: unknown) => ApiError | null;
let check: CheckAnswer = () => null;

/** From now on answers are held against their contracts (./check-answers.ts). */
export function checkWith(next: CheckAnswer): void {
  check = next;
}

export const NO_ANSWER: ProblemWire = {
  type: 'about:blank',
  title: 'X-Ray does not answer',
  status: 0,
  code: 'network',
  detail: 'X-Ray does not answer. Is it still running?',
};

async function ask(path: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await ((init.method === undefined ? takeEarly(path) : undefined) ?? fetch(path, init));
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(NO_ANSWER);
  }
  const body = accept(path, response.status, await response.json().catch(() => null));
  const wrong = init.method === undefined ? check(path, body) : null;
  if (wrong !== null) throw wrong;
  return body;
}

/** The body of a good answer; throws the problem of a bad one. */
function accept(path: string, status: number, body: unknown): unknown {
  if (status >= 200 && status < 300) return body;
  throw new ApiError(
    readProblem(body) ?? {
      type: 'about:blank',
      title: 'Unexpected answer',
      status,
      code: 'internal',
      detail: `${path} answered ${status}`,
    },
  );
}

/** The error a share holds; what it does not hold is said, never asked for. */
function thaw(answer: FrozenAnswer | null, path: string): unknown {
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
export function useApi<Path extends RoutePath>(
  address: RouteAddress<Path>,
  params: RouteParams<Path>,
  options: { readonly enabled?: boolean; readonly refreshMs?: number | false } = {},
): UseQueryResult<RouteBody<Path>, ApiError> {
  const path = requestPath(address, params);
  const frozen = useFrozenPage();
  const held = frozen ? frozen.answerTo(path) : null;
  const isGood = held !== null && held.status >= 200 && held.status < 300;
  return useQuery<RouteBody<Path>, ApiError>({
    queryKey: frozen ? ['FROZEN', path, frozen.id] : ['GET', path],
    queryFn: async ({ signal }) => (frozen ? thaw(held, path) : await ask(path, { signal })) as RouteBody<Path>,
    enabled: options.enabled ?? true,
    // What a source has not said yet is asked for again soon, whether the answer is refreshed otherwise or not.
    refetchInterval: frozen
      ? false
      : ({ state }) => (isLate(state.data) ? lateAgainMs(state.data) : (options.refreshMs ?? 10_000)),
    placeholderData: keepPreviousData,
    // As if it had been asked for at that moment, so that what is told since then is told as of then.
    ...(frozen && isGood ? { initialData: held.body as RouteBody<Path>, initialDataUpdatedAt: frozen.atMs } : {}),
    staleTime: frozen ? Number.POSITIVE_INFINITY : 2_000,
    retry: (count, error) => count < 2 && (error.problem.status === 0 || error.problem.status >= 502),
  });
}

/** Answers of the same resource by pages, in the order asked for; what was loaded stays. Not for pages that shares hold. */
export function useApiPages<Path extends RoutePath>(
  address: RouteAddress<Path>,
  wanted: readonly RouteParams<Path>[],
): readonly { readonly data: RouteBody<Path> | undefined; readonly error: ApiError | null }[] {
  return useQueries({
    queries: wanted.map((params) => {
      const path = requestPath(address, params);
      return {
        queryKey: ['GET', path],
        queryFn: async ({ signal }: { signal: AbortSignal }) => (await ask(path, { signal })) as RouteBody<Path>,
        staleTime: 30_000,
      };
    }),
    combine: (results) => results.map(({ data, error }) => ({ data, error: error instanceof ApiError ? error : null })),
  });
}

/** One answer for a hand that asks once, not for panels of data. Rejects with ApiError. */
export const askOnce = async <Path extends RoutePath>(
  address: RouteAddress<Path>,
  params: RouteParams<Path>,
): Promise<RouteBody<Path>> => (await ask(requestPath(address, params), {})) as RouteBody<Path>;

/** A request that changes something; not for panels of data. Rejects with ApiError. */
export const send = (method: 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> =>
  ask(path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
