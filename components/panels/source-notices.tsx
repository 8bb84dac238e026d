'use client';
/** Which sources could not answer, in their own words. */
import type { SourceNoticeWire } from '../../lib/contract/wire-values.ts';
import { useFrozenPage } from '../queries/frozen.tsx';

export function SourceNotices({ notices: given }: { notices: readonly SourceNoticeWire[] }) {
  const isFrozen = useFrozenPage() !== null;
  // What still comes is said over the page (late-sources.tsx); in a share nothing comes any more.
  const notices = isFrozen ? given : given.filter(({ kind }) => kind !== 'late');
  if (notices.length === 0) return null;
  return (
    <ul aria-label="Notices" className="space-y-2">
      {notices.map((notice) => (
        <li
          key={`${notice.source} ${notice.message}`}
          className="rounded-md [overflow-wrap:anywhere] border border-[var(--warn)] px-4 py-2"
        >
          <strong className="font-medium">{notice.source}</strong>: {notice.message}
          {notice.whatToDo ? <span className="text-[var(--muted)]"> {notice.whatToDo}</span> : null}
        </li>
      ))}
    </ul>
  );
}
