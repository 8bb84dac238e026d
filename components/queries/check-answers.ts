/**
 * Holds answers against their contracts, so that a server of another version than the page is said, not drawn wrongly. The schemas of
 * all routes weigh as much as a page of its own: this is loaded once a page is shown, and checks what is shown and what comes.
 */
import type { QueryCache } from '@tanstack/react-query';
import { z } from 'zod';
import { OPERATIONS } from '../../lib/contract/openapi/operations.ts';
import { pathPattern } from '../../lib/contract/requests/path-pattern.ts';
import { ApiError, checkWith } from './api-client.ts';

/** Values (members and items, at any depth) of an answer that is checked: more would take over 2 ms of a production page. */
const MOST_VALUES = process.env.NODE_ENV === 'production' ? 5_000 : Number.POSITIVE_INFINITY;

// Zod would make code of its schemas, which the pages' Content-Security-Policy forbids.
z.config({ jitless: true });

const SCHEMAS = OPERATIONS.flatMap(({ method, path, response }) =>
  method === 'get' && response instanceof z.ZodType ? [{ pattern: pathPattern(path), response }] : [],
);

function isAtMost(most: number, whole: unknown): boolean {
  const open: unknown[] = [whole];
  let left = most;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    left -= inside.length;
    if (left < 0) return false;
    for (const each of inside) if (typeof each === 'object' && each !== null) open.push(each);
  }
  return true;
}

/** What is wrong with the answer to this request; null where it has the form of its contract, or is too large to be checked. */
export function formProblem(path: string, body: unknown): ApiError | null {
  const pathname = path.split('?')[0] ?? '';
  const schema = SCHEMAS.find(({ pattern }) => pattern.test(pathname));
  if (schema === undefined || !isAtMost(MOST_VALUES, body)) return null;
  const parsed = schema.response.safeParse(body);
  if (parsed.success) return null;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  return new ApiError({
    type: 'about:blank',
    title: 'Another version of X-Ray',
    status: 200,
    code: 'internal',
    detail: `${pathname} answers in a form that this page does not know${where === '' ? '' : ` (at ${where})`}. Reload the page.`,
  });
}

/** Checks the answers that are there, and from now on each that comes. Answers how many have another form: they become errors. */
export function checkAnswers(cache: QueryCache): number {
  checkWith(formProblem);
  let wrong = 0;
  for (const query of cache.findAll({ queryKey: ['GET'] })) {
    if (query.state.data === undefined) continue;
    const error = formProblem(String(query.queryKey[1]), query.state.data);
    if (error === null) continue;
    query.setState({ data: undefined, error, errorUpdatedAt: Date.now(), status: 'error' });
    wrong += 1;
  }
  return wrong;
}
