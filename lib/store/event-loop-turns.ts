/** Long work in slices: requests are answered between two of them. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work of one slice, ms. */
const TURN_MS = 8;

/**
 * A function to be awaited between two pieces of work, each far shorter than TURN_MS: lets others go on where the slice is over, and
 * costs a look at the clock where it is not.
 */
export function takeTurns(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < TURN_MS) return undefined;
    return nextTurn().then(() => {
      began = performance.now();
    });
  };
}
