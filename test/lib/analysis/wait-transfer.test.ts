/** Operations drawn as pictures: the shortest rank is late, the rest of the others is waiting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRefusal, waitTransfer } from '../../../lib/analysis/wait-transfer.ts';
import { nanoseconds } from '../../../lib/model/units.ts';

/** One line per rank; a column is a nanosecond inside the operation. */
const picture = (lines: string) =>
  lines
    .trim()
    .split('\n')
    .map((line, rank) => ({ rank, duration: nanoseconds(BigInt((line.match(/=/g) ?? []).length)) }));

describe('wait and transfer', () => {
  it('are told apart by the shortest rank', () => {
    const found = waitTransfer(
      picture(`
        ==========
           =======
                ==
      `),
      3,
    );
    expect(found).toMatchObject({ transfer: 2n, lateRank: 2, lateBy: 8n });
    expect(found?.waits.map(({ wait }) => wait)).toEqual([8n, 5n, 0n]);
  });

  it('name nobody where two ranks are equally short', () => {
    expect(waitTransfer(picture('====\n  ==\n  =='), 3)).toMatchObject({ lateRank: null, lateBy: 2n });
  });

  it('are not known while a rank is missing or reported twice', () => {
    const two = picture('====\n==');
    expect(waitTransfer(two, 3)).toBeNull();
    expect(waitTransfer([...two, { rank: 1, duration: nanoseconds(1n) }], 3)).toBeNull();
    expect(waitTransfer(picture('==='), 1)).toBeNull();
  });

  it.each(['Send', 'Recv', 'SendRecv', 'Broadcast', 'Reduce', 'AllToAll'])(
    'are not valid for %s, with a reason',
    (op) => {
      expect(splitRefusal(op)).toMatch(/\.$/);
    },
  );
  it.each(['AllReduce', 'AllGather', 'ReduceScatter'])('are valid for %s', (op) => {
    expect(splitRefusal(op)).toBeNull();
  });

  it('add up to every duration, and do not care for the order of ranks', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 10n }), { minLength: 2, maxLength: 64 }), (durations) => {
        const ranks = durations.map((duration, rank) => ({ rank, duration: nanoseconds(duration) }));
        const found = waitTransfer(ranks, ranks.length);
        const reversed = waitTransfer([...ranks].reverse(), ranks.length);
        if (!found) throw new Error('not split');
        for (const { rank, wait } of found.waits) expect(wait + found.transfer).toBe(durations[rank]);
        expect(reversed?.lateRank).toBe(found.lateRank);
        expect(reversed?.lateBy).toBe(found.lateBy);
      }),
    );
  });
});
