import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentRanks, standsStill } from '../../../lib/analysis/hang.ts';

const s = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9));
const gaps = { lastNs: s(1000), medianGapNs: 10e9, longestGapNs: 12e9, operations: 40 };

describe('a communicator', () => {
  it('stands still after eight of its usual gaps, twice its longest, and half a minute', () => {
    expect(standsStill(gaps, s(1079))).toBe(false);
    expect(standsStill(gaps, s(1081))).toBe(true);
    expect(standsStill({ ...gaps, longestGapNs: 60e9 }, s(1119))).toBe(false);
    expect(standsStill({ ...gaps, longestGapNs: 60e9 }, s(1121))).toBe(true);
    expect(standsStill({ ...gaps, medianGapNs: 1e7, longestGapNs: 2e7 }, s(1029))).toBe(false);
    expect(standsStill({ ...gaps, operations: 4 }, s(5000))).toBe(false);
  });
});

describe('the rank that never joined', () => {
  it('is the one that fell silent before the others', () => {
    expect(silentRanks([s(10.01), s(10), s(3.7), s(10.02)])).toEqual([2]);
    expect(silentRanks([s(10), s(3), s(3.1), s(10.02), s(10.03)])).toEqual([1, 2]);
  });

  it('is not told where ranks stopped one after the other, most did before, or one is unknown', () => {
    expect(silentRanks([s(10), s(9.99), s(10.02), s(10.01)])).toEqual([]);
    expect(silentRanks([s(1), s(4), s(7), s(10)])).toEqual([]);
    expect(silentRanks([s(3), s(3), s(10), s(10)])).toEqual([]);
    expect(silentRanks([s(10), null, s(3)])).toEqual([]);
    expect(silentRanks([])).toEqual([]);
  });

  it('is found wherever it is, among ranks that stopped within a tenth of its silence', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 3, maxLength: 64 }),
        fc.nat(),
        fc.double({ min: 0.2, max: 600, noNaN: true }),
        (parts, which, silence) => {
          const rank = which % parts.length;
          const last = parts.map((part, i) => s(5000 + (i === rank ? -silence : part * silence)));
          expect(silentRanks(last)).toEqual([rank]);
        },
      ),
    );
  });
});
