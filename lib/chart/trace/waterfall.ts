/**
 * Spans of one trace -> rows of a waterfall, in typed arrays: a trace may have half a million. Parents may be missing
 * (sampled out, not yet arrived): such spans become roots and say so. Cycles in parent ids are cut at the earliest span of
 * the cycle. Children follow by start time.
 *
 *   a |--------------------|     depth 0
 *   b   |------|                 depth 1
 *   c      |-----------|         depth 1
 *   x             |---|          depth 0, orphan: its parent is not in the trace
 */
export interface WaterfallRows {
  /** Span of each row, every span once; the row of each span. */
  readonly span: Int32Array;
  readonly rowOf: Int32Array;
  readonly depth: Int32Array;
  /** The last row below each row, at any depth; the row itself where it has no children. */
  readonly last: Int32Array;
  /** The row above which a row hangs, -1 for roots; always less than the row itself. */
  readonly up: Int32Array;
}

/**
 * `parent`: place of each span's parent, below 0 for none; may have cycles. Spans come by start time, and so do the
 * children of a row. Work: O(n).
 */
export function waterfallRows(parent: Int32Array): WaterfallRows {
  const count = parent.length;
  // Children of span p: child[begin[p]] .. child[begin[p + 1]], in the order of the spans.
  const begin = new Int32Array(count + 2);
  for (let i = 0; i < count; i++) {
    const above = parent[i] ?? -1;
    if (above >= 0 && above !== i) begin[above + 2] = (begin[above + 2] ?? 0) + 1;
  }
  for (let i = 2; i < begin.length; i++) begin[i] = (begin[i] ?? 0) + (begin[i - 1] ?? 0);
  const child = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const above = parent[i] ?? -1;
    if (above < 0 || above === i) continue;
    const at = begin[above + 1] ?? 0;
    child[at] = i;
    begin[above + 1] = at + 1;
  }
  const span = new Int32Array(count);
  const rowOf = new Int32Array(count).fill(-1);
  const depth = new Int32Array(count);
  const last = new Int32Array(count);
  const up = new Int32Array(count);
  const stack = new Int32Array(count + 1);
  const stackUp = new Int32Array(count + 1);
  let rows = 0;
  const visit = (root: number): void => {
    let height = 1;
    stack[0] = root;
    stackUp[0] = -1;
    while (height > 0) {
      height--;
      const next = stack[height] ?? 0;
      if (rowOf[next] !== -1) continue;
      const above = stackUp[height] ?? -1;
      rowOf[next] = rows;
      span[rows] = next;
      up[rows] = above;
      depth[rows] = above === -1 ? 0 : (depth[above] ?? 0) + 1;
      // From the last to the first, so that the first comes off the stack first.
      for (let i = (begin[next + 1] ?? 0) - 1; i >= (begin[next] ?? 0); i--) {
        const each = child[i] ?? 0;
        if (rowOf[each] !== -1) continue;
        stack[height] = each;
        stackUp[height] = rows;
        height++;
      }
      rows++;
    }
  };
  for (let i = 0; i < count; i++) if ((parent[i] ?? -1) < 0 || parent[i] === i) visit(i);
  // What is left hangs in cycles.
  for (let i = 0; i < count; i++) if (rowOf[i] === -1) visit(i);
  for (let row = count - 1; row >= 0; row--) {
    last[row] = Math.max(last[row] ?? 0, row);
    const above = up[row] ?? -1;
    if (above >= 0) last[above] = Math.max(last[above] ?? 0, last[row] ?? 0);
  }
  return { span, rowOf, depth, last, up };
}

/** Parent of each span as the rows have it: -1 for roots and where a cycle was cut. */
export function parentsOf(rows: WaterfallRows): Int32Array {
  return Int32Array.from(rows.rowOf, (row) => {
    const above = rows.up[row] ?? -1;
    return above === -1 ? -1 : (rows.span[above] ?? -1);
  });
}

/**
 * Rows left where the rows of `collapsed` (1) hide what is below them, and of these those that `keep` (1, by span; null: all)
 * leaves. Work: O(rows left).
 */
export function visibleRows(rows: WaterfallRows, collapsed: Uint8Array, keep: Uint8Array | null): Int32Array {
  const left = new Int32Array(rows.span.length);
  let count = 0;
  for (let row = 0; row < left.length; row++) {
    if (keep === null || keep[rows.span[row] ?? 0] === 1) left[count++] = row;
    if (collapsed[row] === 1) row = rows.last[row] ?? row;
  }
  return left.subarray(0, count);
}

/** Place of a row among those left, or, where it is not among them, of the last one before it (-1: none). O(log n). */
export function indexOfRow(visible: Int32Array, row: number): number {
  let [low, high] = [0, visible.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((visible[middle] ?? 0) <= row) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Collapsed rows that hide a row: those to open so that it is seen. */
export function hidingRows(rows: WaterfallRows, collapsed: Uint8Array, row: number): readonly number[] {
  const hiding: number[] = [];
  for (let above = rows.up[row] ?? -1; above >= 0; above = rows.up[above] ?? -1)
    if (collapsed[above] === 1) hiding.push(above);
  return hiding;
}

/** The next row after (+1) or before (-1) `from` whose span passes, around the ends; -1 where none does. `from` may be -1. */
export function stepRow(rows: WaterfallRows, from: number, way: 1 | -1, passes: (span: number) => boolean): number {
  const count = rows.span.length;
  const start = from === -1 && way === -1 ? 0 : from;
  for (let step = 1; step <= count; step++) {
    const at = (((start + way * step) % count) + count) % count;
    if (passes(rows.span[at] ?? 0)) return at;
  }
  return -1;
}
