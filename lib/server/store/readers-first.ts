/**
 * Queries before large inserts: a large batch waits, for a moment, until no query runs. An insert takes as many cores as there are, so
 * that a page which asks five things one after the other would compete with an insert each time.
 *
 *   queries    |--a--|  |-b-|      |------------c-------------|
 *   batches       |...wait...|=====1=====|...wait...|====2====|      after WAIT_MS a batch goes on: readers cannot stop it
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Ms a batch waits at most. A batch under load takes about a second, so that readers slow ingest by a third at most. */
const WAIT_MS = 400;
/** Ms after a query in which its reader may ask the next. */
const NEXT_MS = 15;

export interface ReadersFirst {
  /** A query begins; call what is returned when it ends. */
  readonly reading: () => () => void;
  /** Resolves when nobody reads, or after `WAIT_MS`. */
  readonly pass: () => Promise<void>;
}

export function createReadersFirst(): ReadersFirst {
  let readers = 0;
  let ended = Number.NEGATIVE_INFINITY;
  let wake: (() => void) | null = null;
  const isQuiet = (): boolean => readers === 0 && performance.now() - ended >= NEXT_MS;
  return {
    reading() {
      readers += 1;
      return () => {
        readers -= 1;
        ended = performance.now();
        if (readers === 0) wake?.();
      };
    },
    async pass() {
      for (const end = performance.now() + WAIT_MS; !isQuiet() && performance.now() < end; ) {
        const answered = readers === 0 ? null : new Promise<void>((resolve) => (wake = resolve));
        const stop = new AbortController();
        const timed = sleep(readers === 0 ? NEXT_MS : end - performance.now(), undefined, { signal: stop.signal });
        await Promise.race([timed.catch(() => undefined), ...(answered === null ? [] : [answered])]);
        stop.abort();
      }
      wake = null;
    },
  };
}
