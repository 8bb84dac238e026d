import { describe, expect, it } from 'vitest';
import { GPU_MODELS, type GpuModel } from '../../../lib/demo/world/gpu-models.ts';
import { allReducePlan, planMs, rcclxAllReducePlan } from '../../../lib/demo/world/network.ts';

const H100 = GPU_MODELS.h100.fabric;
const named = (bytes: number, ranks: number, nodes: number, fabric: GpuModel['fabric'] = H100): string => {
  const { algorithm, protocol } = allReducePlan(bytes, ranks, nodes, fabric);
  return `${algorithm} ${protocol}`;
};

describe('the network of the simulation', () => {
  it('takes the algorithm and protocol that NCCL would, by size', () => {
    expect(named(2 * 1024 ** 3, 32, 4)).toBe('Ring Simple');
    expect(named(8 * 1024, 32, 4)).toBe('Tree LL');
    expect(named(64 * 1024 ** 2, 8, 1)).toBe('NVLS Simple');
    expect(named(1024, 8, 1)).toBe('Ring LL');
    // AMD's fabric has no switch to reduce in.
    expect(named(64 * 1024 ** 2, 8, 1, GPU_MODELS.mi300x.fabric)).toBe('Ring Simple');
  });

  it('needs the latency of its steps, and never less time for more bytes', () => {
    // Tree LL: 6.8 + 2 (7 x 0.6 + log2(4) x 5) µs.
    expect(allReducePlan(8, 32, 4, H100).latencyMs * 1000).toBeCloseTo(35.2, 6);
    for (const [ranks, nodes] of [
      [8, 1],
      [32, 4],
      [256, 32],
    ] as const) {
      let before = 0;
      for (let bytes = 8; bytes <= 2 ** 34; bytes *= 2) {
        const took = planMs(allReducePlan(bytes, ranks, nodes, H100));
        expect(took).toBeGreaterThan(before);
        before = took;
      }
    }
  });

  it('takes the ways of RCCLX by size alone, inside a node of eight', () => {
    const { fabric } = GPU_MODELS.mi300x;
    const way = (bytes: number, ranks = 8, of: GpuModel['fabric'] = fabric): string =>
      rcclxAllReducePlan(bytes, ranks, of).algorithm;
    expect(way(204_800)).toBe('DDA_FLAT');
    expect(way(204_801)).toBe('DDA_TREE');
    expect(way(16 * 1024 ** 2 - 1)).toBe('DDA_TREE');
    expect(way(16 * 1024 ** 2)).toBe('LP_FP8');
    for (const bytes of [1024, 2 ** 20, 2 ** 26]) {
      expect(rcclxAllReducePlan(bytes, 4, fabric)).toEqual(allReducePlan(bytes, 4, 1, fabric));
      expect(rcclxAllReducePlan(bytes, 8, H100)).toEqual(allReducePlan(bytes, 8, 1, H100));
    }
  });

  it('gains with direct access what its authors measured, and sends over no link more than it takes', () => {
    const { fabric } = GPU_MODELS.mi300x;
    const time = (bytes: number, plan: typeof rcclxAllReducePlan): number => planMs(plan(bytes, 8, fabric));
    const gain = (bytes: number): number =>
      1 - time(bytes, rcclxAllReducePlan) / time(bytes, (size) => allReducePlan(size, 8, 1, fabric));
    // 10-50 % for messages of decoding, 10-30 % for those of prompts.
    for (const tokens of [1, 2, 4, 8]) {
      expect(gain(tokens * 16_384)).toBeGreaterThan(0.1);
      expect(gain(tokens * 16_384)).toBeLessThan(0.5);
    }
    for (const tokens of [64, 256, 512]) {
      expect(gain(tokens * 16_384)).toBeGreaterThan(0.1);
      expect(gain(tokens * 16_384)).toBeLessThan(0.3);
    }
    // Bytes over each of the seven links: all of the message (flat), or two of eight shares, as they are or in FP8.
    for (const [bytes, overLink] of [
      [131_072, 131_072],
      [2 ** 23, 2 ** 21],
      [2 ** 26, 2 ** 23],
    ] as const)
      expect(overLink / (time(bytes, rcclxAllReducePlan) / 1000)).toBeLessThan(64e9);
  });
});
