'use client';
/** Communicators over time, and the ranks of one. */
import { collectivesRoute, ranksRoute } from '../../lib/contract/collectives.ts';
import { useApi } from './api-client.ts';

interface Asked {
  readonly fromMs: number;
  readonly toMs: number;
  readonly live: boolean;
  readonly cluster: string | null;
  readonly session: string | null;
}
const shared = ({ fromMs, toMs, cluster, session }: Asked) => ({
  from: String(fromMs),
  to: String(toMs),
  ...(cluster ? { cluster } : {}),
  ...(session ? { session } : {}),
});

/** A closed window is not asked for again. */
export const useCollectives = (asked: Asked) =>
  useApi(collectivesRoute, shared(asked), { refreshMs: asked.live ? 15_000 : false });

export const useCollectiveRanks = (
  asked: Asked & {
    readonly communicator: string;
    readonly collective: string;
    readonly messageSize: number | null;
  },
) =>
  useApi(
    ranksRoute,
    {
      ...shared(asked),
      communicator: asked.communicator,
      collective: asked.collective,
      ...(asked.messageSize === null ? {} : { messageSize: asked.messageSize }),
    },
    { enabled: asked.communicator !== '', refreshMs: asked.live ? 15_000 : false },
  );
