/**
 * What systems call a collective, in one table. Sources: NCCL (src/include/info.h, its kernels), torch (ProcessGroupNCCL.cpp
 * RECORD_PARAM_COMMS names and profiling titles, OpType in Work.hpp, c10d and functional operators), torchcomms (`_single` forms), RCCL.
 * A name that is not here is unknown, and stays what it is.
 */
import type { CollectiveOp } from './collective.ts';

/** Also what NCCL has no function for and torch builds of others. */
export type NamedOp = CollectiveOp | 'Gather' | 'Scatter' | 'Barrier';

/** Spellings as `collectiveKey` leaves them: lower case letters and digits only. */
const SPELLINGS: readonly (readonly [op: NamedOp, spellings: readonly string[]])[] = [
  [
    'AllReduce',
    ['allreduce', 'allreducecoalesced', 'allreducesparse', 'allreducebarrier', 'allreducecoalescedoutofplace'],
  ],
  [
    'AllGather',
    [
      'allgather',
      'allgatherv',
      'allgatherbase',
      'allgathersingle',
      'allgatherlist',
      'allgathertensor',
      'allgathercoalesced',
      'allgatherintotensor',
      'allgatherintotensorout',
      'allgatherintotensorcoalesced',
    ],
  ],
  [
    'ReduceScatter',
    [
      'reducescatter',
      'reducescatterv',
      'reducescatterbase',
      'reducescattersingle',
      'reducescattertensor',
      'reducescattertensorout',
      'reducescattercoalesced',
      'reducescattertensorcoalesced',
    ],
  ],
  ['Broadcast', ['broadcast', 'broadcastoop', 'broadcastcoalesced', 'bcast']],
  ['Reduce', ['reduce', 'reduceoop']],
  [
    'AllToAll',
    ['alltoall', 'alltoallv', 'all2all', 'alltoallbase', 'alltoallsingle', 'alltoallvsingle', 'alltoallcoalesced'],
  ],
  ['SendRecv', ['sendrecv']],
  ['Send', ['send', 'isend']],
  ['Recv', ['recv', 'irecv', 'recvanysource']],
  ['Gather', ['gather', 'gatherbase']],
  ['Scatter', ['scatter', 'scatterbase']],
  ['Barrier', ['barrier', 'monitoredbarrier']],
];

/** A spelling and the name it stands for, for all of them. */
export const COLLECTIVE_SPELLINGS: readonly (readonly [spelling: string, op: NamedOp])[] = SPELLINGS.flatMap(
  ([op, spellings]) => spellings.map((spelling) => [spelling, op] as const),
);

const BY_SPELLING: ReadonlyMap<string, NamedOp> = new Map(COLLECTIVE_SPELLINGS);

/**
 * `_allgather_base`, `nccl:all_reduce`, `c10d::allreduce_`, `_c10d_functional::all_gather_into_tensor`, `nccl:send 0->1` without what
 * does not belong to the name. The store does the same in SQL (lib/store/schema/collectives.ts), as
 * test/lib/store/collective-sums.test.ts holds it to.
 */
const collectiveKey = (name: string): string =>
  name
    .replace(/^.*:/s, '')
    .replace(/ .*$/s, '')
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase();

/** Null for a name that is not in the table. */
export const collectiveOp = (name: string): NamedOp | null => BY_SPELLING.get(collectiveKey(name)) ?? null;
