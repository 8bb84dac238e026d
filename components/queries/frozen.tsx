'use client';
/** Frozen answers (a share link) instead of requests, and the list of requests a page shows (to make one). */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { isSameQuestion } from '../../lib/contract/pages/same-question.ts';
import { shareRefusal } from '../../lib/contract/pages/shareable-requests.ts';
import { ownValue } from '../../lib/model/own-value.ts';

/** Answers by request path: HTTP status and JSON body, as they stand in a share. */
export type FrozenAnswers = Readonly<Record<string, { readonly status: number; readonly body?: unknown }>>;

/** One frozen page. */
export interface FrozenPage {
  /** Tells the answers of one share from those of another in the cache. */
  readonly id: string;
  readonly answers: FrozenAnswers;
  /** When it was frozen, Unix ms: this is "now" to everything that tells how long ago something was. */
  readonly atMs: number;
  /** Its time window, Unix ms; null where the page has none. */
  readonly window: { readonly fromMs: number; readonly toMs: number } | null;
}

const Frozen = createContext<FrozenPage | null>(null);

/** Inside it no request is made: every answer comes from `page`. */
export function FrozenProvider({ page, children }: { page: FrozenPage; children: ReactNode }) {
  return <Frozen value={page}>{children}</Frozen>;
}

/** The frozen page around this component; null on a live page. */
export const useFrozenPage = (): FrozenPage | null => useContext(Frozen);

/** The answer to this request, or to one that asks the same thing; null where there is none. */
export function frozenAnswer(answers: FrozenAnswers, path: string): FrozenAnswers[string] | null {
  const exact = ownValue(answers, path);
  if (exact) return exact;
  const same = Object.keys(answers).find((each) => isSameQuestion(path, each));
  return (same && ownValue(answers, same)) || null;
}

/** The window (`from` and `to`, as they stand in its address) of the answer to this path that a share holds; null where it holds none. */
export function frozenWindow(
  page: FrozenPage | null,
  pathname: string,
): { readonly from: string; readonly to: string } | null {
  for (const [path, { status }] of Object.entries(page?.answers ?? {})) {
    const [own, search] = path.split('?');
    const query = new URLSearchParams(search);
    const [from, to] = [query.get('from'), query.get('to')];
    if (own === pathname && status === 200 && from !== null && to !== null) return { from, to };
  }
  return null;
}

/** Now, Unix ms, anew every `everyMs`; in a share the moment it was frozen, for ever. */
export function useNow(everyMs = 1_000): number {
  const frozen = useFrozenPage();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (frozen) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [frozen, everyMs]);
  return frozen ? frozen.atMs : now;
}

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
