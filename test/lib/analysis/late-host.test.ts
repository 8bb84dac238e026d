/** A host whose ranks are all late is named; one late rank, noise, or unknown hosts never accuse one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lateHost, lateRankOrHost } from '../../../lib/analysis/late-host.ts';
import { lateRanks } from '../../../lib/analysis/late-rank.ts';
import { unit } from '../../../lib/demo/world/model.ts';

const hosts = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c'];
/** Time inside of each rank where it arrives `delay` after the first: all leave 10 after the last. */
const block = (delays: readonly number[]) => ({ durations: delays.map((delay) => Math.max(...delays) - delay + 10) });
const noisy = fc.array(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 9, maxLength: 9 }), {
  minLength: 10,
  maxLength: 40,
});

describe('a late host', () => {
  it('is named with its ranks where all of them are late, and none of them alone, however they differ by chance', () => {
    let alone = 0;
    for (let seed = 0; seed < 300; seed++) {
      const blocks = Array.from({ length: 10 + (seed % 30) }, (_, at) =>
        block(hosts.map((host, rank) => 20 * unit(seed, at, rank) + (host === 'b' ? 100 : 0))),
      );
      expect(lateHost(blocks, hosts)).toMatchObject({ host: 'b', ranks: [3, 4, 5], share: 1, sinceBlock: 0 });
      if (lateRankOrHost(blocks, hosts).rank !== null) alone++;
    }
    expect(alone).toBeLessThanOrEqual(1);
  });

  it('is named though one of its ranks leads the others by nothing, and not where that rank holds its host up', () => {
    // Rank 4 is a hair later than 3 and 5 in some blocks, which puts it far before everybody else there.
    const delays = Array.from({ length: 13 }, (_, at) =>
      hosts.map((host, rank) => (host === 'b' ? 100 : 0) + (rank === 4 && at % 3 === 0 ? 1e-9 : 0)),
    );
    expect(lateRanks(delays.map(block))[0]?.rank).toBe(4);
    expect(lateRankOrHost(delays.map(block), hosts)).toMatchObject({ rank: null, host: { host: 'b' } });
    // A GPU that throttles delays its host in the forward pass, and itself in the backward pass, too.
    const throttled = Array.from({ length: 13 }, (_, at) =>
      hosts.map((host, rank) => 2 * unit(at, rank) + (host === 'b' ? 100 : 0) + (rank === 4 ? 200 : 0)),
    );
    expect(lateHost(throttled.map(block), hosts)?.host).toBe('b');
    expect(lateRankOrHost(throttled.map(block), hosts)).toMatchObject({ rank: { rank: 4 }, host: null });
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
