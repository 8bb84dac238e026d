'use client';
/** Communicators over time, and the ranks of one. */
import { collectivesAddress, ranksAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from './api-client.ts';

interface Requested {
  readonly fromMs: number;
  readonly toMs: number;
  readonly live: boolean;
  readonly cluster: string | null;
  readonly session: string | null;
}
const shared = ({ fromMs, toMs, cluster, session }: Requested) => ({
  from: String(fromMs),
  to: String(toMs),
  ...(cluster ? { cluster } : {}),
  ...(session ? { session } : {}),
});

/** A closed window is not asked for again. */
export const useCollectives = (requested: Requested) =>
  useApi(collectivesAddress, shared(requested), { refreshMs: requested.live ? 15_000 : false });

export const useCollectiveRanks = (
  requested: Requested & {
    readonly communicator: string;
    readonly collective: string;
    readonly messageSize: number | null;
  },
) =>
  useApi(
    ranksAddress,
    {
      ...shared(requested),
      communicator: requested.communicator,
      collective: requested.collective,
      ...(requested.messageSize === null ? {} : { messageSize: requested.messageSize }),
    },
    { enabled: requested.communicator !== '', refreshMs: requested.live ? 15_000 : false },
  );
