/**
 * What a route of the HTTP API takes and answers, said once: the route parses with it, the hook of the same resource
 * types with it, lib/contract/openapi documents it. Query parameters are text; anything not named here is refused by name.
 */
import type { z } from 'zod';
import type { RouteAddress } from './requests/addresses.ts';

export interface RouteContract<Query extends z.ZodObject, Response extends z.ZodType, Path extends string = string>
  extends RouteAddress<Path> {
  /** A strict object over the query string and the path parameters. */
  readonly query: Query;
  readonly response: Response;
}

export function defineRoute<Query extends z.ZodObject, Response extends z.ZodType, Path extends string>(
  address: RouteAddress<Path>,
  schemas: Pick<RouteContract<Query, Response>, 'query' | 'response'>,
): RouteContract<Query, Response, Path> {
  return { ...address, ...schemas };
}
