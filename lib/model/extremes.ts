/** The smallest and largest of many numbers. Math.max takes them as arguments, of which there may not be more than the stack holds. */

/** +Infinity of nothing, as Math.min. */
export function smallest(values: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < found) found = value;
  return found;
}

/** -Infinity of nothing, as Math.max. */
export function largest(values: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > found) found = value;
  return found;
}

/** The largest of what is known; null where nothing is. */
export function largestKnown(values: Iterable<number | null>): number | null {
  let found: number | null = null;
  for (const value of values) if (value !== null && (found === null || value > found)) found = value;
  return found;
}
