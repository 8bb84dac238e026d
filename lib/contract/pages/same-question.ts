/**
 * When two requests ask the same thing, so that a share needs to hold one answer. A page asks as finely as its screen is
 * wide, and until now or until the end of what it has heard, which moves between the look and the share of it.
 */
import { queryTimestamp } from '../requests/query-timestamp.ts';

/** Ends of two windows may be this far apart, but never more than a tenth of the window. */
const TOLERANCE_NS = 60_000_000_000n;
const RESOLUTION = ['bins', 'points'] as const;

interface Question {
  /** Everything but resolution and window. */
  readonly rest: string;
  readonly from: bigint | null;
  readonly to: bigint | null;
}

function questionOf(request: string): Question {
  const [pathname = '', search = ''] = request.split('?');
  const query = new URLSearchParams(search);
  for (const name of RESOLUTION) query.delete(name);
  const end = (name: string): bigint | null => {
    const { ns } = queryTimestamp(query.get(name) ?? '');
    if (ns !== null) query.delete(name);
    return ns;
  };
  const [from, to] = [end('from'), end('to')];
  return { rest: `${pathname}?${query}`, from, to };
}

function isNear(a: bigint | null, b: bigint | null, tolerance: bigint): boolean {
  if (a === null || b === null) return a === b;
  return a - b <= tolerance && b - a <= tolerance;
}

/** True where the requests differ at most in resolution and by a little in their window. */
export function isSameQuestion(one: string, other: string): boolean {
  const [a, b] = [questionOf(one), questionOf(other)];
  if (a.rest !== b.rest) return false;
  const tenth = a.from === null || a.to === null || a.to < a.from ? 0n : (a.to - a.from) / 10n;
  const tolerance = tenth < TOLERANCE_NS ? tenth : TOLERANCE_NS;
  return isNear(a.from, b.from, tolerance) && isNear(a.to, b.to, tolerance);
}
