/** Log text prepared for drawing: where a search hits, and how loud a line is. */

export interface LogMatches {
  /** Index of each line with a hit, ascending. */
  readonly lines: readonly number[];
  /** Hits in all lines together. */
  readonly hits: number;
}

/** Plain text, without regard to case; an empty question hits nothing. */
export function matchLines(lines: readonly string[], question: string): LogMatches {
  const wanted = question.toLowerCase();
  if (wanted === '') return { lines: [], hits: 0 };
  const found: number[] = [];
  let hits = 0;
  lines.forEach((line, index) => {
    const count = hitRanges(line, wanted).length;
    if (count === 0) return;
    found.push(index);
    hits += count;
  });
  return { lines: found, hits };
}

/** Half-open ranges of the hits in a line, left to right, not overlapping. */
export function hitRanges(line: string, question: string): [number, number][] {
  const ranges: [number, number][] = [];
  const wanted = question.toLowerCase();
  if (wanted === '') return ranges;
  const text = line.toLowerCase();
  // A letter whose lower case is longer would shift every offset after it: such a line is searched as it stands.
  const searched = text.length === line.length ? text : line;
  for (let at = searched.indexOf(wanted); at >= 0; at = searched.indexOf(wanted, at + wanted.length))
    ranges.push([at, at + wanted.length]);
  return ranges;
}

/** Pieces of a line, each inside a hit or outside. */
export function splitHits(line: string, question: string): { readonly text: string; readonly hit: boolean }[] {
  const pieces: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const [start, end] of hitRanges(line, question)) {
    if (start > from) pieces.push({ text: line.slice(from, start), hit: false });
    pieces.push({ text: line.slice(start, end), hit: true });
    from = end;
  }
  if (from < line.length || pieces.length === 0) pieces.push({ text: line.slice(from), hit: false });
  return pieces;
}

/** How a line is drawn: Python's logging levels, tracebacks and exceptions. */
export function logLevel(line: string): 'bad' | 'warn' | 'plain' {
  if (/\b(ERROR|CRITICAL|FATAL)\b|^Traceback \(most recent call last\)|^\s*[\w.]*(Error|Exception)(:|$)/.test(line))
    return 'bad';
  return /\bWARN(ING)?\b/.test(line) ? 'warn' : 'plain';
}
