/**
 * What a route of the HTTP API takes and answers, said once: the route parses with it, the hook of the same resource
 * types with it, lib/contract/openapi documents it. Query parameters are text; anything not named here is refused by name.
 */
import type { z } from 'zod';
import { ownValue } from '../model/own-value.ts';

export interface RouteContract<Query extends z.ZodObject, Response extends z.ZodType> {
  /** With parameters in braces: `/api/jobs/{jobId}`. */
  readonly path: string;
  /** A strict object over the query string and the path parameters. */
  readonly query: Query;
  readonly response: Response;
}

export function defineRoute<Query extends z.ZodObject, Response extends z.ZodType>(
  route: RouteContract<Query, Response>,
): RouteContract<Query, Response> {
  return route;
}

/**
 * The address of a request: path parameters filled in, the rest as a query string in the order of the contract, so
 * that one question has one address (it is the cache key too).
 */
export function requestPath<Query extends z.ZodObject, Response extends z.ZodType>(
  route: RouteContract<Query, Response>,
  params: z.input<Query>,
): string {
  const given = params as Readonly<Record<string, unknown>>;
  const inPath = new Set<string>();
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    return encodeURIComponent(String(ownValue(given, name) ?? ''));
  });
  const query = new URLSearchParams();
  for (const name of Object.keys(route.query.shape)) {
    const value = ownValue(given, name);
    if (inPath.has(name) || value === undefined || value === null || value === '') continue;
    query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
