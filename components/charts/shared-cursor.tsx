'use client';
/**
 * One cursor in time for every chart of a page: the chart under the pointer sets it, every chart draws it. Kept outside
 * React, because it changes with every move of the pointer; only the thin line of each chart follows it.
 */
import { useSyncExternalStore } from 'react';

let cursorMs: number | null = null;
const listeners = new Set<() => void>();

/** Unix ms under the pointer; null when the pointer has left. */
export function setSharedCursor(timeMs: number | null): void {
  if (timeMs === cursorMs) return;
  cursorMs = timeMs;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Unix ms, or null while no chart is pointed at. */
export const useSharedCursor = (): number | null =>
  useSyncExternalStore(
    subscribe,
    () => cursorMs,
    () => null,
  );

/** The cursor's line over a plot: `left` and `right` are the plot's insets in CSS px, [fromMs, toMs) its time axis. */
export function CursorLine({
  fromMs,
  toMs,
  left = 0,
  right = 0,
}: {
  fromMs: number;
  toMs: number;
  left?: number;
  right?: number;
}) {
  const at = useSharedCursor();
  if (at === null || at < fromMs || at > toMs || toMs <= fromMs) return null;
  const share = (at - fromMs) / (toMs - fromMs);
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute inset-y-0 w-px bg-[var(--accent)] opacity-70"
      style={{ left: `calc(${left}px + (100% - ${left + right}px) * ${share})` }}
    />
  );
}
