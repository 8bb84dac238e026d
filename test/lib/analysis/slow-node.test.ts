import { describe, expect, it } from 'vitest';
import { chanceOfRanks, type NodeRuns, slowNode } from '../../../lib/analysis/slow-node.ts';
import { unit } from '../../../lib/demo/world/model.ts';

/** Attempts one second apart, newest first; `factor` of those in the last `slowFor` seconds. */
const runs = (node: string, seed: number, count: number, factor = 1, slowFor = 0): NodeRuns => ({
  node,
  startNs: Array.from({ length: count }, (_, i) => BigInt(1_000_000 - i) * 1_000_000_000n),
  durationNs: Array.from({ length: count }, (_, i) => (4e9 + 4e9 * unit(seed, i)) * (i < slowFor ? factor : 1)),
});

describe('the slow node of a function', () => {
  it('is found as soon as enough of its newest attempts say so, and dated', () => {
    const nodes = [runs('a', 1, 64), runs('b', 2, 64, 2, 20), runs('c', 3, 64), runs('d', 4, 64)];
    const found = slowNode(nodes, 4);
    expect(found).toMatchObject({ node: 'b', attempts: 16 });
    expect(found?.sinceNs).toBe(BigInt(1_000_000 - 15) * 1_000_000_000n);
    expect((found?.median ?? 0) / (found?.othersMedian ?? 1)).toBeCloseTo(2, 0);
    expect(found?.others).toBe(3 * 16);
  });

  it('is nobody among equals: under one in a thousand of random functions on eight nodes', () => {
    let accused = 0;
    for (let seed = 0; seed < 2000; seed++) {
      // A long tail, as tasks have.
      const nodes = Array.from({ length: 8 }, (_, node) => ({
        ...runs(`n${node}`, seed * 8 + node, 24),
        durationNs: Array.from({ length: 24 }, (_, i) => 1e9 / (0.02 + unit(seed * 8 + node, i, 7)) ** 1.5),
      }));
      if (slowNode(nodes, 1)) accused++;
    }
    expect(accused).toBeLessThanOrEqual(2);
  });

  it('is nobody where the difference is certain but small, and nobody by fewer than eight attempts', () => {
    expect(slowNode([runs('a', 1, 64), runs('b', 2, 64, 1.2, 64), runs('c', 3, 64)], 1)).toBeNull();
    expect(slowNode([runs('a', 1, 7), runs('b', 2, 7, 9, 7), runs('c', 3, 7)], 1)).toBeNull();
    expect(slowNode([runs('a', 1, 64)], 1)).toBeNull();
  });

  it('is the slower of two', () => {
    const nodes = [
      runs('a', 1, 64),
      runs('b', 2, 64, 2, 64),
      runs('c', 3, 64),
      runs('d', 4, 64, 4, 64),
      runs('e', 5, 64),
    ];
    expect(slowNode(nodes, 1)?.node).toBe('d');
  });

  it('bounds the chance of ranks: complete separation of 8 and 8, ties, and no difference', () => {
    const low = [1, 2, 3, 4, 5, 6, 7, 8];
    const high = low.map((one) => one + 100);
    // Exactly 1 in C(16, 8) = 12,870.
    expect(chanceOfRanks(high, low)).toBeGreaterThan(1 / 12_870);
    expect(chanceOfRanks(high, low)).toBeLessThan(0.003);
    expect(chanceOfRanks(low, high)).toBe(1);
    expect(chanceOfRanks([3, 3, 3, 3, 3, 3, 3, 3], [3, 3, 3, 3, 3, 3, 3, 3])).toBe(1);
  });
});
