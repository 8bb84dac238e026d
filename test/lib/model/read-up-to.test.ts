import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readUpTo } from '../../../lib/model/read-up-to.ts';

/** Pieces as a stream gives them, and how many of them were taken. */
function stream(pieces: readonly Uint8Array[]) {
  const seen = { taken: 0, isEnded: false };
  async function* from() {
    try {
      for (const piece of pieces) {
        seen.taken += 1;
        yield piece;
      }
    } finally {
      seen.isEnded = true;
    }
  }
  return { seen, from: from() };
}

it('gives what fits, or says that there is more, and never reads beyond the piece that was too much', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(200), async (pieces, most) => {
      const { seen, from } = stream(pieces);
      const { bytes, isWhole } = await readUpTo(from, most);
      const all = Buffer.concat(pieces);
      expect(isWhole).toBe(all.byteLength <= most);
      expect(Buffer.from(bytes)).toEqual(all.subarray(0, bytes.byteLength));
      if (isWhole) expect(bytes.byteLength).toBe(all.byteLength);
      else expect(bytes.byteLength - (pieces[seen.taken - 1]?.byteLength ?? 0)).toBeLessThanOrEqual(most);
      expect(seen.isEnded).toBe(true);
    }),
  );
});

it('rejects with the error of the source', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(3);
    throw new Error('cut off');
  }
  await expect(readUpTo(broken(), 10)).rejects.toThrow('cut off');
  expect((await readUpTo(broken(), 2)).isWhole).toBe(false);
});

it('takes nothing as empty', async () => {
  expect(await readUpTo([], 0)).toEqual({ bytes: new Uint8Array(0), isWhole: true });
});
