/** Answers as they stand in a share. */
import { isSameQuestion } from '../../lib/contract/pages/same-question.ts';
import { ownValue } from '../../lib/model/own-value.ts';

/** HTTP status and JSON body. */
export interface FrozenAnswer {
  readonly status: number;
  readonly body?: unknown;
}
/** By request path. */
export type FrozenAnswers = Readonly<Record<string, FrozenAnswer>>;

/** The answer to this request, or to one that asks the same thing; null where there is none. */
export function frozenAnswer(answers: FrozenAnswers, path: string): FrozenAnswer | null {
  const exact = ownValue(answers, path);
  if (exact) return exact;
  const same = Object.keys(answers).find((each) => isSameQuestion(path, each));
  return (same && ownValue(answers, same)) || null;
}
