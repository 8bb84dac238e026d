/**
 * Which operations of several ranks are one. torch writes the sequence (`Seq`) since March 2026; before, the order within the group
 * tells it, because a communicator runs its operations in one order on all ranks:
 *
 *   rank 0  |1|  |2|   |3|  |4|         all hold four: the order is the sequence
 *   rank 1  |1|  |2|   |3|  |4|
 *
 *   rank 0  |1|  |2|   |3|  |4|         rank 1 was cut: its three are matched by when they end, which all ranks of an operation do
 *   rank 1       |1|   |2|  |3|         together, and by their sizes; where that fits nowhere, they are left out
 *
 * One that carries no `Seq` among others that do was launched before the recording began; one that carries the `Seq` of another is of
 * a graph that is run again. Those alone are left out. An event that was written twice is one.
 */

export interface OrderedOperation {
  /** ns on a clock of the run; 0 ends nowhere: only its launch is known. */
  readonly startNs: number;
  readonly endNs: number;
  /** 0 where unknown. */
  readonly bytes: number;
  readonly seq: string | null;
}

export interface Sequenced {
  /** By rank: the sequence of each operation, null of one that is left out. Null where they cannot be told apart. */
  readonly seq: ReadonlyMap<number, readonly (string | null)[]> | null;
  readonly from: 'Seq' | 'order' | 'order and time';
  /** What was found to be wrong, of which the ranks are named. */
  readonly note: string | null;
}

/** Pairs must agree so well that a constant shift explains all but this share of them. */
const MOST_ODD = 0.05;

/** `Seq` is used where it tells at least this share of the operations of every rank. */
const ENOUGH_SEQ = 0.5;

type Operations = ReadonlyMap<number, readonly OrderedOperation[]>;

/** `ranks`: operations of one group and function in the order of their starts. `inStep`: all were recorded by one clock. */
export function sequenced(ranks: Operations, inStep: boolean): Sequenced {
  const kept = new Map([...ranks].map(([rank, own]) => [rank, withoutDoubles(own)]));
  const once = new Map(
    [...ranks].map(([rank, own]) => [rank, (kept.get(rank) ?? []).flatMap((index) => own[index] ?? [])]),
  );
  const doubles = [...ranks].flatMap(([rank, own]) => {
    const more = own.length - (once.get(rank)?.length ?? 0);
    return more === 0 ? [] : [`rank ${rank} holds ${more} of its operations twice`];
  });
  const found = bySeq(once) ?? byOrder(once, inStep);
  return {
    seq: found.seq && new Map([...ranks].map(([rank, own]) => [rank, spread(rank, own.length)])),
    from: found.from,
    note: [...shortened(doubles), ...(found.note === null ? [] : [found.note])].join('; ') || null,
  };

  function spread(rank: number, length: number): (string | null)[] {
    const all = new Array<string | null>(length).fill(null);
    for (const [i, index] of (kept.get(rank) ?? []).entries()) all[index] = found.seq?.get(rank)?.[i] ?? null;
    return all;
  }
}

const shortened = (parts: readonly string[]): string[] =>
  parts.length === 0 ? [] : [`${parts.slice(0, 4).join('; ')}${parts.length > 4 ? ', ...' : ''}`];

/** Indexes of operations but for those that repeat one: the same start, end, size and `Seq`. */
function withoutDoubles(own: readonly OrderedOperation[]): number[] {
  const seen = new Set<string>();
  return own.flatMap(({ startNs, endNs, bytes, seq }, index) => {
    // Without an end and without a number, two that begin together may well be two.
    if (endNs === 0 && seq === null) return [index];
    const key = `${startNs} ${endNs} ${bytes} ${seq}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [index];
  });
}

/** Of each operation: its `Seq`, where it has one that no other operation of the rank has. */
function clearSeq(own: readonly OrderedOperation[]): (string | null)[] {
  const times = new Map<string, number>();
  for (const { seq } of own) if (seq !== null) times.set(seq, (times.get(seq) ?? 0) + 1);
  return own.map(({ seq }) => (seq !== null && times.get(seq) === 1 ? seq : null));
}

/** Null where `Seq` tells too few. */
function bySeq(ranks: Operations): Sequenced | null {
  const seq = new Map([...ranks].map(([rank, own]) => [rank, clearSeq(own)]));
  const leftOut: string[] = [];
  for (const [rank, found] of seq) {
    const own = ranks.get(rank) ?? [];
    const clear = found.filter((one) => one !== null).length;
    if (clear < own.length * ENOUGH_SEQ) return null;
    const without = own.filter((one) => one.seq === null).length;
    const repeated = own.length - clear - without;
    const why = [
      ...(without === 0 ? [] : [`${without} without Seq`]),
      ...(repeated === 0 ? [] : [`${repeated} whose Seq is not unique`]),
    ];
    if (why.length > 0) leftOut.push(`${why.join(' and ')} of ${own.length} of rank ${rank}`);
  }
  const note = leftOut.length === 0 ? null : `left out: ${shortened(leftOut).join('')}`;
  return { seq, from: 'Seq', note };
}

function byOrder(ranks: Operations, inStep: boolean): Sequenced {
  const [reference] = [...ranks].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  if (reference === undefined) return { seq: new Map(), from: 'order', note: null };
  const most = reference[1].length;
  const numbered = clearSeq(reference[1]);
  const shifts = new Map<number, number>();
  const cut: string[] = [];
  for (const [rank, own] of ranks) {
    const shift = rank === reference[0] ? 0 : shiftOf(own, reference[1], inStep);
    if (shift === null)
      return {
        seq: null,
        from: 'order',
        note:
          own.length === most
            ? `the sizes of rank ${rank} differ from those of rank ${reference[0]}`
            : `rank ${rank} holds ${own.length} and rank ${reference[0]} ${most}, and neither sizes nor times say which are missing`,
      };
    if (clearSeq(own).some((seq, i) => seq !== null && (numbered[i + shift] ?? seq) !== seq))
      return {
        seq: null,
        from: 'order',
        note: `the order of rank ${rank} and rank ${reference[0]} contradicts the Seq that some operations carry`,
      };
    shifts.set(rank, shift);
    if (own.length !== most || shift !== 0)
      cut.push(`rank ${rank} holds ${own.length} of ${most}${locationOf(shift, reference[0])}`);
  }
  const first = Math.min(...shifts.values());
  return {
    seq: new Map(
      [...ranks].map(([rank, own]) => [rank, own.map((_, i) => String(i + (shifts.get(rank) ?? 0) - first))]),
    ),
    from: cut.length === 0 ? 'order' : 'order and time',
    note: cut.length === 0 ? null : `a recording was cut: ${shortened(cut).join('')}`,
  };
}

/** Where a recording begins beside the one of `reference`, as the end of a sentence. */
function locationOf(shift: number, reference: number): string {
  if (shift === 0) return '';
  if (shift === 1) return ', from the second on';
  if (shift > 1) return `, without the first ${shift}`;
  return `, beginning ${-shift === 1 ? 'one operation' : `${-shift} operations`} before the first of rank ${reference}`;
}

/** By how many operations `own` begins after `reference`; null where nothing tells. */
function shiftOf(
  own: readonly OrderedOperation[],
  reference: readonly OrderedOperation[],
  inStep: boolean,
): number | null {
  if (own.length === 0) return 0;
  const near = nearestShift(own, reference);
  const inOrder = fitAt(own, reference, 0);
  const isEqual = own.length === reference.length;
  const gap = median(reference.slice(1).map((one, i) => one.startNs - (reference[i]?.startNs ?? 0)));
  if (isEqual && inOrder.sizesAgree) {
    if (near === 0 || !inStep || gap <= 0) return 0;
    const other = fitAt(own, reference, near);
    const isClearlyLater =
      other.sizesAgree && other.odd <= MOST_ODD && Math.abs(other.byNs) < gap / 10 && Math.abs(inOrder.byNs) > gap / 2;
    return isClearlyLater ? near : 0;
  }
  const found = fitAt(own, reference, near);
  const isNear = inStep || reference.length === 1 || Math.abs(found.byNs) < gap / 2;
  return found.sizesAgree && found.odd <= MOST_ODD && isNear && found.pairs > 0 ? near : null;
}

/** Middle value, the upper of two; 0 of nothing. */
const median = (values: readonly number[]): number => Float64Array.from(values).sort()[values.length >> 1] ?? 0;

const endOf = ({ startNs, endNs }: OrderedOperation): number => endNs || startNs;

/** The shift that puts most operations beside the one of `reference` that ends nearest. */
function nearestShift(own: readonly OrderedOperation[], reference: readonly OrderedOperation[]): number {
  const votes = new Map<number, number>();
  let at = 0;
  for (const [i, one] of own.entries()) {
    const end = endOf(one);
    const away = (index: number): number => {
      const other = reference[index];
      return other === undefined ? Number.POSITIVE_INFINITY : Math.abs(endOf(other) - end);
    };
    while (away(at + 1) <= away(at)) at += 1;
    votes.set(at - i, (votes.get(at - i) ?? 0) + 1);
  }
  let [best, count] = [0, votes.get(0) ?? 0];
  for (const [shift, votesOf] of votes) if (votesOf > count) [best, count] = [shift, votesOf];
  return best;
}

/** How well `own` fits beside `reference` at a shift: sizes, the median distance of the ends, and the share of pairs that is off it. */
function fitAt(
  own: readonly OrderedOperation[],
  reference: readonly OrderedOperation[],
  shift: number,
): { readonly sizesAgree: boolean; readonly byNs: number; readonly odd: number; readonly pairs: number } {
  const distances: { by: number; gap: number }[] = [];
  let sizesAgree = true;
  for (const [i, one] of own.entries()) {
    const other = reference[i + shift];
    if (other === undefined) continue;
    if (one.bytes > 0 && other.bytes > 0 && one.bytes !== other.bytes) sizesAgree = false;
    const gapTo = (index: number): number => {
      const next = reference[index];
      return next === undefined ? Number.POSITIVE_INFINITY : Math.abs(endOf(next) - endOf(other));
    };
    distances.push({ by: endOf(one) - endOf(other), gap: Math.min(gapTo(i + shift - 1), gapTo(i + shift + 1)) });
  }
  const byNs = median(distances.map(({ by }) => by));
  const odd = distances.filter(({ by, gap }) => Math.abs(by - byNs) > gap / 2).length;
  return { sizesAgree, byNs, odd: distances.length === 0 ? 1 : odd / distances.length, pairs: distances.length };
}
