'use client';
/** Frozen answers (a share link) instead of requests, and the list of requests a page shows (to make one). */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react';

/** Answers by request path: HTTP status and JSON body, as they stand in a share. */
export type FrozenAnswers = Readonly<Record<string, { readonly status: number; readonly body?: unknown }>>;

const Frozen = createContext<FrozenAnswers | null>(null);

/** Inside it no request is made: every answer comes from `answers`. */
export function FrozenProvider({ answers, children }: { answers: FrozenAnswers; children: ReactNode }) {
  return <Frozen value={answers}>{children}</Frozen>;
}

/** The frozen answers around this component; null on a live page. */
export const useFrozenAnswers = (): FrozenAnswers | null => useContext(Frozen);

/** Paths of the GET requests the page shows now, sorted. */
export function useShownRequests(): readonly string[] {
  const cache = useQueryClient().getQueryCache();
  const shown = useSyncExternalStore(
    (changed) => cache.subscribe(changed),
    () =>
      cache
        .findAll({ queryKey: ['GET'], type: 'active' })
        .map((query) => String(query.queryKey[1]))
        .sort()
        .join('\n'),
    () => '',
  );
  return useMemo(() => (shown === '' ? [] : shown.split('\n')), [shown]);
}
