'use client';
/** The time window of a page: absolute in the address (`from`, `to` in Unix ms), or live: the last hour until now. */
import { parseAsInteger, useQueryStates } from 'nuqs';
import { useCallback, useEffect, useState } from 'react';

const LIVE_MS = 3_600_000;
const STEP_MS = 10_000;
/** The current step, so that one question keeps one address for 10 s. */
const nowStep = (): number => Math.floor(Date.now() / STEP_MS) * STEP_MS;

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
  const live = from === null || to === null || to <= from;
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setNow(nowStep()), STEP_MS);
    return () => clearInterval(timer);
  }, [live]);
  const setWindow = useCallback(
    (fromMs: number, toMs: number, history: 'push' | 'replace' = 'push') =>
      void setQuery({ from: Math.round(fromMs), to: Math.round(toMs), v: 1 }, { history }),
    [setQuery],
  );
  const setLive = useCallback(() => {
    setNow(nowStep());
    void setQuery({ from: null, to: null, v: null }, { history: 'push' });
  }, [setQuery]);
  return { fromMs: live ? now - LIVE_MS : from, toMs: live ? now : to, live, setWindow, setLive };
}
