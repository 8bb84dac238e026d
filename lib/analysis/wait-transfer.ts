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

/** ns as numbers, by index of rank: durations are exact to 104 days, and those of Inspector are means with a fraction. */
export interface WaitTransfer {
  readonly transfer: number;
  readonly waits: readonly number[];
  /** Index of the rank that arrived last; null where two ranks are equally short. */
  readonly lateRank: number | null;
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

/**
 * `durations`: ns by index of rank, null where a rank reported none (or two that differ). Null unless every one of at least two ranks was
 * measured: with one missing, the shortest may be the missing one. A duration of 0 is none: only the launch is known.
 *
 * Operations in the store are taken apart in SQL (lib/store/queries/collectives.ts), equal to this: test/lib/store/collective-sums.test.ts.
 */
export function waitTransfer(durations: readonly (number | null)[]): WaitTransfer | null {
  if (durations.length < 2) return null;
  const measured: number[] = [];
  let transfer = Number.POSITIVE_INFINITY;
  let lateRank: number | null = null;
  for (const duration of durations) {
    if (duration === null || !(duration > 0)) return null;
    if (duration === transfer) lateRank = null;
    else if (duration < transfer) {
      transfer = duration;
      lateRank = measured.length;
    }
    measured.push(duration);
  }
  return { transfer, waits: measured.map((duration) => duration - transfer), lateRank };
}
