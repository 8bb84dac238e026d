/**
 * Algorithm and bus bandwidth of collectives, as nccl-tests defines them (doc/PERFORMANCE.md, GetBw of src/*.cu) and NCCL
 * Inspector computes them (inspectorComputeOpBw). Bus bandwidth over the whole duration contains waiting for late ranks; only
 * over the transfer (wait-transfer.ts) is it a speed of the wire.
 */
import type { Bandwidth, CollectiveOp } from '../model/collective.ts';
import { type Bytes, bytes, bytesPerSecond, type Nanoseconds } from '../model/units.ts';

/** Share of the message that each link carries among n ranks. */
const BUS_FACTOR: Readonly<Record<CollectiveOp, (ranks: number) => number>> = {
  AllReduce: (n) => (2 * (n - 1)) / n,
  AllGather: (n) => (n - 1) / n,
  ReduceScatter: (n) => (n - 1) / n,
  AllToAll: (n) => (n - 1) / n,
  Broadcast: () => 1,
  Reduce: () => 1,
  SendRecv: () => 1,
  Send: () => 1,
  Recv: () => 1,
};

/** NCCL counts elements per rank for these two; their message is the whole buffer of n ranks. */
const PER_RANK: ReadonlySet<CollectiveOp> = new Set(['AllGather', 'ReduceScatter']);

/** Bus bandwidth over algorithm bandwidth, without a unit. Throws RangeError for fewer than one rank. */
export function busFactor(op: CollectiveOp, ranks: number): number {
  if (!(ranks >= 1)) throw new RangeError(`${op} among ${ranks} ranks: there is at least one`);
  return BUS_FACTOR[op](ranks);
}

/** The message as nccl-tests counts it (column "size"), from NCCL's count per rank. */
export const messageOfRank = (op: CollectiveOp, perRank: Bytes, ranks: number): Bytes =>
  bytes(PER_RANK.has(op) ? perRank * ranks : perRank);

/** Bandwidths of one operation over `duration`; null where it took no time, which no clock can have measured. */
export function bandwidth(op: CollectiveOp, message: Bytes, ranks: number, duration: Nanoseconds): Bandwidth | null {
  if (duration <= 0n) return null;
  const algbw = message / (Number(duration) / 1e9);
  return { algbw: bytesPerSecond(algbw), busbw: bytesPerSecond(algbw * busFactor(op, ranks)) };
}
