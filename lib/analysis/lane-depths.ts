/**
 * Depths of slices that overlap on one worker: each gets the first depth that is free from its start to its end, so that slices of
 * one depth never overlap (they may touch). At most DEPTHS of them: what lies deeper is counted, not drawn.
 *
 *   depth 0  |--a--|      |------d------|       slices come by start: a b c d e
 *   depth 1     |------b------|  |--e--|
 *   depth 2       |-c-|
 *
 * A sweep over time: a tree holds, for each depth, until when it is free (or that it is taken), and finds the first that is free
 * for long enough; a heap says which depth changes next. Work: for each slice, new or held, the logarithm of what the heap holds.
 */
import { DEPTHS } from '../model/timeline-tile.ts';

/** ns; `end` is not before `start`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

export function laterOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** What is known of one depth before new slices come. */
export interface DepthPast {
  /** Where the last slice ends that was ever put here. */
  readonly end: bigint;
  /** Slices that touch the time of those to come, by start; null: not known, so that a slice can only go behind the last one. */
  readonly held: readonly Interval[] | null;
}

const FOREVER = 9_223_372_036_854_775_807n;
/** Less than any end. */
const TAKEN = -(2n ** 64n);
const NOTHING: readonly Interval[] = [];

/** Of two changes at one time a depth becomes free first, and is taken again after. */
const FREE = 0;
const BEGIN = 1;

export class DepthSweep {
  /** Leaf `width + depth`: until when it is free, or TAKEN; above two of them, the later. */
  private readonly freeUntil: bigint[];
  private readonly width: number;
  private readonly held: (readonly Interval[])[] = [];
  /** How many held slices of each depth have begun. */
  private readonly begun: number[] = [];
  /** How many of them the heap was ever given. */
  private readonly announced: number[] = [];
  private readonly changes = new ChangeHeap();

  /** `slices`: how many will come at most. */
  constructor(past: readonly DepthPast[], slices: number) {
    const depths = Math.min(DEPTHS, past.length + slices);
    let width = 1;
    while (width < depths) width *= 2;
    this.width = width;
    this.freeUntil = new Array(2 * width).fill(FOREVER);
    for (let depth = depths; depth < width; depth++) this.set(depth, TAKEN);
    for (let depth = 0; depth < depths; depth++) {
      const { end, held } = past[depth] ?? { end: -FOREVER, held: NOTHING };
      this.held.push(held ?? NOTHING);
      this.begun.push(0);
      if (held === null) {
        this.set(depth, TAKEN);
        this.changes.put(end, FREE, depth);
      } else this.open(depth);
    }
  }

  /** The first depth that is free from `start` to `end`, taken from now on; -1 where none is. Slices come by start. */
  place({ start, end }: Interval): number {
    while (this.changes.size > 0 && this.changes.time <= start) {
      const { depth, kind } = this.changes.take();
      if (kind === FREE) this.open(depth);
      else this.begin(depth);
    }
    if ((this.freeUntil[1] ?? TAKEN) < end) return -1;
    let at = 1;
    while (at < this.width) at = (this.freeUntil[at * 2] ?? TAKEN) >= end ? at * 2 : at * 2 + 1;
    const depth = at - this.width;
    this.set(depth, TAKEN);
    this.changes.put(end, FREE, depth);
    return depth;
  }

  /** Free until the next slice that it holds. */
  private open(depth: number): void {
    const begun = this.begun[depth] ?? 0;
    const next = this.held[depth]?.[begun];
    this.set(depth, next === undefined ? FOREVER : next.start);
    // A slice that went before it left its beginning in the heap.
    if (next === undefined || this.announced[depth] === begun + 1) return;
    this.announced[depth] = begun + 1;
    this.changes.put(next.start, BEGIN, depth);
  }

  private begin(depth: number): void {
    const begun = this.begun[depth] ?? 0;
    this.begun[depth] = begun + 1;
    this.set(depth, TAKEN);
    this.changes.put(this.held[depth]?.[begun]?.end ?? FOREVER, FREE, depth);
  }

  private set(depth: number, until: bigint): void {
    let at = this.width + depth;
    this.freeUntil[at] = until;
    for (at >>= 1; at > 0; at >>= 1) {
      this.freeUntil[at] = laterOf(this.freeUntil[at * 2] ?? TAKEN, this.freeUntil[at * 2 + 1] ?? TAKEN);
    }
  }
}

/** Changes of depths by time, FREE before BEGIN: a binary heap. */
class ChangeHeap {
  private readonly times: bigint[] = [];
  /** Twice the depth, and the kind. */
  private readonly what: number[] = [];

  get size(): number {
    return this.times.length;
  }

  /** Of the first change; only where there is one. */
  get time(): bigint {
    return this.times[0] ?? FOREVER;
  }

  put(time: bigint, kind: number, depth: number): void {
    const what = depth * 2 + kind;
    let at = this.times.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.isBefore(time, what, above)) break;
      this.move(above, at);
      at = above;
    }
    this.times[at] = time;
    this.what[at] = what;
  }

  take(): { readonly depth: number; readonly kind: number } {
    const first = this.what[0] ?? 0;
    const taken = { depth: first >> 1, kind: first & 1 };
    const time = this.times.pop();
    const what = this.what.pop();
    const size = this.times.length;
    if (time === undefined || what === undefined || size === 0) return taken;
    let at = 0;
    for (let below = 1; below < size; below = at * 2 + 1) {
      const right = below + 1;
      const next =
        right < size && this.isBefore(this.times[right] ?? FOREVER, this.what[right] ?? 0, below) ? right : below;
      if (this.isBefore(time, what, next)) break;
      this.move(next, at);
      at = next;
    }
    this.times[at] = time;
    this.what[at] = what;
    return taken;
  }

  private isBefore(time: bigint, what: number, at: number): boolean {
    const other = this.times[at] ?? FOREVER;
    return time < other || (time === other && (what & 1) < ((this.what[at] ?? 0) & 1));
  }

  private move(from: number, to: number): void {
    this.times[to] = this.times[from] ?? FOREVER;
    this.what[to] = this.what[from] ?? 0;
  }
}
