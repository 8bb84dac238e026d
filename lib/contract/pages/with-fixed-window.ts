/** A page's address with the window that it shows. */
import { queryTimestamp } from '../requests/query-timestamp.ts';
import { findPage } from './find-page.ts';

/**
 * The page's path with its window in it: a live page becomes the window that its requests ask for, so that a link to it
 * shows the same tomorrow. Paths of pages without a window stay as they are.
 */
export function withFixedWindow(path: string, requests: readonly string[]): string {
  const page = findPage(path);
  if (!page?.windowed || page.window) return path;
  for (const request of requests) {
    const query = new URLSearchParams(request.split('?')[1] ?? '');
    const [from, to] = ['from', 'to'].map((name) => queryTimestamp(query.get(name) ?? '').ns);
    if (from == null || to == null) continue;
    page.query.set('from', String(from / 1_000_000n));
    page.query.set('to', String(to / 1_000_000n));
    page.query.set('v', '1');
    return `${path.split('?')[0]}?${page.query}`;
  }
  return path;
}
