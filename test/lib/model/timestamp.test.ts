import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRfc3339, parseUnixTime } from '../../../lib/model/timestamp.ts';

describe('Unix time by digits', () => {
  it.each([
    ['0', 0n],
    ['1795526736', 1_795_526_736_000_000_000n],
    ['99999999999', 99_999_999_999_000_000_000n],
    ['100000000000', 100_000_000_000_000_000n],
    ['1795526736123', 1_795_526_736_123_000_000n],
    ['1795526736123456', 1_795_526_736_123_456_000n],
    ['1795526736123456789', 1_795_526_736_123_456_789n],
  ])('%s', (text, ns) => expect(parseUnixTime(text)).toBe(ns));

  it.each(['', '-1', '+1', '1.5', '1e9', ' 1', '0x10', '١٢٣', '12345678901234567890'])('refuses %j', (text) =>
    expect(parseUnixTime(text)).toBeNull(),
  );

  it('reads a time of this century alike in each unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000_000, max: 9_000_000_000 }), (seconds) => {
        const ns = BigInt(seconds) * 1_000_000_000n;
        for (const digits of ['', '000', '000000', '000000000']) expect(parseUnixTime(`${seconds}${digits}`)).toBe(ns);
      }),
    );
  });
});

describe('RFC 3339', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0n],
    ['2026-11-24T14:02:03.000000001Z', 1_795_528_923_000_000_001n],
    ['2026-11-24T14:02:03.1234567899Z', 1_795_528_923_123_456_789n],
    ['2026-11-24t14:02:03.5z', 1_795_528_923_500_000_000n],
    ['2026-11-24 14:02', 1_795_528_920_000_000_000n],
    ['2026-11-24', 1_795_478_400_000_000_000n],
    ['2026-11-24T14:02:03+05:30', 1_795_509_123_000_000_000n],
    ['2026-11-24T14:02:03-0800', 1_795_557_723_000_000_000n],
    ['1969-12-31T23:59:59.999999999Z', -1n],
    ['2028-02-29T00:00:00Z', 1_835_395_200_000_000_000n],
  ])('%s', (text, ns) => expect(parseRfc3339(text)).toBe(ns));

  it.each([
    ...['', 'now', '2026-11', '2026-02-30', '2026-02-29', '2100-02-29T00:00:00Z', '2026-04-31', '2026-13-01'],
    ...[
      '2026-00-10',
      '2026-01-00',
      '2026-11-24T25:00:00Z',
      '2026-11-24T14:61:00Z',
      '2026-11-24T14:02:03+',
      '12026-01-01',
    ],
    'Tue, 24 Nov 2026 14:02:03 GMT',
  ])('refuses %j', (text) => expect(parseRfc3339(text)).toBeNull());

  it('agrees with Date on every day of a thousand years', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1500-01-01'), max: new Date('2500-01-01'), noInvalidDate: true }),
        (date) => {
          expect(parseRfc3339(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
        },
      ),
    );
  });
});
