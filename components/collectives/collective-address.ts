'use client';
/** What is chosen on the collectives page, in its address: communicator, collective, message size, rank, and which bandwidth. */
import { parseAsFloat, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';

const PARSERS = {
  comm: parseAsString,
  op: parseAsString,
  size: parseAsFloat,
  rank: parseAsString,
  bw: parseAsStringLiteral(['median', 'wire'] as const).withDefault('median'),
  cluster: parseAsString,
  session: parseAsString,
};

/** Choosing is a drill: each choice can be undone with Back. */
export function useCollectiveAddress() {
  const [address, set] = useQueryStates(PARSERS, { history: 'push' });
  return {
    ...address,
    /** Another communicator has other collectives, sizes and ranks. */
    chooseCommunicator: (comm: string) => void set({ comm, op: null, size: null, rank: null }),
    chooseCollective: (op: string) => void set({ op, size: null }),
    chooseSize: (size: number | null) => void set({ size }),
    chooseRank: (rank: string | null) => void set({ rank }),
    chooseBandwidth: (bw: 'median' | 'wire') => void set({ bw }),
  };
}
