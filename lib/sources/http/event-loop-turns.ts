/**
 * Long work in slices, so that requests are answered between two of them.
 *
 *   outside data  `ownTurn`, `inSlices`: one slice per turn of the event loop, whoever asks. Many streams that are decoded at once
 *                 share the turns, so that what else runs (health above all) waits for one slice and not for one of each stream.
 *   an answer     `takeTurns`: a slice of its own in every turn, so that readers do not queue behind what is sent.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A slice ends after this, ms. */
const SLICE_MS = 12;
/** Of one answer, ms. */
const ANSWER_MS = 8;

let sliceBegan = 0;
let scheduled = false;
const waiting = new Set<() => void>();

function runOne(): void {
  const [next] = waiting;
  if (!next) {
    scheduled = false;
    return;
  }
  waiting.delete(next);
  setImmediate(runOne);
  sliceBegan = performance.now();
  next();
}

/** Whether what runs now has used up its slice. */
function isOver(): boolean {
  const now = performance.now();
  // Nobody took a turn for a while: this is a slice that begins.
  if (now - sliceBegan > 10 * SLICE_MS && waiting.size === 0) sliceBegan = now;
  return now - sliceBegan >= SLICE_MS;
}

/** Resolves at once while the slice has time left, else in a later turn of the event loop. */
export async function ownTurn(): Promise<void> {
  if (!isOver()) return;
  await new Promise<void>((resolve) => {
    waiting.add(resolve);
    if (scheduled) return;
    scheduled = true;
    setImmediate(runOne);
  });
}

/** Runs `each` over the items in slices. */
export async function inSlices<Item>(items: Iterable<Item>, each: (item: Item) => void): Promise<void> {
  for (const item of items) {
    each(item);
    if (isOver()) await ownTurn();
  }
}

/**
 * A function to be awaited between two pieces of work, each far shorter than ANSWER_MS: lets others go on where the slice is over, and
 * costs a look at the clock where it is not.
 */
export function takeTurns(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < ANSWER_MS) return undefined;
    return nextTurn().then(() => {
      began = performance.now();
    });
  };
}
