import { describe, expect, it } from 'vitest';
import { GPU_MODELS, type GpuModel } from '../../lib/demo/gpu-models.ts';
import { allReducePlan } from '../../lib/demo/network.ts';

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
        const { latencyMs, transferMs } = allReducePlan(bytes, ranks, nodes, H100);
        expect(latencyMs + transferMs).toBeGreaterThan(before);
        before = latencyMs + transferMs;
      }
    }
  });
});
