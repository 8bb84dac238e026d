/** How far out a span is looked for that holds another; deeper stacks of spans that only overlap are not nested. */
const LOOK_OUT = 64;

/**
 * Which span lies within which on each thread (index of the innermost one that holds it; -1: none), and the span that begins at a
 * time on a thread (the innermost; -1: none). Arrays by span; `thread`: index below `threads`.
 */
export function nest(ts: readonly number[], dur: readonly number[], thread: readonly number[], threads: number) {
  const parent = new Int32Array(ts.length).fill(-1);
  const own: number[][] = Array.from({ length: threads }, () => []);
  for (let span = 0; span < ts.length; span++) own[thread[span] ?? 0]?.push(span);
  const at = (span: number): number => ts[span] ?? 0;
  const end = (span: number): number => (ts[span] ?? 0) + (dur[span] ?? 0);
  for (const spans of own) {
    spans.sort((a, b) => at(a) - at(b) || end(b) - end(a) || a - b);
    const open: number[] = [];
    for (const span of spans) {
      while (open.length > 0 && end(open.at(-1) ?? 0) <= at(span)) open.pop();
      for (let i = open.length - 1; i >= Math.max(0, open.length - LOOK_OUT); i--) {
        const outer = open[i] ?? 0;
        if (end(outer) < end(span)) continue;
        parent[span] = outer;
        break;
      }
      open.push(span);
    }
  }
  const spanAt = (which: number, time: number): number => {
    const spans = own[which] ?? [];
    let [low, high] = [0, spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(spans[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    const found = spans[low - 1] ?? -1;
    return found !== -1 && at(found) === time ? found : -1;
  };
  return { parent, spanAt };
}
