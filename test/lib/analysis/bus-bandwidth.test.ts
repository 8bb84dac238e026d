/** Factors against nccl-tests' own numbers, and what must hold for any message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { busBandwidth } from '../../../lib/analysis/bus-bandwidth.ts';
import { bytesPerSecond } from '../../../lib/model/units.ts';

const ONE = bytesPerSecond(1);

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
    expect(busBandwidth(op, ranks, ONE)).toBeCloseTo(factor, 12);
  });

  it('is that of the model of the synthetic Inspector files', () => {
    // truth.json: transfer 360.224 us of AllReduce 64 MiB among 8 ranks is 326.021 GB/s; AllGather 8 MiB per rank 297.903.
    const gigabytes = (op: string, message: number, seconds: number): number =>
      (busBandwidth(op, 8, bytesPerSecond(message / seconds)) ?? 0) / 1e9;
    expect(gigabytes('AllReduce', 67_108_864, 360.224e-6)).toBeCloseTo(326.021, 2);
    expect(gigabytes('AllGather', 8_388_608 * 8, 197.112e-6)).toBeCloseTo(297.903, 2);
  });

  it('never exceeds twice the algorithm bandwidth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4096 }), fc.double({ min: 0, max: 1e15, noNaN: true }), (ranks, algbw) => {
        const found = busBandwidth('AllReduce', ranks, bytesPerSecond(algbw));
        if (found === null) throw new Error('no bandwidth');
        expect(found).toBeLessThanOrEqual(2 * algbw);
        expect(found).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is nothing among fewer than two ranks, and of what nccl-tests has no factor for', () => {
    for (const ranks of [1, 0, -1, Number.NaN]) expect(busBandwidth('AllReduce', ranks, ONE)).toBeNull();
    for (const op of ['Barrier', 'Gather', '', 'constructor', '__proto__']) expect(busBandwidth(op, 8, ONE)).toBeNull();
  });
});
