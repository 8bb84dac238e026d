import { describe, expect, it } from 'vitest';
import { traceRaster } from '../../../../lib/chart/trace/trace-raster.ts';
import {
  hidingRows,
  indexOfRow,
  parentsOf,
  stepRow,
  visibleRows,
  waterfallRows,
} from '../../../../lib/chart/trace/waterfall.ts';
import { ORPHAN, ROOT, type TraceColumns } from '../../../../lib/model/trace-columns.ts';

/** `id parent` per span, by start; `-` is no parent, an unknown one is missing. */
function parents(text: string): { readonly names: readonly string[]; readonly parent: Int32Array } {
  const spans = text.split('; ').map((span) => span.split(' '));
  const names = spans.map(([id = '']) => id);
  const parent = spans.map(([, above = '-']) => (above === '-' ? ROOT : names.indexOf(above)));
  return {
    names,
    parent: Int32Array.from(parent, (index, i) => (spans[i]?.[1] !== '-' && index === -1 ? ORPHAN : index)),
  };
}

/** An indented tree, with the number of spans below each; `closed` names collapsed spans, `keep` those that are left. */
function tree(text: string, closed = '', keep = ''): string[] {
  const { names, parent } = parents(text);
  const rows = waterfallRows(parent);
  const collapsed = Uint8Array.from(rows.span, (span) => (closed.includes(names[span] ?? '?') ? 1 : 0));
  const kept = keep === '' ? null : Uint8Array.from(names, (name) => (keep.includes(name) ? 1 : 0));
  return Array.from(
    visibleRows(rows, collapsed, kept),
    (row) =>
      `${'  '.repeat(rows.depth[row] ?? 0)}${names[rows.span[row] ?? -1]}${parent[rows.span[row] ?? -1] === ORPHAN ? '?' : ''} ${(rows.last[row] ?? 0) - row}`,
  );
}

describe('waterfall', () => {
  it('orders children by start, below their parent', () => {
    expect(tree('a -; b a; d b; c a')).toEqual(['a 3', '  b 1', '    d 0', '  c 0']);
  });
  it('keeps a child that starts before its parent below it', () => {
    expect(tree('b a; a -; c a')).toEqual(['a 2', '  b 0', '  c 0']);
  });
  it('keeps a span whose parent is missing as a root that says so', () => {
    expect(tree('a -; x gone')).toEqual(['a 0', 'x? 0']);
  });
  it('cuts a cycle and loses no span', () => {
    expect(tree('a b; b a; c c')).toEqual(['c 0', 'a 1', '  b 0']);
    expect([...parentsOf(waterfallRows(parents('a b; b a; c c').parent))]).toEqual([-1, 0, -1]);
  });
  it('hides what is below a collapsed span, and what is not kept', () => {
    expect(tree('a -; b a; d b; e a', 'b')).toEqual(['a 3', '  b 1', '  e 0']);
    expect(tree('a -; b a; d b; e a', '', 'ad')).toEqual(['a 3', '    d 0']);
  });
  it('tells what hides a span, and steps around the ends', () => {
    const rows = waterfallRows(parents('a -; b a; c b; d a').parent);
    expect(hidingRows(rows, Uint8Array.of(1, 1, 0, 1), 2)).toEqual([1, 0]);
    expect(hidingRows(rows, Uint8Array.of(0, 1, 0, 0), 3)).toEqual([]);
    expect(stepRow(rows, 1, 1, (span) => span === 1)).toBe(1);
    expect(stepRow(rows, 0, -1, (span) => span === 3)).toBe(3);
    expect(stepRow(rows, -1, -1, (span) => span === 3)).toBe(3);
    expect(stepRow(rows, -1, 1, (span) => span === 0)).toBe(0);
    expect(stepRow(rows, 0, 1, () => false)).toBe(-1);
  });
  it('finds the place of a row among those left', () => {
    const visible = Int32Array.of(0, 3, 7);
    expect([0, 2, 3, 7, 9].map((row) => indexOfRow(visible, row))).toEqual([0, 0, 1, 2, 2]);
  });
  it('collapses 300,000 rows anew within a frame', () => {
    const parent = Int32Array.from({ length: 300_000 }, (_, i) =>
      i === 0 ? -1 : i % 10 === 1 ? 0 : i - ((i - 1) % 10),
    );
    const rows = waterfallRows(parent);
    const collapsed = new Uint8Array(300_000);
    collapsed[1] = 1;
    visibleRows(rows, collapsed, null);
    const begun = performance.now();
    expect(visibleRows(rows, collapsed, null).length).toBe(300_000 - 9);
    // On a machine that does other things too.
    expect(performance.now() - begun).toBeLessThan(50);
  });
});

describe('picture of all rows', () => {
  /** One character is a pixel of 10 ns; rows over each other. */
  function picture(
    spans: readonly (readonly [start: number, duration: number, failed?: 1])[],
    height: number,
  ): string[] {
    const count = spans.length;
    const columns: TraceColumns = {
      startNs: 0n,
      durationNs: 100,
      omitted: 0,
      id: new BigUint64Array(count),
      parent: Int32Array.from(spans, (_, i) => (i === 0 ? ROOT : 0)),
      start: Float64Array.from(spans, ([start]) => start),
      duration: Float64Array.from(spans, ([, duration]) => duration),
      name: new Uint32Array(count),
      group: new Uint16Array(count),
      lane: new Uint16Array(count),
      failed: Uint8Array.from(spans, ([, , failed]) => failed ?? 0),
      isTask: new Uint8Array(count),
      noEnd: new Uint8Array(count),
      names: ['synthetic'],
      groups: [{ service: 'synthetic', process: '' }],
      lanes: [''],
    };
    const raster = traceRaster(columns, waterfallRows(columns.parent), 10, height);
    return Array.from({ length: raster.height }, (_, y) =>
      Array.from({ length: 10 }, (_, x) => {
        const [winner, failed] = [raster.winner[y * 10 + x] ?? -1, raster.failed[y * 10 + x] ?? -1];
        return failed !== -1 ? '!' : winner === -1 ? '.' : String(winner);
      }).join(''),
    );
  }
  it('a row a line, at least a pixel each, errors over all', () => {
    expect(
      picture(
        [
          [0, 100],
          [20, 30],
          [90, 0, 1],
        ],
        5,
      ),
    ).toEqual(['0000000000', '..111.....', '.........!']);
  });
  it('the lowest of the rows on one line wins, and no error is lost', () => {
    expect(
      picture(
        [
          [0, 100, 1],
          [0, 20],
          [10, 30],
          [80, 10, 1],
        ],
        2,
      ),
    ).toEqual(['!!!!!!!!!!', '.222....!.']);
    expect(
      picture(
        [
          [0, 100],
          [0, 20],
          [10, 30],
          [80, 10],
        ],
        1,
      ),
    ).toEqual(['1222000030']);
  });
});
