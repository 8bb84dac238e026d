/** GET routes of a running X-Ray, asked as their contracts say. */
import type { z } from 'zod';
import { type RouteContract, requestPath } from '../../lib/contract/route.ts';

/** Resolves with the parsed answer; rejects on what is no 2xx, with its status and body. */
export const asker =
  (base: string) =>
  async <Query extends z.ZodObject, Body extends z.ZodType>(
    route: RouteContract<Query, Body>,
    params: z.input<Query>,
  ): Promise<z.output<Body>> => {
    const path = requestPath(route, params);
    const response = await fetch(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return route.response.parse(await response.json());
  };
