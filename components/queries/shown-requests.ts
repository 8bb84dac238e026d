'use client';
/** The requests that a page shows, to make a share of it. */
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useSyncExternalStore } from 'react';
import { shareRefusal } from '../../lib/contract/pages/shareable-requests.ts';

/** Paths of the GET requests the page shows now and a share can hold, sorted. */
export function useShownRequests(): readonly string[] {
  const cache = useQueryClient().getQueryCache();
  const shown = useSyncExternalStore(
    (changed) => cache.subscribe(changed),
    () =>
      cache
        .findAll({ queryKey: ['GET'], type: 'active' })
        .map((query) => String(query.queryKey[1]))
        .filter((path) => shareRefusal(path) === null)
        .sort()
        .join('\n'),
    () => '',
  );
  return useMemo(() => (shown === '' ? [] : shown.split('\n')), [shown]);
}

/** How large the answers of these requests are as JSON text, in bytes, about: as they were last received. */
export function useAnswerBytes(paths: readonly string[]): number {
  const client = useQueryClient();
  return useMemo(
    () => paths.reduce((sum, path) => sum + (JSON.stringify(client.getQueryData(['GET', path])) ?? '').length, 0),
    [client, paths],
  );
}
