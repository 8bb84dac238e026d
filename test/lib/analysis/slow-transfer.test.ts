/** When a wire gives less than it used to, and when that cannot be told. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slowTransfer } from '../../../lib/analysis/slow-transfer.ts';

const flat = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

describe('a slow transfer', () => {
  it('begins at the first of the low moments at the end, gaps aside', () => {
    const found = slowTransfer([...flat(10, 340), null, 140, null, 142, 138, 141]);
    expect(found).toMatchObject({ since: 11, usual: 340, now: 140.5 });
    expect(found?.ratio).toBeCloseTo(140.5 / 340, 9);
  });

  it('is none where it has recovered, where it is slow all the time, and where too little is known', () => {
    expect(slowTransfer([...flat(10, 340), ...flat(5, 140), ...flat(3, 338)])).toBeNull();
    expect(slowTransfer(flat(20, 140))).toBeNull();
    expect(slowTransfer([340, 340, 340, 140, 140])).toBeNull();
    expect(slowTransfer([340, 340, 140, 140, 140])).toBeNull();
    expect(slowTransfer([])).toBeNull();
    expect(slowTransfer([null, null, null])).toBeNull();
  });

  it('comes and goes where packets are lost, and is over when it has not come for long', () => {
    const lossy = [140, 330, 150, 145, 335, 140, 150, 145, 330, 148, 141, 150];
    expect(slowTransfer([...flat(12, 340), ...lossy])).toMatchObject({ since: 12, usual: 340, share: 0.75 });
    expect(slowTransfer([...flat(12, 340), ...lossy, 335, 338])?.since).toBe(12);
    expect(slowTransfer([...flat(12, 340), ...lossy, ...flat(4, 338)])).toBeNull();
    // Now and then is not most of the time.
    expect(slowTransfer([...flat(12, 340), 140, 340, 340, 140, 340, 340, 140, 340, 140])).toBeNull();
  });

  it('is none in noise of a sixth, whatever its order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 290, max: 340, noNaN: true }), { minLength: 0, maxLength: 120 }),
        (values) => {
          expect(slowTransfer(values)).toBeNull();
        },
      ),
    );
  });

  it('is found wherever it begins, and never with more than the threshold', () => {
    const noisy = fc.double({ min: 0.9, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(noisy, { minLength: 24, maxLength: 100 }),
        fc.array(noisy, { minLength: 3, maxLength: 20 }),
        fc.double({ min: 0.1, max: 0.6, noNaN: true }),
        (before, after, ratio) => {
          const found = slowTransfer([...before, ...after.map((one) => one * ratio)]);
          expect(found?.since).toBe(before.length);
          expect(found?.ratio).toBeLessThan(0.7);
        },
      ),
    );
  });
});
