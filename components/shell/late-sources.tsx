'use client';
/**
 * Sources that have not answered yet, over the page and not in it: nothing moves when they appear, nor when their answer comes.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import type { SourceNoticeWire } from '../../lib/contract/wire-values.ts';
import { lateNotices } from '../queries/late-notices.ts';

export function LateSources() {
  const cache = useQueryClient().getQueryCache();
  const subscribe = useCallback((changed: () => void) => cache.subscribe(changed), [cache]);
  const text = useSyncExternalStore(
    subscribe,
    () => JSON.stringify(lateNotices(cache)),
    () => '[]',
  );
  const late = JSON.parse(text) as readonly Pick<SourceNoticeWire, 'source' | 'message'>[];
  return (
    <div
      role="status"
      aria-label="Sources that have not answered yet"
      className="pointer-events-none fixed right-4 bottom-16 left-4 z-30 sm:bottom-4 sm:left-48 flex flex-col items-end gap-2"
    >
      {late.map(({ source, message }) => (
        <p
          key={source}
          className="max-w-prose rounded-md border border-[var(--line)] bg-[var(--panel)] px-3 py-2 text-[12px] shadow-lg [overflow-wrap:anywhere]"
        >
          <span aria-hidden="true" className="mr-1.5 inline-block animate-pulse text-[var(--warn)]">
            ●
          </span>
          <strong className="font-medium">{source}</strong>: {message}
        </p>
      ))}
    </div>
  );
}
