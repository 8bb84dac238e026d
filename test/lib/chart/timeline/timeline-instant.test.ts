import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  offsetToMs,
  readInstant,
  readRange,
  requestedWindow,
  writeInstant,
} from '../../../../lib/chart/timeline/timeline-instant.ts';

const ORIGIN = '1795526735000000000';

describe('instants in an address', () => {
  it('reads s, ms, us and ns alike', () => {
    for (const text of ['1795526736', '1795526736000', '1795526736000000', '1795526736000000000'])
      expect(readInstant(text, ORIGIN)).toBe(1e9);
  });
  it('refuses what is no window', () => {
    expect(readRange('5', '5', ORIGIN)).toBeNull();
    expect(readRange('x', '1795526736', ORIGIN)).toBeNull();
    expect(readRange(null, null, ORIGIN)).toBeNull();
  });
  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e14 }), (offset) => {
        expect(readInstant(writeInstant(offset, ORIGIN), ORIGIN)).toBe(offset);
        const inMs = (offsetToMs(offset, ORIGIN) - Number(BigInt(ORIGIN) / 1_000_000n)) * 1e6;
        expect(Math.abs(inMs - offset)).toBeLessThan(1000);
      }),
    );
  });
  it('asks for what is seen and as much on both sides, on a grid that small pans do not leave', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e12 }), fc.integer({ min: 1, max: 1e12 }), (from, span) => {
        const requested = requestedWindow({ from, to: from + span });
        expect(requested.from).toBeLessThanOrEqual(from - span);
        expect(requested.to).toBeGreaterThanOrEqual(from + 2 * span);
        expect(requested.to - requested.from).toBeLessThanOrEqual(4.1 * span + 4);
      }),
    );
    expect(requestedWindow({ from: 1000, to: 2000 })).toEqual(requestedWindow({ from: 1010, to: 2010 }));
  });
});
