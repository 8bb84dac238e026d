/**
 * Depths of slices that overlap on one worker: each gets the first depth where nothing stands in its way, so that slices
 * of one depth never overlap (they may touch).
 */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** One depth: free behind its last slice, and in the gaps of the past that is known. */
export class Depth {
  private held: Interval[] = [];
  private knownFrom: bigint;
  private end: bigint;

  /** `end`: where the last slice ends that was ever put here; what lies before is not known. */
  constructor(end: bigint) {
    this.end = end;
    this.knownFrom = end;
  }

  /** True where a slice from this start on can only go behind the last one. */
  isLate(start: bigint): boolean {
    return start < this.end && start < this.knownFrom;
  }

  /** All slices that touch [from, ...): from now on gaps after `from` can be filled. */
  know(from: bigint, held: readonly Interval[]): void {
    this.knownFrom = from;
    this.held = [...held].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.end < b.end ? -1 : 1));
  }

  forget(): void {
    this.held = [];
    this.knownFrom = this.end;
  }

  isFree({ start, end }: Interval): boolean {
    if (start >= this.end) return true;
    if (start < this.knownFrom) return false;
    const at = this.after(start);
    const before = this.held[at - 1];
    const next = this.held[at];
    return (before === undefined || before.end <= start) && (next === undefined || next.start >= end);
  }

  put(interval: Interval): void {
    this.held.splice(this.after(interval.start), 0, interval);
    if (interval.end > this.end) this.end = interval.end;
  }

  /** How many held slices start at or before an instant. */
  private after(start: bigint): number {
    let low = 0;
    let high = this.held.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.held[middle]?.start ?? 0n) <= start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
