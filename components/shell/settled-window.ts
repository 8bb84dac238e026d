'use client';
/**
 * A live window moves on every 10 s, and a question about a new window gives up the one before. Where an answer takes longer than
 * that, none would ever come; so the window moves on only after the question about the one before was answered.
 */
import { useCallback, useState } from 'react';
import type { TimeWindow } from './time-window.tsx';

/** The window to ask about, and where to tell whether the question is under way. A window chosen by the reader is asked at once. */
export function useSettledWindow(window: TimeWindow): readonly [TimeWindow, (busy: boolean) => void] {
  const [settled, setSettled] = useState(window);
  const same = settled.fromMs === window.fromMs && settled.toMs === window.toMs && settled.live === window.live;
  const settle = useCallback(
    (busy: boolean) => {
      if (!same && !busy) setSettled(window);
    },
    [same, window],
  );
  return [window.live && settled.live ? settled : window, settle];
}
