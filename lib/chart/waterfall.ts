/**
 * Spans of one trace -> rows of a waterfall. Parents may be missing (sampled out, not yet arrived): such spans become
 * roots and say so. Cycles in parent ids are cut at the earliest span of the cycle. Children follow by start time.
 *
 *   a |--------------------|     depth 0
 *   b   |------|                 depth 1
 *   c      |-----------|         depth 1
 *   x             |---|          depth 0, orphan: its parent is not in the trace
 */
export interface WaterfallSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startNs: string;
  readonly durationNs: string;
}

export interface WaterfallRow {
  /** Place of the span in the input. */
  readonly span: number;
  readonly depth: number;
  /** Descendants of this row, all depths. */
  readonly descendants: number;
  readonly orphan: boolean;
  /** Offset from the start of the trace and length, ns. */
  readonly offsetNs: number;
  readonly durationNs: number;
}

/** Rows in drawing order: every span exactly once. */
export function waterfallRows(spans: readonly WaterfallSpan[], traceStartNs: string): readonly WaterfallRow[] {
  const origin = BigInt(traceStartNs);
  const offsets = spans.map(({ startNs }) => Number(BigInt(startNs) - origin));
  const byTime = spans.map((_, index) => index).sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0) || a - b);
  const place = new Map<string, number>();
  for (const index of byTime) {
    const id = spans[index]?.spanId ?? '';
    if (!place.has(id)) place.set(id, index);
  }
  const children = new Map<number, number[]>();
  const roots: number[] = [];
  for (const index of byTime) {
    const parent = place.get(spans[index]?.parentSpanId ?? '');
    if (parent === undefined || parent === index) roots.push(index);
    else {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [index]);
      else siblings.push(index);
    }
  }
  const rows: { -readonly [Key in keyof WaterfallRow]: WaterfallRow[Key] }[] = [];
  const seen = new Uint8Array(spans.length);
  const visit = (root: number) => {
    const stack: { span: number; depth: number }[] = [{ span: root, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, depth } = next;
      if (seen[span] === 1) continue;
      seen[span] = 1;
      const parentId = spans[span]?.parentSpanId ?? '';
      const durationNs = Number(spans[span]?.durationNs ?? '0');
      const orphan = parentId !== '' && !place.has(parentId);
      rows.push({ span, depth, descendants: 0, orphan, offsetNs: offsets[span] ?? 0, durationNs });
      for (const child of (children.get(span) ?? []).toReversed()) stack.push({ span: child, depth: depth + 1 });
    }
  };
  for (const root of roots) visit(root);
  for (const index of byTime) if (seen[index] === 0) visit(index);
  const open: number[] = [];
  rows.forEach((row, index) => {
    open.length = row.depth;
    for (const ancestor of open) {
      const above = rows[ancestor];
      if (above !== undefined) above.descendants++;
    }
    open.push(index);
  });
  return rows;
}

/** Rows left when the spans of `collapsed` hide what is below them. */
export function visibleRows(rows: readonly WaterfallRow[], collapsed: ReadonlySet<number>): readonly WaterfallRow[] {
  const left: WaterfallRow[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row === undefined) continue;
    left.push(row);
    if (collapsed.has(row.span)) i += row.descendants;
  }
  return left;
}

/** Collapsed spans that hide a span: those to open so that it is seen. `rows` are all rows, in drawing order. */
export function hidingSpans(
  rows: readonly WaterfallRow[],
  collapsed: ReadonlySet<number>,
  span: number,
): readonly number[] {
  const at = rows.findIndex((row) => row.span === span);
  const above: number[] = [];
  for (let i = at - 1; i >= 0; i--) {
    const row = rows[i];
    if (row !== undefined && i + row.descendants >= at && collapsed.has(row.span)) above.push(row.span);
  }
  return above;
}

/** The next row after (+1) or before (-1) `from` whose span passes, around the ends; -1 where none does. */
export function stepRow(
  rows: readonly WaterfallRow[],
  from: number,
  way: 1 | -1,
  passes: (span: number) => boolean,
): number {
  for (let step = 1; step <= rows.length; step++) {
    const at = (((from + way * step) % rows.length) + rows.length) % rows.length;
    const row = rows[at];
    if (row !== undefined && passes(row.span)) return at;
  }
  return -1;
}
