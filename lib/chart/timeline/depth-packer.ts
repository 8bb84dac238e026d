/**
 * Slices of one lane that overlap -> depths, so that slices of one depth never overlap (they may touch). For slices that are
 * all known and come by start; lib/analysis/lane-depths.ts places those that come in any order.
 */
import { DEPTHS } from '../../model/timeline-tile.ts';

/** Numbers, each with a depth: the least comes out first. Work: the logarithm of what it holds, for each in or out. */
export class DepthHeap {
  private readonly keys: number[] = [];
  private readonly depths: number[] = [];

  get size(): number {
    return this.keys.length;
  }

  /** The least number; positive infinity where it holds none. */
  get least(): number {
    return this.keys[0] ?? Number.POSITIVE_INFINITY;
  }

  put(key: number, depth: number): void {
    let at = this.keys.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = this.keys[above] ?? 0;
      if (other <= key) break;
      this.set(at, other, this.depths[above] ?? 0);
      at = above;
    }
    this.set(at, key, depth);
  }

  /** The depth of the least number, which it holds no more; -1 where it holds none. */
  take(): number {
    const taken = this.depths[0] ?? -1;
    const key = this.keys.pop();
    const depth = this.depths.pop();
    const size = this.keys.length;
    if (key === undefined || depth === undefined || size === 0) return taken;
    let at = 0;
    for (let below = 1; below < size; below = at * 2 + 1) {
      const next = below + 1 < size && (this.keys[below + 1] ?? 0) < (this.keys[below] ?? 0) ? below + 1 : below;
      const other = this.keys[next] ?? 0;
      if (other >= key) break;
      this.set(at, other, this.depths[next] ?? 0);
      at = next;
    }
    this.set(at, key, depth);
    return taken;
  }

  private set(at: number, key: number, depth: number): void {
    this.keys[at] = key;
    this.depths[at] = depth;
  }
}

/** One lane. */
export class DepthPacker {
  /** Depths in use, by when they become free. */
  private readonly ends = new DepthHeap();
  /** Depths that were in use and are free, by themselves. */
  private readonly free = new DepthHeap();
  /** How many depths are or were in use. */
  depths = 0;

  /**
   * The first depth that is free at `start`, taken until `end`; -1 where all DEPTHS are taken. Slices come by start. Work:
   * the logarithm of the depths.
   */
  place(start: number, end: number): number {
    while (this.ends.least <= start) {
      const depth = this.ends.take();
      this.free.put(depth, depth);
    }
    const depth = this.free.size > 0 ? this.free.take() : this.depths < DEPTHS ? this.depths++ : -1;
    if (depth !== -1) this.ends.put(end, depth);
    return depth;
  }
}
