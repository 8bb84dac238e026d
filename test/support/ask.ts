/** GET routes of a running X-Ray, asked as their contracts say. */
import type { z } from 'zod';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import type { RouteParams, RoutePath } from '../../lib/contract/requests/routes-by-path.ts';
import type { RouteContract } from '../../lib/contract/route.ts';

/** Resolves with the parsed answer; rejects on what is no 2xx, with its status and body. */
export const asker =
  (base: string) =>
  async <Path extends RoutePath, Body extends z.ZodType>(
    route: RouteContract<z.ZodObject, Body, Path>,
    params: RouteParams<Path>,
  ): Promise<z.output<Body>> => {
    const path = requestPath(route, params);
    const response = await fetch(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return route.response.parse(await response.json());
  };
