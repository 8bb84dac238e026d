/**
 * The critical path of a trace: the spans that the whole waited for, each for the part of the time in which it was what one
 * waited for. Only a change to these parts makes the trace shorter.
 *
 * The rule is that of CRISP (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX
 * ATC 2022), which Jaeger's critical path follows too: walk back from the end of a span; the child that ended last before the
 * cursor is what the span waited for, so the time from that child's end to the cursor is the span's own, the path goes on
 * inside the child, and the cursor is then at the child's start. Children that still run at that start ran beside it and are
 * not on the path.
 *
 *   a  |==...........====......==|     = on the path itself, . waits for a child that is on it
 *   b     |===========|
 *   c        |-------|                   still ran when b began: beside it, not on the path
 *   d                     |=====|        ended last before the end of a
 *
 * What CRISP leaves open, and what is done here: a child that ends after its parent (skewed clocks, work that nobody waits
 * for) counts up to the parent's end, one that starts before it from the parent's start; a child that lies outside of it is
 * left out, and so is one without a length. Where ends tie, the longer child. Several roots, and spans whose parent is missing,
 * are children of the trace as a whole, which does no work itself: there one that still runs at the cursor is taken too, so
 * that time is only left to "no span" where no root runs at all. What runs after the end of the last root nobody waits for.
 */
export interface CriticalPath {
  /** Parts in order of time: which span (-1: no root ran), from and to in ns. They fill the time of the roots without a gap. */
  readonly span: Int32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** ns of each span that are on the path. */
  readonly selfNs: Float64Array;
  /** 1 for spans the path goes through; those that only waited for others have no time of their own. */
  readonly on: Uint8Array;
  /** From the start of the first root to the end of the last, and of that, while no root ran. */
  readonly totalNs: number;
  readonly gapNs: number;
}

/** `parent`: place of the parent, below 0 for none; without cycles. Times in ns from any origin. Work: O(n log n). */
export function criticalPath(parent: Int32Array, start: Float64Array, duration: Float64Array): CriticalPath {
  const count = parent.length;
  const end = Float64Array.from(start, (at, i) => at + (duration[i] ?? 0));
  // Children of span p are child[begin[p]] .. child[begin[p + 1]], those of the trace at p = count. They are put in order of
  // their ends, the latest first, when the walk comes to p: most spans are not on the path.
  const above = (i: number): number => ((parent[i] ?? -1) < 0 ? count : (parent[i] ?? count));
  const begin = new Int32Array(count + 3);
  for (let i = 0; i < count; i++) begin[above(i) + 2] = (begin[above(i) + 2] ?? 0) + 1;
  for (let i = 2; i < begin.length; i++) begin[i] = (begin[i] ?? 0) + (begin[i - 1] ?? 0);
  const child = new Int32Array(count);
  for (let i = count - 1; i >= 0; i--) {
    const at = begin[above(i) + 1] ?? 0;
    child[at] = i;
    begin[above(i) + 1] = at + 1;
  }
  const later = (a: number, b: number): number =>
    (end[b] ?? 0) - (end[a] ?? 0) || (start[a] ?? 0) - (start[b] ?? 0) || a - b;
  const putInOrder = (span: number): void => {
    const own = child.subarray(begin[span] ?? 0, begin[span + 1] ?? 0);
    // Spans come by start, so children one after another are in order already.
    if (!own.every((each, i) => i === 0 || later(own[i - 1] ?? 0, each) <= 0)) own.sort(later);
  };
  let [first, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    if (above(i) !== count) continue;
    if ((start[i] ?? 0) < first) first = start[i] ?? 0;
    if ((end[i] ?? 0) > latest) latest = end[i] ?? 0;
  }
  if (count === 0) [first, latest] = [0, 0];

  const parts = { span: [] as number[], from: [] as number[], to: [] as number[] };
  const selfNs = new Float64Array(count);
  const on = new Uint8Array(count);
  let gapNs = 0;
  const own = (span: number, from: number, to: number): void => {
    if (to <= from) return;
    if (span === count) gapNs += to - from;
    else selfNs[span] = (selfNs[span] ?? 0) + to - from;
    parts.span.push(span === count ? -1 : span);
    parts.from.push(from);
    parts.to.push(to);
  };
  putInOrder(count);
  // Spans being walked, innermost last: `floor` is where the span begins here, `cursor` how far back its walk is, `next` the
  // first child not looked at.
  const walk = { span: [count], floor: [first], cursor: [latest], next: [begin[count] ?? 0] };
  /** The child the span waited for last before the cursor, and where that child ends here; null where there is none. */
  const waitedFor = (span: number, floor: number, cursor: number, from: number, isFirst: boolean) => {
    const until = begin[span + 1] ?? 0;
    let at = from;
    let best = -1;
    const takesRunning = isFirst || span === count;
    for (; at < until; at++) {
      const each = child[at] ?? 0;
      if ((end[each] ?? 0) < cursor) break;
      if (end[each] === cursor || takesRunning)
        if (isCandidate(each, floor, cursor) && (best === -1 || (start[each] ?? 0) < (start[best] ?? 0))) best = each;
    }
    for (; best === -1 && at < until; at++) {
      const each = child[at] ?? 0;
      if (isCandidate(each, floor, cursor)) best = each;
    }
    return { best, at };
  };
  const isCandidate = (span: number, floor: number, cursor: number): boolean =>
    (start[span] ?? 0) < cursor && Math.min(end[span] ?? 0, cursor) > Math.max(start[span] ?? 0, floor);
  for (let top = 0; top >= 0; ) {
    const [span, floor, cursor, next] = [
      walk.span[top] ?? 0,
      walk.floor[top] ?? 0,
      walk.cursor[top] ?? 0,
      walk.next[top] ?? 0,
    ];
    const { best, at } = waitedFor(span, floor, cursor, next, next === (begin[span] ?? 0));
    if (best === -1) {
      own(span, floor, cursor);
      top--;
      continue;
    }
    const ends = Math.min(end[best] ?? 0, cursor);
    const starts = Math.max(start[best] ?? 0, floor);
    own(span, ends, cursor);
    on[best] = 1;
    walk.cursor[top] = starts;
    walk.next[top] = at;
    top++;
    walk.span[top] = best;
    walk.floor[top] = starts;
    walk.cursor[top] = ends;
    walk.next[top] = begin[best] ?? 0;
    putInOrder(best);
  }
  return {
    span: Int32Array.from(parts.span.reverse()),
    from: Float64Array.from(parts.from.reverse()),
    to: Float64Array.from(parts.to.reverse()),
    selfNs,
    on,
    totalNs: latest - first,
    gapNs,
  };
}
