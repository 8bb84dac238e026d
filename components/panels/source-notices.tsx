'use client';
/** Which sources could not answer, in their own words. */
import type { SourceNoticeWire } from '../../lib/contract/wire-values.ts';

export function SourceNotices({ notices }: { notices: readonly SourceNoticeWire[] }) {
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
