import { describe, expect, it } from 'vitest';
import { DepthHeap, DepthPacker } from '../../../../lib/chart/timeline/depth-packer.ts';
import { prepareTracks } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import { DEPTHS } from '../../../../lib/model/timeline-tile.ts';
import { lane, timeline } from './timeline-pictures.ts';

/** Numbers below `most`, the same at every run. */
function random(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

interface Slice {
  readonly start: number;
  readonly end: number;
}

/** The definition: every depth is looked at for every slice. */
function slowly(slices: readonly Slice[]): number[] {
  const free: number[] = [];
  return slices.map(({ start, end }) => {
    const found = Array.from({ length: DEPTHS }, (_, depth) => depth).find(
      (depth) => (free[depth] ?? Number.NEGATIVE_INFINITY) <= start,
    );
    if (found !== undefined) free[found] = end;
    return found ?? -1;
  });
}

describe('a heap of depths', () => {
  it('gives what it holds from the least up, also while more comes in', () => {
    const below = random(7);
    const heap = new DepthHeap();
    let held: number[] = [];
    for (let step = 0; step < 5000; step++) {
      if (below(5) < 3) {
        const key = below(300);
        heap.put(key, key);
        held = [...held, key].sort((a, b) => a - b);
      } else {
        expect(heap.least).toBe(held[0] ?? Number.POSITIVE_INFINITY);
        expect(heap.take()).toBe(held[0] ?? -1);
        held = held.slice(1);
      }
      expect(heap.size).toBe(held.length);
    }
  });
});

describe('depths', () => {
  it('are those that a look at every depth finds', () => {
    let deepest = 0;
    let left = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const below = random(seed);
      const longest = [3, 30, 3000][seed % 3] ?? 3;
      const slices = Array.from({ length: 600 }, () => {
        const start = below(1000);
        // Some have no length, some end before they start (clocks differ), some run on.
        const kind = below(20);
        const end = kind === 0 ? start : kind === 1 ? start - below(20) : start + below(longest);
        return { start, end: kind === 2 ? Number.POSITIVE_INFINITY : end };
      }).sort((a, b) => a.start - b.start);
      const packer = new DepthPacker();
      const found = slices.map(({ start, end }) => packer.place(start, end));
      expect(found).toEqual(slowly(slices));
      expect(packer.depths).toBe(Math.max(...found) + 1);
      deepest = Math.max(deepest, packer.depths);
      left += found.filter((depth) => depth === -1).length;
    }
    // The input reaches what it is meant to test.
    expect(deepest).toBe(DEPTHS);
    expect(left).toBeGreaterThan(0);
  });

  it('200,000 attempts of one worker that all overlap are packed in less than half a second, and what is left out is counted', () => {
    const attempts = Array.from({ length: 200_000 }, (_, i) => ({ lane: 0, start: i, end: null }));
    const input = timeline(attempts, [lane('n1', 1)], 300_000);
    const began = performance.now();
    const tracks = prepareTracks(input);
    expect(performance.now() - began).toBeLessThan(500);
    expect(tracks.tracks).toHaveLength(DEPTHS);
    expect(tracks.start).toHaveLength(DEPTHS);
    expect(tracks.tooDeep).toBe(200_000 - DEPTHS);
    expect(tracks.neverRan).toBe(0);
    expect([...tracks.sliceOf.subarray(DEPTHS - 1, DEPTHS + 1)]).toEqual([DEPTHS - 1, -1]);
  });
});
