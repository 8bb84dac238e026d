import { describe, expect, it } from 'vitest';
import { hidingSpans, stepRow, visibleRows, waterfallRows } from '../../../lib/chart/waterfall.ts';

/** `id parent start duration` per span -> an indented tree. */
function tree(text: string, collapsed: readonly number[] = []): string[] {
  const spans = text.split('; ').map((line) => {
    const [spanId = '', parent = '', startNs = '0', durationNs = '0'] = line.split(' ');
    return { spanId, parentSpanId: parent === '-' ? '' : parent, startNs, durationNs };
  });
  return visibleRows(waterfallRows(spans, '0'), new Set(collapsed)).map(
    ({ span, depth, orphan, descendants }) =>
      `${'  '.repeat(depth)}${spans[span]?.spanId}${orphan ? '?' : ''} ${descendants}`,
  );
}

describe('waterfall', () => {
  it('orders children by start, below their parent', () => {
    expect(tree('c a 5 2; a - 0 10; b a 1 2; d b 2 1')).toEqual(['a 3', '  b 1', '    d 0', '  c 0']);
  });
  it('keeps a span whose parent is missing as a root that says so', () => {
    expect(tree('a - 0 10; x gone 3 1')).toEqual(['a 0', 'x? 0']);
  });
  it('cuts a cycle and loses no span', () => {
    expect(tree('a b 0 1; b a 1 1; c c 2 1')).toEqual(['c 0', 'a 1', '  b 0']);
  });
  it('hides what is below a collapsed span', () => {
    expect(tree('a - 0 10; b a 1 2; d b 2 1; e a 4 1', [1])).toEqual(['a 3', '  b 1', '  e 0']);
  });
  it('tells what hides a span', () => {
    const spans = ['a - 0', 'b a 1', 'c b 2', 'd a 3'].map((line) => {
      const [spanId = '', parent = '', startNs = ''] = line.split(' ');
      return { spanId, parentSpanId: parent === '-' ? '' : parent, startNs, durationNs: '1' };
    });
    const rows = waterfallRows(spans, '0');
    expect(hidingSpans(rows, new Set([0, 1, 3]), 2)).toEqual([1, 0]);
    expect(hidingSpans(rows, new Set([1]), 3)).toEqual([]);
    expect(stepRow(rows, 1, 1, (span) => span === 1)).toBe(1);
    expect(stepRow(rows, 0, -1, (span) => span === 3)).toBe(3);
    expect(stepRow(rows, 0, 1, () => false)).toBe(-1);
  });
  it('costs ten times as much for ten times as many children of one span, not a hundred times', () => {
    const time = (count: number): number => {
      const spans = Array.from({ length: count }, (_, i) => ({
        spanId: `s${i}`,
        parentSpanId: i === 0 ? '' : 's0',
        startNs: String(i),
        durationNs: '5',
      }));
      const begun = performance.now();
      expect(waterfallRows(spans, '0')[0]?.descendants).toBe(count - 1);
      return performance.now() - begun;
    };
    time(10_000);
    expect(time(100_000) / time(10_000)).toBeLessThan(60);
  });
});
