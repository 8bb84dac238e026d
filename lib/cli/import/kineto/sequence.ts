/**
 * Which operations of several ranks are one. torch writes the sequence (`Seq`) since March 2026; before, the order within the group
 * tells it, because a communicator runs its operations in one order on all ranks:
 *
 *   rank 0  |1|  |2|   |3|  |4|         all hold four: the order is the sequence
 *   rank 1  |1|  |2|   |3|  |4|
 *
 *   rank 0  |1|  |2|   |3|  |4|         rank 1 was cut: its three are matched by when they end, which all ranks of an operation do
 *   rank 1       |1|   |2|  |3|         together, and by their sizes; where that fits nowhere, they are left out
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
  /** By rank: the sequence of each operation. Null where they cannot be told apart. */
  readonly seq: ReadonlyMap<number, readonly string[]> | null;
  readonly from: 'Seq' | 'order' | 'order and time';
  /** What was found to be wrong, of which the ranks are named. */
  readonly note: string | null;
}

/** Pairs must agree so well that a constant shift explains all but this share of them. */
const MOST_ODD = 0.05;

/** `ranks`: operations of one group and function in the order of their starts. `inStep`: all were recorded by one clock. */
export function sequenced(ranks: ReadonlyMap<number, readonly OrderedOperation[]>, inStep: boolean): Sequenced {
  const all = [...ranks.values()];
  if (
    all.every((own) => own.every(({ seq }) => seq !== null) && new Set(own.map(({ seq }) => seq)).size === own.length)
  )
    return {
      seq: new Map([...ranks].map(([rank, own]) => [rank, own.map(({ seq }) => seq ?? '')])),
      from: 'Seq',
      note: null,
    };
  const [reference] = [...ranks].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  if (reference === undefined) return { seq: new Map(), from: 'order', note: null };
  const most = reference[1].length;
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
    shifts.set(rank, shift);
    if (own.length !== most || shift !== 0)
      cut.push(
        `rank ${rank} holds ${own.length} of ${most}${shift === 0 ? '' : `, from the ${ordinal(shift + 1)} on`}`,
      );
  }
  const first = Math.min(...shifts.values());
  return {
    seq: new Map(
      [...ranks].map(([rank, own]) => [rank, own.map((_, i) => String(i + (shifts.get(rank) ?? 0) - first))]),
    ),
    from: cut.length === 0 ? 'order' : 'order and time',
    note:
      cut.length === 0 ? null : `a recording was cut: ${cut.slice(0, 4).join('; ')}${cut.length > 4 ? ', ...' : ''}`,
  };
}

const ordinal = (n: number): string =>
  n < 1 ? `one before the first` : n === 2 ? 'second' : n === 3 ? 'third' : `${n}th`;

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
