'use client';
/**
 * The time window of a page: absolute in the address (`from`, `to` in Unix ms), or live: the last hour until now. In a
 * share, without an address, it is the window that was frozen; a page that was shared live and asked for no window stays
 * live in name, at the moment it was frozen, so that it asks what it asked.
 */
import { parseAsInteger, useQueryStates } from 'nuqs';
import { useCallback, useEffect, useState } from 'react';
import { LIVE_STEP_MS, LIVE_WINDOW_MS } from '../../lib/contract/pages/pages.ts';
import { useFrozenPage } from '../queries/frozen.tsx';

const step = (ms: number): number => Math.floor(ms / LIVE_STEP_MS) * LIVE_STEP_MS;
/** The current step, so that one question keeps one address for 10 s. */
const nowStep = (): number => step(Date.now());

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly live: boolean;
  /** `push` where the reader should be able to go back (a drill), `replace` for a pan. */
  readonly setWindow: (fromMs: number, toMs: number, history?: 'push' | 'replace') => void;
  readonly setLive: () => void;
}

/** Half-open window [fromMs, toMs) in Unix ms; live is re-evaluated every 10 s. */
export function useTimeWindow(): TimeWindow {
  const [{ from, to }, setQuery] = useQueryStates({ from: parseAsInteger, to: parseAsInteger, v: parseAsInteger });
  const [now, setNow] = useState(nowStep);
  const frozen = useFrozenPage();
  const unsaid = from === null || to === null || to <= from;
  const live = unsaid && (frozen === null || frozen.window === null);
  useEffect(() => {
    if (!live || frozen) return;
    const timer = setInterval(() => setNow(nowStep()), LIVE_STEP_MS);
    return () => clearInterval(timer);
  }, [live, frozen]);
  const setWindow = useCallback(
    (fromMs: number, toMs: number, history: 'push' | 'replace' = 'push') =>
      void setQuery({ from: Math.round(fromMs), to: Math.round(toMs), v: 1 }, { history }),
    [setQuery],
  );
  const setLive = useCallback(() => {
    setNow(nowStep());
    void setQuery({ from: null, to: null, v: null }, { history: 'push' });
  }, [setQuery]);
  const end = frozen ? step(frozen.atMs) : now;
  const unsaidWindow = frozen?.window ?? { fromMs: end - LIVE_WINDOW_MS, toMs: end };
  return { ...(unsaid ? unsaidWindow : { fromMs: from, toMs: to }), live, setWindow, setLive };
}
