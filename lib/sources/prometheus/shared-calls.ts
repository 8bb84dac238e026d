/** Identical calls that are under way are made once; the call is ended when nobody waits for it any more. */

interface Call {
  readonly result: Promise<unknown>;
  readonly controller: AbortController;
  waiting: number;
}

export type SharedCalls = <T>(
  key: string,
  start: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/** Each caller gets the shared result, or rejects with its own signal's reason as soon as that fires. */
export function createSharedCalls(): SharedCalls {
  const calls = new Map<string, Call>();

  return async <T>(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    signal?.throwIfAborted();
    let call = calls.get(key);
    if (!call) {
      const controller = new AbortController();
      const made: Call = { result: start(controller.signal), controller, waiting: 0 };
      const forget = () => {
        if (calls.get(key) === made) calls.delete(key);
      };
      made.result.then(forget, forget);
      calls.set(key, made);
      call = made;
    }
    const joined = call;
    joined.waiting++;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return (await Promise.race([joined.result, left.promise])) as T;
    } finally {
      signal?.removeEventListener('abort', leave);
      joined.waiting--;
      if (joined.waiting === 0) {
        if (calls.get(key) === joined) calls.delete(key);
        joined.controller.abort(new Error('nobody waits for this answer any more'));
      }
    }
  };
}
