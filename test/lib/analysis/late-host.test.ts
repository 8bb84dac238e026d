/** A host whose ranks are all late is named; one late rank, noise, or unknown hosts never accuse one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lateHost } from '../../../lib/analysis/late-host.ts';
import { lateRanks } from '../../../lib/analysis/late-rank.ts';

const hosts = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c'];
/** Time inside of each rank where it arrives `delay` after the first: all leave 10 after the last. */
const block = (delays: readonly number[]) => ({ durations: delays.map((delay) => Math.max(...delays) - delay + 10) });
const noisy = fc.array(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 9, maxLength: 9 }), {
  minLength: 10,
  maxLength: 40,
});

describe('a late host', () => {
  it('is named with its ranks where all of them are late, whatever the noise, and none of them alone', () => {
    fc.assert(
      fc.property(noisy, (delays) => {
        const blocks = delays.map((one) => block(one.map((delay, rank) => delay + (hosts[rank] === 'b' ? 100 : 0))));
        expect(lateRanks(blocks)).toEqual([]);
        expect(lateHost(blocks, hosts)).toMatchObject({ host: 'b', ranks: [3, 4, 5], share: 1, sinceBlock: 0 });
      }),
      { numRuns: 60 },
    );
  });

  it('is nobody where one rank is late, nobody is, or hosts are not known', () => {
    fc.assert(
      fc.property(noisy, (delays) => {
        const one = delays.map((own) => block(own.map((delay, rank) => delay + (rank === 4 ? 100 : 0))));
        expect(lateHost(one, hosts)).toBeNull();
        const all = delays.map((own) => block(own.map((delay, rank) => delay + (hosts[rank] === 'b' ? 100 : 0))));
        expect(lateHost(all, hosts.with(3, 'x'))).toBeNull();
        expect(lateHost(all, [...hosts.slice(1), null])).toBeNull();
        expect(
          lateHost(
            all,
            hosts.map(() => 'a'),
          ),
        ).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('is nobody in noise, but for less than one window in a thousand', () => {
    let accused = 0;
    fc.assert(
      fc.property(noisy, (delays) => {
        if (lateHost(delays.map(block), hosts) !== null) accused++;
      }),
      { numRuns: 500 },
    );
    expect(accused).toBeLessThanOrEqual(1);
  });
});
