/** When a rank may be called late: power where one is, silence where none is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOfLead, lateRanks, MOST_CHANCE } from '../../../lib/analysis/late-rank.ts';

/** Times inside when each rank arrives with a delay: the last one's delay minus its own, plus the transfer. */
const block = (delays: readonly number[], transfer = 10) => {
  const last = Math.max(...delays);
  return { durations: delays.map((delay) => last - delay + transfer) };
};
/** Delays of many blocks, even over ranks. */
const noise = (ranks: number, blocks: number) =>
  fc.array(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: ranks, maxLength: ranks }), {
    minLength: blocks,
    maxLength: blocks,
  });

describe('late rank', () => {
  it('is found wherever it is, however noisy the others are', () => {
    fc.assert(
      fc.property(noise(8, 24), fc.integer({ min: 0, max: 7 }), (delays, late) => {
        const found = lateRanks(delays.map((one) => block(one.map((delay, rank) => delay + (rank === late ? 60 : 0)))));
        expect(found.map((one) => one.rank)).toEqual([late]);
        expect(found[0]?.share).toBe(1);
        expect(found[0]?.sinceBlock).toBe(0);
      }),
    );
  });

  it('is nobody in even noise', () => {
    // A seed, because one in a thousand accusations is what the threshold allows.
    fc.assert(
      fc.property(noise(8, 40), (delays) => {
        expect(lateRanks(delays.map((one) => block(one)))).toEqual([]);
      }),
      { seed: 20261124, numRuns: 200 },
    );
  });

  it('is nobody after a single huge delay, for any number of ranks', () => {
    for (const ranks of [2, 4, 16, 1024]) {
      const blocks = Array.from({ length: 30 }, (_, i) =>
        block(Array.from({ length: ranks }, (_, rank) => (i === 7 && rank === 1 ? 5000 : 0))),
      );
      expect(lateRanks(blocks)).toEqual([]);
    }
  });

  it('is nobody where one is always first by a little: significant, but too small to matter', () => {
    const blocks = Array.from({ length: 60 }, () => block([1, 0, 0, 0], 100));
    expect(lateRanks(blocks)).toEqual([]);
  });

  it('is not judged with under five blocks or with a rank missing', () => {
    const late = block([0, 0, 0, 100]);
    expect(lateRanks(Array.from({ length: 4 }, () => late))).toEqual([]);
    expect(lateRanks(Array.from({ length: 20 }, () => ({ durations: [10, null, 10, 1] })))).toEqual([]);
    expect(lateRanks([])).toEqual([]);
  });

  it('says from when on', () => {
    const before = Array.from({ length: 20 }, (_, i) => block([i % 4, (i + 1) % 4, (i + 2) % 4, (i + 3) % 4]));
    const after = Array.from({ length: 15 }, () => block([1, 80, 0, 2]));
    expect(lateRanks([...before, ...after])[0]).toMatchObject({ rank: 1, sinceBlock: 20 });
  });

  it('bounds the chance: never under the exact one of equal leads', () => {
    // k of k equal leads by one of n: exactly n * n^-k.
    for (const [n, k] of [
      [4, 7],
      [16, 4],
      [2, 12],
    ] as const)
      expect(chanceOfLead(new Array<number>(k).fill(3), 3 * k, n)).toBeCloseTo(n * n ** -k, 12);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 2, max: 64 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (leads, n, share) => {
          const target = share * leads.reduce((sum, one) => sum + one, 0);
          // Exact chance by listing which leads the rank got.
          let exact = 0;
          for (let set = 0; set < 2 ** leads.length; set++) {
            let sum = 0;
            let chance = 1;
            leads.forEach((lead, i) => {
              const got = (set >> i) & 1;
              sum += got * lead;
              chance *= got ? 1 / n : 1 - 1 / n;
            });
            if (sum >= target - 1e-9) exact += chance;
          }
          expect(chanceOfLead(leads, target, n)).toBeGreaterThanOrEqual(Math.min(1, exact) - 1e-9);
        },
      ),
      { numRuns: 50 },
    );
    expect(MOST_CHANCE).toBe(0.001);
  });
});
