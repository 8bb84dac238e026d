/**
 * Bus bandwidth of collectives, as nccl-tests defines it (doc/PERFORMANCE.md, GetBw of src/*.cu) and NCCL Inspector computes it
 * (inspectorComputeOpBw). Over the whole duration it contains waiting for late ranks; only over the transfer (wait-transfer.ts) is it
 * a speed of the wire.
 */
import type { CollectiveOp } from '../model/collective.ts';
import { type BytesPerSecond, bytesPerSecond } from '../model/units.ts';

/** Share of the message that each link carries among n ranks. */
const BUS_FACTOR: ReadonlyMap<string, (ranks: number) => number> = new Map<CollectiveOp, (ranks: number) => number>([
  ['AllReduce', (n) => (2 * (n - 1)) / n],
  ['AllGather', (n) => (n - 1) / n],
  ['ReduceScatter', (n) => (n - 1) / n],
  ['AllToAll', (n) => (n - 1) / n],
  ['Broadcast', () => 1],
  ['Reduce', () => 1],
  ['SendRecv', () => 1],
  ['Send', () => 1],
  ['Recv', () => 1],
]);

/**
 * Bus bandwidth from algorithm bandwidth (message over duration). Null for a function that nccl-tests has no factor for, and where no
 * two ranks are known, between which there would be a bus.
 */
export function busBandwidth(op: string, ranks: number, algbw: BytesPerSecond): BytesPerSecond | null {
  const factor = BUS_FACTOR.get(op);
  return factor === undefined || !(ranks >= 2) ? null : bytesPerSecond(algbw * factor(ranks));
}
