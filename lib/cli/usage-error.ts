/** Errors of the command line that are told as one sentence and end it with exit code 2. */

/** `hint`: what to do next. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** Letters to change, add, drop or swap with their neighbour to make one word of the other (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.length, b.length);
}

/** The known word that was probably meant, or null. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  const [best] = known.map((each) => ({ each, far: distance(word.toLowerCase(), each) })).sort((a, b) => a.far - b.far);
  return best && best.far <= Math.max(1, Math.floor(best.each.length / 3)) ? best.each : null;
}
