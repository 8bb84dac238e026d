'use client';
/** The clock of a running job on a timeline: now as an offset in ns, and the window that stays at it. */
import { useEffect, useState } from 'react';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { useFrozenPage } from '../queries/frozen.tsx';

const TICK_MS = 500;
/** For readers who asked for less motion. */
const CALM_TICK_MS = 5_000;

/**
 * Offset of now from the answer's origin, moving on between answers by this machine's clock (its difference from the
 * server's is taken out); stands still while `moves` is false, and in a share.
 */
export function useNow(
  data: { readonly nowNs: string; readonly originNs: string },
  answeredAtMs: number,
  moves: boolean,
): number {
  const isFrozen = useFrozenPage() !== null;
  const ticks = moves && !isFrozen;
  const answered = Number(BigInt(data.nowNs) - BigInt(data.originNs));
  const [nowMs, setNowMs] = useState(answeredAtMs);
  useEffect(() => {
    if (!ticks) return;
    const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const timer = setInterval(() => setNowMs(Date.now()), isCalm ? CALM_TICK_MS : TICK_MS);
    return () => clearInterval(timer);
  }, [ticks]);
  return ticks ? answered + Math.max(0, nowMs - answeredAtMs) * 1e6 : answered;
}

/** A window of the same span that ends a little after now. */
export function windowAtNow(range: TimeRange, now: number): TimeRange {
  const span = range.to - range.from;
  const to = now + span * 0.03;
  return { from: to - span, to };
}
