/** Operations drawn as pictures: the shortest rank is late, the rest of the others is waiting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRefusal, waitTransfer } from '../../../lib/analysis/wait-transfer.ts';

/** One line per rank; a column is a nanosecond inside the operation. */
const picture = (lines: string): number[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => (line.match(/=/g) ?? []).length);

describe('wait and transfer', () => {
  it('are told apart by the shortest rank', () => {
    expect(
      waitTransfer(
        picture(`
        ==========
           =======
                ==
      `),
      ),
    ).toEqual({ transfer: 2, lateRank: 2, waits: [8, 5, 0] });
  });

  it('name nobody where two ranks are equally short, wherever they stand', () => {
    expect(waitTransfer(picture('====\n  ==\n  =='))).toMatchObject({ lateRank: null, transfer: 2 });
    expect(waitTransfer([2, 4, 2])).toMatchObject({ lateRank: null });
    expect(waitTransfer([4, 4, 2])).toMatchObject({ lateRank: 2 });
  });

  it('are not known while a rank is missing, of one rank, and where only the launch is known', () => {
    expect(waitTransfer([4, 2, null])).toBeNull();
    expect(waitTransfer([4])).toBeNull();
    expect(waitTransfer([])).toBeNull();
    expect(waitTransfer([4, 0])).toBeNull();
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
      fc.property(fc.array(fc.integer({ min: 1, max: 10 ** 10 }), { minLength: 2, maxLength: 64 }), (durations) => {
        const found = waitTransfer(durations);
        const reversed = waitTransfer([...durations].reverse());
        if (!found) throw new Error('not split');
        expect(found.waits.map((wait) => wait + found.transfer)).toEqual(durations);
        expect(Math.min(...found.waits)).toBe(0);
        const { lateRank } = found;
        expect(reversed?.lateRank).toBe(lateRank === null ? null : durations.length - 1 - lateRank);
        expect(lateRank === null).toBe(found.waits.filter((wait) => wait === 0).length > 1);
      }),
    );
  });
});
