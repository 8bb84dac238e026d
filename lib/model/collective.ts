/** Collective communication. Names are NCCL's. */

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

/**
 * NCCL counts elements per rank for these; their message, as nccl-tests counts it (column "size"), is the whole buffer of n ranks
 * (doc/PERFORMANCE.md). The store multiplies when spans are inserted (lib/store/schema/collectives.ts).
 */
export const PER_RANK_OPS: readonly CollectiveOp[] = ['AllGather', 'ReduceScatter'];
