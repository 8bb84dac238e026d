'use client';
/** Frozen answers (a share link) instead of requests. */
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { FrozenAnswer, FrozenAnswers } from './frozen-answer.ts';

/** One frozen page. */
export interface FrozenPage {
  /** Tells the answers of one share from those of another in the cache. */
  readonly id: string;
  /** By request path, as they stand in the share. */
  readonly answers: FrozenAnswers;
  /** Null where the share holds no answer to this request. */
  readonly answerTo: (path: string) => FrozenAnswer | null;
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
