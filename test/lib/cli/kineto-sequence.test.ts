/** Which operations of several ranks are one (lib/cli/import/kineto/sequence.ts). */
import { expect, it } from 'vitest';
import { type OrderedOperation, sequenced } from '../../../lib/cli/import/kineto/sequence.ts';

/** Each 100 us long, 2 ms apart; `sizes` from the first on. */
const operations = (seqs: readonly (number | null)[], fromNs = 0, sizes: readonly number[] = []): OrderedOperation[] =>
  seqs.map((seq, i) => ({
    startNs: fromNs + i * 2e6,
    endNs: fromNs + i * 2e6 + 1e5,
    bytes: sizes[i] ?? 1024,
    seq: seq === null ? null : String(seq),
  }));
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const none = (count: number): null[] => new Array<null>(count).fill(null);
const texts = (of: readonly (number | null)[]): (string | null)[] =>
  of.map((seq) => (seq === null ? null : String(seq)));

it('one without Seq is left out alone, and is said', () => {
  const found = sequenced(
    new Map([
      [0, operations([null, ...range(42, 9)])],
      [1, operations(range(42, 10), 2e6)],
    ]),
    false,
  );
  expect(found).toEqual({
    seq: new Map([
      [0, [null, ...texts(range(42, 9))]],
      [1, texts(range(42, 10))],
    ]),
    from: 'Seq',
    note: 'left out: 1 without Seq of 10 of rank 0',
  });
});

it('an event that was written twice is one, with Seq and without', () => {
  for (const seqs of [range(42, 10), none(10)]) {
    const own = operations(seqs);
    const doubled = [...own.slice(0, 3), ...own.slice(2)];
    const found = sequenced(
      new Map([
        [0, doubled],
        [1, own],
      ]),
      false,
    );
    const expected = texts(seqs[0] === null ? range(0, 10) : range(42, 10));
    expect(found.seq).toEqual(
      new Map([
        [0, [...expected.slice(0, 3), null, ...expected.slice(3)]],
        [1, expected],
      ]),
    );
    expect(found.note).toBe('rank 0 holds 1 of its operations twice');
  }
});

it('a Seq that several operations carry tells nothing of them; the others keep theirs', () => {
  const found = sequenced(
    new Map([
      [0, operations([...range(42, 8), 7, 7])],
      [1, operations([...range(42, 8), 7, 7])],
    ]),
    true,
  );
  expect(found.seq?.get(1)).toEqual([...texts(range(42, 8)), null, null]);
  expect(found.note).toBe(
    'left out: 2 whose Seq is not unique of 10 of rank 0; 2 whose Seq is not unique of 10 of rank 1',
  );
});

it('an order that the few Seq contradict is not taken', () => {
  const found = sequenced(
    new Map([
      [0, operations([...none(8), 50, 51])],
      [1, operations([...none(8), 51, 52])],
    ]),
    false,
  );
  expect([found.seq, found.note]).toEqual([
    null,
    'the order of rank 1 and rank 0 contradicts the Seq that some operations carry',
  ]);
});

it.each([
  [1, 15, 'rank 1 holds 15 of 16, from the second on'],
  [3, 13, 'rank 1 holds 13 of 16, without the first 3'],
  [-1, 12, 'rank 1 holds 12 of 16, beginning one operation before the first of rank 0'],
  [-2, 12, 'rank 1 holds 12 of 16, beginning 2 operations before the first of rank 0'],
])('a recording that begins %i operations after the other is said so', (shift, count, note) => {
  const sizes = range(0, 40).map((i) => 2 ** (i % 7));
  const found = sequenced(
    new Map([
      [0, operations(none(16), 0, sizes.slice(10))],
      [1, operations(none(count), shift * 2e6, sizes.slice(10 + shift))],
    ]),
    true,
  );
  expect([found.from, found.note]).toEqual(['order and time', `a recording was cut: ${note}`]);
});
