/** Who the time of a critical path belongs to, and where it lies within single spans. */
import type { TraceColumns } from '../model/trace-columns.ts';
import type { CriticalPath } from './critical-path.ts';

export interface PathShare {
  readonly name: string;
  readonly service: string;
  readonly ns: number;
  /** Of the whole trace, 0..1. */
  readonly share: number;
  readonly spans: number;
}

/** Time on the path by service and name, most first. */
export function pathShares(path: CriticalPath, columns: TraceColumns): readonly PathShare[] {
  const sums = new Map<string, { name: string; service: string; ns: number; spans: number }>();
  for (let i = 0; i < path.selfNs.length; i++) {
    const ns = path.selfNs[i] ?? 0;
    if (ns === 0) continue;
    const name = columns.names[columns.name[i] ?? 0] ?? '';
    const service = columns.groups[columns.group[i] ?? 0]?.service ?? '';
    const key = `${service}\n${name}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { name, service, ns, spans: 1 });
    else {
      sum.ns += ns;
      sum.spans++;
    }
  }
  const total = Math.max(1, path.totalNs);
  return [...sums.values()].sort((a, b) => b.ns - a.ns).map((sum) => ({ ...sum, share: sum.ns / total }));
}

/** Parts of each span: those of span s are place[begin[s]] .. place[begin[s + 1]] in the path, by time. */
export interface PathParts {
  readonly begin: Int32Array;
  readonly place: Int32Array;
}

export function partsBySpan(path: CriticalPath): PathParts {
  const count = path.selfNs.length;
  const begin = new Int32Array(count + 2);
  for (const span of path.span) if (span >= 0) begin[span + 2] = (begin[span + 2] ?? 0) + 1;
  for (let i = 2; i < begin.length; i++) begin[i] = (begin[i] ?? 0) + (begin[i - 1] ?? 0);
  const index = new Int32Array(begin.at(-1) ?? 0);
  for (let i = 0; i < path.span.length; i++) {
    const span = path.span[i] ?? -1;
    if (span < 0) continue;
    const at = begin[span + 1] ?? 0;
    index[at] = i;
    begin[span + 1] = at + 1;
  }
  return { begin, place: index };
}

/**
 * The parts of one span within [from, to) as at most `most` runs: parts closer to each other than a `most`-th of the window
 * are drawn as one. Work: O(most log n).
 */
export function runsOf(
  path: CriticalPath,
  parts: PathParts,
  span: number,
  from: number,
  to: number,
  most: number,
): readonly { readonly from: number; readonly to: number }[] {
  const grain = (to - from) / most;
  const last = parts.begin[span + 1] ?? 0;
  const partFrom = (at: number): number => path.from[parts.place[at] ?? 0] ?? 0;
  const partTo = (at: number): number => path.to[parts.place[at] ?? 0] ?? 0;
  /** First part from `low` on that ends after a time. */
  const endingAfter = (time: number, low: number): number => {
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (partTo(middle) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const runs: { from: number; to: number }[] = [];
  let at = endingAfter(from, parts.begin[span] ?? 0);
  while (at < last && partFrom(at) < to) {
    const open = runs.at(-1);
    const [begins, ends] = [Math.max(from, partFrom(at)), Math.min(to, partTo(at))];
    if (open !== undefined && begins - open.to < grain) open.to = ends;
    else runs.push({ from: begins, to: ends });
    // What ends within the same grain would not be seen apart.
    at = endingAfter(ends + grain / 2, at + 1);
  }
  return runs;
}
