'use client';
/** The one hook through which every panel gets its data, keyed by the request's address. */
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { Problem, type ProblemWire } from '../../lib/contract/problem.ts';
import { type RouteContract, requestPath } from '../../lib/contract/route.ts';

/** An answer that was no answer; `problem` says what was asked, why it failed and what to do. */
export class ApiError extends Error {
  readonly problem: ProblemWire;

  constructor(problem: ProblemWire) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

async function ask(path: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError({
      type: 'about:blank',
      title: 'X-Ray does not answer',
      status: 0,
      code: 'network',
      detail: 'X-Ray does not answer. Is it still running?',
    });
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  const problem = Problem.safeParse(body);
  throw new ApiError(
    problem.success
      ? problem.data
      : {
          type: 'about:blank',
          title: 'Unexpected answer',
          status: response.status,
          code: 'internal',
          detail: `${path} answered ${response.status}`,
        },
  );
}

/** Data of one GET request. `refreshMs`: asked again that often while the page is visible. */
export function useApi<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  params: z.input<Query>,
  options: { readonly enabled?: boolean; readonly refreshMs?: number | false } = {},
): UseQueryResult<z.output<Body>, ApiError> {
  const path = requestPath(route, params);
  return useQuery<z.output<Body>, ApiError>({
    queryKey: ['GET', path],
    queryFn: async ({ signal }) => (await ask(path, signal)) as z.output<Body>,
    enabled: options.enabled ?? true,
    refetchInterval: options.refreshMs ?? 10_000,
    placeholderData: keepPreviousData,
    retry: (count, error) => count < 2 && (error.problem.status === 0 || error.problem.status >= 502),
  });
}
