import { describe, expect, it } from 'vitest';
import { visibleRows, waterfallRows } from '../../../lib/chart/waterfall.ts';

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
});
