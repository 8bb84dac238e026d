/** What is still to come of the answers that are shown, by source. */
import type { QueryCache } from '@tanstack/react-query';
import type { SourceNoticeWire } from '../../lib/contract/wire-values.ts';

/** Notices of an answer; none of what is no answer with notices. */
export function noticesOf(data: unknown): readonly SourceNoticeWire[] {
  if (typeof data !== 'object' || data === null || !('notices' in data) || !Array.isArray(data.notices)) return [];
  return data.notices as readonly SourceNoticeWire[];
}

export const isLate = (data: unknown): boolean => noticesOf(data).some(({ kind }) => kind === 'late');

/** One for each source: that of the question which waits longest. */
export function lateNotices(cache: QueryCache): readonly Pick<SourceNoticeWire, 'source' | 'message'>[] {
  const late = new Map<string, SourceNoticeWire>();
  for (const query of cache.findAll({ type: 'active' }))
    for (const notice of noticesOf(query.state.data)) {
      if (notice.kind !== 'late') continue;
      const known = late.get(notice.source);
      if (!known || (notice.since ?? '') < (known.since ?? '')) late.set(notice.source, notice);
    }
  return [...late.values()]
    .sort((a, b) => (a.source < b.source ? -1 : 1))
    .map(({ source, message }) => ({ source, message }));
}
