'use client';
/** The clock of a job on a timeline: now as an offset in ns, and the window that stays at it. */
import { useEffect, useState } from 'react';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { useFrozenPage } from '../queries/frozen.tsx';
import type { TimelineView } from './timeline-view.ts';

const TICK_MS = 500;
/** For readers who asked for less motion. */
const CALM_TICK_MS = 5_000;

/** An answer about a job, and how it came. */
export interface TimelineAnswer {
  readonly nowNs: string;
  /** Unix ns of offset 0. */
  readonly originNs: string;
  /** Something still runs. */
  readonly isOpen: boolean;
  readonly answeredAtMs: number;
  /** Why there is no newer one; null where there is. */
  readonly stale: string | null;
}

export interface TimelineClock {
  readonly isOpen: boolean;
  /** The window moves on with the clock. */
  readonly isLive: boolean;
  readonly following: boolean;
  /** Offsets in ns: as of the answer, and now. */
  readonly answeredAt: number;
  readonly now: number;
  readonly stale: string | null;
  /** When it was answered, "14:05:59" UTC. */
  readonly answeredText: string;
  readonly pause: (isPaused: boolean) => void;
}

export function useTimelineClock(answer: TimelineAnswer, view: TimelineView): TimelineClock {
  const { isOpen, answeredAtMs, stale } = answer;
  const [isPaused, pause] = useState(false);
  const following = isOpen && !isPaused && stale === null;
  const now = useNow(answer, answeredAtMs, following);
  return {
    isOpen,
    isLive: following && (view.range === null || view.query.live === '1'),
    following,
    answeredAt: Number(BigInt(answer.nowNs) - BigInt(answer.originNs)),
    now,
    stale,
    answeredText: new Date(answeredAtMs).toISOString().slice(11, 19),
    pause,
  };
}

/**
 * Offset of now from the answer's origin, moving on between answers by this machine's clock (its difference from the
 * server's is taken out); stands still while `moves` is false, and in a share.
 */
function useNow(
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
