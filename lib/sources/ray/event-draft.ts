/** What the events of one body say, gathered; what is kept without something is told to `note`. */
import type { RayFacts } from '../../model/task.ts';
import type { Note } from './event-fields.ts';

type Lists = { readonly [K in keyof RayFacts]: RayFacts[K][number][] };

export interface Draft extends Lists {
  readonly note: Note;
}

/** Throws where the value is missing. */
export const required = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
};
