import { describe, expect, it } from 'vitest';
import { columnsOfSpans } from '../../../lib/analysis/columns-of-spans.ts';
import { criticalPath } from '../../../lib/analysis/critical-path.ts';
import { partsBySpan, pathShares, runsOf } from '../../../lib/analysis/critical-sums.ts';

/**
 * Spans as pictures, one letter a line, the parent in brackets; a character is 1 ns.
 *   'a    |-----|'  'b(a)  |--|'
 */
function spans(...lines: readonly string[]) {
  const names = lines.map((line) => line[0] ?? '');
  const parent = Int32Array.from(lines, (line) => names.indexOf(/^.\((.)\)/.exec(line)?.[1] ?? ''));
  const bars = lines.map((line) => {
    const [begin, end] = [line.indexOf('|'), line.lastIndexOf('|')];
    return { start: begin, duration: end - begin };
  });
  const start = Float64Array.from(bars, (bar) => bar.start);
  return { names, parent, start, duration: Float64Array.from(bars, (bar) => bar.duration) };
}

/** The path as text: `a 5-7, b 7-9`; a dot where no span ran. */
function pathText(...lines: readonly string[]): string {
  const { names, parent, start, duration } = spans(...lines);
  const path = criticalPath(parent, start, duration);
  return [...path.span].map((span, i) => `${span === -1 ? '.' : names[span]} ${path.from[i]}-${path.to[i]}`).join(', ');
}

describe('critical path, by hand', () => {
  it('one span alone is its own path', () => {
    expect(pathText('a    |----|')).toBe('a 5-10');
  });
  it('children one after another, and the time of their parent between them', () => {
    expect(
      pathText(
        'a    |---------------|', // 5-21
        'b(a)   |---|', //           7-11
        'c(a)         |---|', //     13-17
      ),
    ).toBe('a 5-7, b 7-11, a 11-13, c 13-17, a 17-21');
  });
  it('of children that run together the one that ended last; the one still running at its start is beside it', () => {
    expect(
      pathText(
        'a    |---------------|', // 5-21
        'b(a)   |----------|', //    7-18
        'c(a)     |---|', //         9-13: ends before b, but after b began
      ),
    ).toBe('a 5-7, b 7-18, a 18-21');
    expect(
      pathText(
        'a    |---------------|',
        'b(a)   |------|', //        7-14: still runs when c begins
        'c(a)        |-----|', //    12-18
      ),
    ).toBe('a 5-12, c 12-18, a 18-21');
  });
  it('goes down as deep as the spans go', () => {
    expect(
      pathText(
        'a    |-------------|', // 5-19
        'b(a)  |----------|', //   6-17
        'c(b)   |---|', //         7-11
        'd(c)    |--|', //         8-11
      ),
    ).toBe('a 5-6, b 6-7, c 7-8, d 8-11, b 11-17, a 17-19');
  });
  it('a child beyond its parent counts within it: at its end, at its start, and not at all outside', () => {
    expect(pathText('a    |--------|', 'b(a)     |--------|')).toBe('a 5-9, b 9-14');
    expect(pathText('a       |------|', 'b(a) |---|')).toBe('b 8-9, a 9-15');
    expect(pathText('a    |---|', 'b(a)       |---|')).toBe('a 5-9');
    expect(pathText('a       |------|', 'b(a) |---------------|')).toBe('b 8-15');
  });
  it('a child without a length is passed over, and a span that ends when its parent does is waited for', () => {
    expect(pathText('a    |-----|', 'b(a)    |')).toBe('a 5-11');
    expect(pathText('a    |-----|', 'b(a)    |--|', 'c(a)      ||')).toBe('a 5-8, b 8-11');
  });
  it("several roots and orphans: the time while none runs is nobody's, one that runs beside another is taken up to it", () => {
    expect(pathText('a    |---|', 'b          |---|')).toBe('a 5-9, . 9-11, b 11-15');
    expect(pathText('a    |------------|', 'b               |-----|')).toBe('a 5-16, b 16-22');
  });
  it('nothing at all', () => {
    const path = criticalPath(new Int32Array(0), new Float64Array(0), new Float64Array(0));
    expect([path.span.length, path.totalNs, path.gapNs]).toEqual([0, 0, 0]);
  });
  it('sums by service and name, as shares of the whole', () => {
    const span = (spanId: string, parentSpanId: string, name: string, startNs: number, durationNs: number) => ({
      spanId: spanId.repeat(16),
      parentSpanId: parentSpanId.repeat(16),
      name,
      serviceName: 'trainer',
      startNs: String(startNs),
      durationNs: String(durationNs),
      statusCode: 'Unset',
      attributes: {},
      resourceAttributes: {},
      task: null,
    });
    const { columns } = columnsOfSpans({
      startNs: '0',
      durationNs: '100',
      omitted: 0,
      spans: [span('1', '', 'step', 0, 100), span('2', '1', 'allreduce', 10, 30), span('3', '1', 'allreduce', 60, 32)],
    });
    const path = criticalPath(columns.parent, columns.start, columns.duration);
    expect(pathShares(path, columns)).toEqual([
      { name: 'allreduce', service: 'trainer', ns: 62, share: 0.62, spans: 2 },
      { name: 'step', service: 'trainer', ns: 38, share: 0.38, spans: 1 },
    ]);
    const parts = partsBySpan(path);
    expect(runsOf(path, parts, 0, 0, 100, 100)).toEqual([
      { from: 0, to: 10 },
      { from: 40, to: 60 },
      { from: 92, to: 100 },
    ]);
    // Two grains: what lies closer than half the window is one run.
    expect(runsOf(path, parts, 0, 0, 100, 2)).toEqual([{ from: 0, to: 100 }]);
  });
});

/** The same rule as it is said, span by span, with every child looked at every time. */
function slowly(parent: Int32Array, start: Float64Array, duration: Float64Array): string[] {
  const all = [...parent.keys()];
  const end = (i: number): number => (start[i] ?? 0) + (duration[i] ?? 0);
  const at = (i: number): number => start[i] ?? 0;
  const parts: string[] = [];
  const own = (span: number, from: number, to: number): void => {
    if (to > from) parts.unshift(`${span} ${from}-${to}`);
  };
  function walk(span: number, floor: number, until: number): void {
    const children = all.filter((i) => (parent[i] ?? -1) === span);
    let cursor = until;
    for (let isFirst = true; ; isFirst = false) {
      const running = children.filter((i) => at(i) < cursor && end(i) > Math.max(at(i), floor));
      const ended = running.filter((i) => end(i) <= cursor || isFirst || span === -1);
      const ends = (i: number): number => Math.min(end(i), cursor);
      const [best] = ended.sort((a, b) => ends(b) - ends(a) || at(a) - at(b) || end(b) - end(a));
      if (best === undefined) break;
      own(span, ends(best), cursor);
      const begins = Math.max(at(best), floor);
      walk(best, begins, ends(best));
      cursor = begins;
    }
    own(span, floor, cursor);
  }
  const roots = all.filter((i) => (parent[i] ?? -1) === -1);
  if (roots.length > 0) walk(-1, Math.min(...roots.map(at)), Math.max(...roots.map(end)));
  return parts;
}

/** Numbers that look random and are the same every time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('critical path, against the slow rule', () => {
  it('is the same for 3,000 random traces, fills the time of the roots, and stays within its spans', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const next = random(seed);
      const count = 1 + Math.floor(next() * 14);
      const parent = Int32Array.from({ length: count }, (_, i) =>
        next() < 0.12 ? -1 : Math.floor(next() * (i + 1)) - 1,
      );
      // Few distinct times: ties, touching ends and empty spans are frequent.
      const start = Float64Array.from({ length: count }, () => Math.floor(next() * 25));
      const duration = Float64Array.from({ length: count }, () => Math.floor(next() * 12));
      const path = criticalPath(parent, start, duration);
      const parts = [...path.span].map((span, i) => `${span} ${path.from[i]}-${path.to[i]}`);
      expect(parts, `seed ${seed}`).toEqual(slowly(parent, start, duration));
      const own = path.selfNs.reduce((sum, ns) => sum + ns, 0);
      expect(own + path.gapNs).toBe(path.totalNs);
      for (let i = 0; i < path.span.length; i++) {
        if (i > 0) expect(path.from[i]).toBe(path.to[i - 1]);
        const span = path.span[i] ?? -1;
        if (span === -1) continue;
        expect(path.on[span]).toBe(1);
        expect(path.from[i]).toBeGreaterThanOrEqual(start[span] ?? 0);
        expect(path.to[i]).toBeLessThanOrEqual((start[span] ?? 0) + (duration[span] ?? 0));
      }
    }
  });
  it('takes n log n: 300,000 children of one span, and a chain 300,000 deep', () => {
    const count = 300_000;
    const wide = Int32Array.from({ length: count }, (_, i) => (i === 0 ? -1 : 0));
    const deep = Int32Array.from({ length: count }, (_, i) => i - 1);
    const start = Float64Array.from({ length: count }, (_, i) => i);
    const even = Float64Array.from({ length: count }, (_, i) => (i === 0 ? count : 1));
    const nested = Float64Array.from({ length: count }, (_, i) => 2 * count - 2 * i);
    const begun = performance.now();
    expect(criticalPath(wide, start, even).span.length).toBe(count);
    expect(criticalPath(deep, start, nested).on.reduce((sum, on) => sum + on, 0)).toBe(count);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
