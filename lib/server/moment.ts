/** A moment given as text where a use case, not a route, reads it. */
import { Moment } from '../contract/wire-values.ts';
import { ProblemError } from './problem.ts';

/** Nanoseconds. Throws `invalid-parameter`. */
export function parseMoment(name: string, text: string): bigint {
  const parsed = Moment.safeParse(text);
  if (!parsed.success)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "${name}" is ${JSON.stringify(text)}: ${parsed.error.issues[0]?.message ?? 'invalid'}`,
    );
  return parsed.data;
}
