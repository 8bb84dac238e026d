/** Times of Chrome traces: exact to the nanosecond as text of any size, and as numbers as long as a double can hold them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { microsecondsToNs } from '../../../lib/cli/import/kineto/decimal-time.ts';
import { parseLenient } from '../../../lib/cli/import/kineto/lenient-json.ts';

const asMicroseconds = (ns: bigint): string => `${ns / 1000n}.${String(ns % 1000n).padStart(3, '0')}`;

describe('microseconds to nanoseconds', () => {
  it('any time of a file comes back as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), (ns) => {
        const parsed: unknown = parseLenient(`{"ts": ${asMicroseconds(ns)}, "name": "at ${ns}, : ${ns}"}`);
        const { ts, name } = { ts: undefined, name: undefined, ...Object(parsed) };
        expect(microsecondsToNs(ts)).toBe(ns);
        expect(name).toBe(`at ${ns}, : ${ns}`);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['1.795990000000123e15', 1_795_990_000_000_123_000n],
    ['12.3456', 12_346n],
    ['-1.5', -1500n],
    [' 7 ', 7000n],
    ['1e400', null],
    ['9'.repeat(50), null],
    ['NaN', null],
    ['', null],
    [Number.POSITIVE_INFINITY, null],
    [null, null],
  ])('%s is %s', (us, ns) => {
    expect(microsecondsToNs(us)).toBe(ns);
  });
});
