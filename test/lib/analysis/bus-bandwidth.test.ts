/** Factors against nccl-tests' own numbers, and what must hold for any message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandwidth, busFactor, messageOfRank } from '../../../lib/analysis/bus-bandwidth.ts';
import { bytes, nanoseconds } from '../../../lib/model/units.ts';

describe('bus bandwidth', () => {
  it.each([
    ['AllReduce', 8, 1.75],
    ['AllReduce', 2, 1],
    ['AllGather', 8, 0.875],
    ['ReduceScatter', 4, 0.75],
    ['AllToAll', 4, 0.75],
    ['Broadcast', 8, 1],
    ['SendRecv', 2, 1],
  ] as const)('%s among %i ranks: factor %f (nccl-tests doc/PERFORMANCE.md)', (op, ranks, factor) => {
    expect(busFactor(op, ranks)).toBeCloseTo(factor, 12);
  });

  it('is that of the model of the synthetic Inspector files', () => {
    // truth.json: transfer 360.224 us of AllReduce 64 MiB among 8 ranks is 326.021 GB/s; AllGather 8 MiB per rank 297.903.
    const reduce = bandwidth('AllReduce', bytes(67_108_864), 8, nanoseconds(360_224n));
    expect((reduce?.busbw ?? 0) / 1e9).toBeCloseTo(326.021, 2);
    const message = messageOfRank('AllGather', bytes(8_388_608), 8);
    expect(message).toBe(67_108_864);
    expect((bandwidth('AllGather', message, 8, nanoseconds(197_112n))?.busbw ?? 0) / 1e9).toBeCloseTo(297.903, 2);
  });

  it('never exceeds twice the algorithm bandwidth, and is nothing where no time passed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.bigInt({ min: 1n, max: 10n ** 12n }), (ranks, duration) => {
        const found = bandwidth('AllReduce', bytes(2 ** 20), ranks, nanoseconds(duration));
        if (!found) throw new Error('no bandwidth');
        expect(found.busbw).toBeLessThan(2 * found.algbw + 1e-9);
        expect(found.busbw).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(bandwidth('AllReduce', bytes(1), 8, nanoseconds(0n))).toBeNull();
    expect(() => busFactor('AllReduce', 0)).toThrow(RangeError);
  });
});
