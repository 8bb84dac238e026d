/** Collective communication: one operation of one rank in one communicator. Names are NCCL's. */
import type { Bytes, BytesPerSecond, Nanoseconds } from './units.ts';

/** NCCL function names as NCCL Inspector writes them. */
export type CollectiveOp =
  | 'AllReduce'
  | 'AllGather'
  | 'ReduceScatter'
  | 'Broadcast'
  | 'Reduce'
  | 'AllToAll'
  | 'SendRecv'
  | 'Send'
  | 'Recv';

export interface CollectiveOperation {
  readonly communicator: string;
  readonly op: CollectiveOp;
  /** Sequence number within (communicator, op): the same on every rank. */
  readonly sequence: number;
  readonly rank: number;
  readonly ranks: number;
  readonly messageSize: Bytes;
  readonly start: Nanoseconds | null;
  readonly duration: Nanoseconds;
  readonly host: string;
}

export interface Bandwidth {
  readonly algbw: BytesPerSecond;
  readonly busbw: BytesPerSecond;
}
