import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DepthPast, DepthSweep, type Interval, laterOf } from '../../../lib/analysis/lane-depths.ts';
import { DEPTHS } from '../../../lib/model/timeline-tile.ts';

const byStart = (a: Interval, b: Interval): number => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);

/**
 * The definition: every depth is looked at for every slice, and every slice of it. A slice stands in the way from its start until its
 * end; one that starts before another of no length begins ends there at the latest.
 */
class FirstFit {
  readonly depths: Interval[][];

  constructor(held: readonly (readonly Interval[])[]) {
    this.depths = held.map((depth) => [...depth]);
  }

  place(slice: Interval): number {
    const isFree = (depth: readonly Interval[]): boolean =>
      depth.every((other) => (other.start <= slice.start ? other.end <= slice.start : other.start >= slice.end));
    let found = this.depths.findIndex(isFree);
    if (found === -1) {
      if (this.depths.length >= DEPTHS) return -1;
      found = this.depths.length;
      this.depths.push([]);
    }
    this.depths[found]?.push(slice);
    return found;
  }
}

/** True where no two slices of a depth overlap. */
function isFlat(slices: readonly Interval[]): boolean {
  const sorted = [...slices].sort((a, b) => byStart(a, b) || (a.end < b.end ? -1 : 1));
  return sorted.every((one, at) => at === 0 || (sorted[at - 1]?.end ?? 0n) <= one.start);
}

const interval = (most: number, longest: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: most }), fc.oneof(fc.constant(0), fc.integer({ min: 0, max: longest })))
    .map(([start, length]) => ({ start: BigInt(start), end: BigInt(start + length) }));
const slices = (most: number, longest: number, count: number) =>
  fc.array(interval(most, longest), { maxLength: count }).map((list) => list.sort(byStart));

/** Slices that stand already, on depths as first fit gives them. */
const pastOf = (list: readonly Interval[]): readonly (readonly Interval[])[] => {
  const fit = new FirstFit([]);
  for (const one of list) fit.place(one);
  return fit.depths.map((depth) => depth.sort(byStart));
};
const lastEnd = (list: readonly Interval[]): bigint => list.reduce((last, { end }) => laterOf(last, end), 0n);

describe('depths of slices', () => {
  it('are those of the first fit, and never overlap', () => {
    fc.assert(
      fc.property(slices(60, 30, 80), (list) => {
        const sweep = new DepthSweep([], list.length);
        const fit = new FirstFit([]);
        const found = list.map((one) => sweep.place(one));
        expect(found).toEqual(list.map((one) => fit.place(one)));
        for (const depth of fit.depths) expect(isFlat(depth)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('fill the gaps of a past that is known', () => {
    fc.assert(
      fc.property(slices(100, 20, 60), slices(100, 20, 60), (before, list) => {
        const held = pastOf(before);
        const past: DepthPast[] = held.map((depth) => ({ end: lastEnd(depth), held: depth }));
        const sweep = new DepthSweep(past, list.length);
        const fit = new FirstFit(held);
        expect(list.map((one) => sweep.place(one))).toEqual(list.map((one) => fit.place(one)));
      }),
      { numRuns: 500 },
    );
  });

  it('go behind the last slice where the past is not known', () => {
    fc.assert(
      fc.property(slices(100, 20, 40), slices(100, 20, 40), (before, list) => {
        const held = pastOf(before);
        const ends = held.map(lastEnd);
        const sweep = new DepthSweep(
          ends.map((end) => ({ end, held: null })),
          list.length,
        );
        const all = held.map((depth) => [...depth]);
        for (const one of list) {
          const depth = sweep.place(one);
          expect(one.start >= (ends[depth] ?? 0n)).toBe(true);
          all[depth] = [...(all[depth] ?? []), one];
        }
        for (const depth of all) expect(isFlat(depth)).toBe(true);
        expect(all.reduce((sum, depth) => sum + depth.length, 0)).toBe(before.length + list.length);
      }),
      { numRuns: 300 },
    );
  });

  it('end at the bound: the rest is deeper, and all are counted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 2 }), (count, step) => {
        const list = Array.from({ length: count }, (_, i) => ({ start: BigInt(i * step), end: 1_000_000n }));
        const sweep = new DepthSweep([], count);
        const found = list.map((one) => sweep.place(one));
        const drawn = found.filter((depth) => depth !== -1);
        expect(new Set(drawn).size).toBe(Math.min(count, DEPTHS));
        expect(drawn.length).toBe(Math.min(count, DEPTHS));
      }),
      { numRuns: 50 },
    );
  });

  it('of a million that all overlap take less than three seconds', () => {
    const sweep = new DepthSweep([], 1_000_000);
    const began = performance.now();
    let deeper = 0;
    for (let i = 0; i < 1_000_000; i++)
      if (sweep.place({ start: BigInt(i), end: 2_000_000n + BigInt(i % 1000) }) === -1) deeper++;
    expect(deeper).toBe(1_000_000 - DEPTHS);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
