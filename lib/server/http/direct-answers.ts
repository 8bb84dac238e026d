/** Answers as JSON that the door gives by itself, made at most once in 100 ms however many ask. */

/** How long an answer is given out again. Its own `now` tells how old it is. */
const KEPT_MS = 100;

export interface DirectAnswers {
  /** The body for a canonical path; null where the door does not answer by itself. Rejects where it could not be made. */
  readonly of: (path: string) => Promise<Buffer> | null;
}

/** `makers`: by path. */
export function createDirectAnswers(makers: ReadonlyMap<string, () => Promise<object>>): DirectAnswers {
  const kept = new Map<string, { readonly body: Promise<Buffer>; readonly madeMs: number }>();
  return {
    of(path) {
      const make = makers.get(path);
      if (make === undefined) return null;
      const now = performance.now();
      const last = kept.get(path);
      if (last !== undefined && now - last.madeMs < KEPT_MS) return last.body;
      const body = make().then((answer) => Buffer.from(JSON.stringify(answer)));
      kept.set(path, { body, madeMs: now });
      // A failure is for those who asked meanwhile, not for the next.
      body.catch(() => kept.delete(path));
      return body;
    },
  };
}
