/**
 * One operation taken apart without any clock being in step with another. All ranks leave an AllReduce together, so the rank
 * that arrives last is inside for the shortest time: that time is the transfer, and what the others are inside for longer is
 * waiting (measured on eight V100s: ends agree to 1-7 us while durations differ by up to 7.6 ms; the shortest rank is the
 * last to start. TraceLens and DeepSpeed's CommsLogger take the minimum too).
 *
 *   rank 0  |---------wait---------|-transfer-|
 *   rank 1        |------wait------|-transfer-|
 *   rank 2                         |-transfer-|   arrives last, inside for the shortest time
 */
import type { CollectiveOp } from '../model/collective.ts';
import { type Nanoseconds, nanoseconds } from '../model/units.ts';

export interface RankDuration {
  readonly rank: number;
  readonly duration: Nanoseconds;
}

export interface WaitTransfer {
  readonly transfer: Nanoseconds;
  readonly waits: readonly { readonly rank: number; readonly wait: Nanoseconds }[];
  /** The rank that arrived last; null where two ranks are equally short. */
  readonly lateRank: number | null;
  /** How long the rank that came first waited for the last one. */
  readonly lateBy: Nanoseconds;
}

/** Operations in which no rank can leave before every rank has arrived. */
export const SPLITTABLE: readonly CollectiveOp[] = ['AllReduce', 'AllGather', 'ReduceScatter'];

/**
 * Why the durations of this operation cannot be taken apart, as a sentence; null where they can.
 * Send and Recv pair two ranks only; the root of Broadcast and Reduce leaves early; AllToAll may split unevenly; of a name that is
 * in no table (lib/model/collective-names.ts) nothing is said but that.
 */
export function splitRefusal(op: string): string | null {
  if (SPLITTABLE.some((splittable) => splittable === op)) return null;
  if (op === 'Broadcast' || op === 'Reduce' || op === 'Gather' || op === 'Scatter')
    return `In ${op} the root or the leaves return early, so the shortest time is not the transfer.`;
  if (op === 'AllToAll') return 'AllToAll may move uneven parts, so the shortest time may be the smallest part.';
  if (op === 'Barrier') return 'A Barrier moves no message: ranks wait in it on purpose.';
  if (op === 'Send' || op === 'Recv' || op === 'SendRecv')
    return `${op} joins pairs of ranks, not all of them, so the shortest time says nothing about who was late.`;
  return `X-Ray does not know the operation ${JSON.stringify(op.slice(0, 60))}, so it cannot say who was late to it.`;
}

/** Null unless each of the `ranks` ranks reported exactly once: with one missing, the shortest may be the missing one. */
export function waitTransfer(durations: readonly RankDuration[], ranks: number): WaitTransfer | null {
  if (ranks < 2 || durations.length !== ranks) return null;
  if (new Set(durations.map((one) => one.rank)).size !== ranks) return null;
  let shortest = durations[0];
  let longest = durations[0];
  if (!shortest || !longest) return null;
  for (const one of durations) {
    if (one.duration < shortest.duration) shortest = one;
    if (one.duration > longest.duration) longest = one;
  }
  const transfer = shortest.duration;
  const tied = durations.filter((one) => one.duration === transfer).length > 1;
  return {
    transfer,
    waits: durations.map(({ rank, duration }) => ({ rank, wait: nanoseconds(duration - transfer) })),
    lateRank: tied ? null : shortest.rank,
    lateBy: nanoseconds(longest.duration - transfer),
  };
}
