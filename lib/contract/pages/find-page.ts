/** The page that an address is of, the requests that it makes, and its address with the window that it shows. */
import { setOwnValue } from '../../model/own-value.ts';
import { Timestamp } from '../wire-values.ts';
import { LIVE_STEP_MS, LIVE_WINDOW_MS, PAGES, type PageName, type PageWindow } from './pages.ts';
import { pathPattern } from './shareable-requests.ts';

const PATTERNS = Object.entries(PAGES).map(([name, page]) => ({
  name: name as PageName,
  page,
  pattern: pathPattern(page.path),
}));

export interface FoundPage {
  readonly name: PageName;
  readonly windowed: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The window in the address; null where the page is live or has none. */
  readonly window: PageWindow | null;
}

/** The page at this path and query; null where X-Ray has no such page. */
export function findPage(path: string): FoundPage | null {
  const [pathname = '', ...rest] = path.split('?');
  for (const { name, page, pattern } of PATTERNS) {
    const match = pattern.exec(pathname);
    if (!match) continue;
    const query = new URLSearchParams(rest.join('?'));
    const params: Record<string, string> = {};
    for (const [key, value] of Object.entries(match.groups ?? {})) {
      try {
        setOwnValue(params, key, decodeURIComponent(value));
      } catch {
        return null;
      }
    }
    const [fromMs, toMs] = [Number(query.get('from') ?? 'none'), Number(query.get('to') ?? 'none')];
    return {
      name,
      windowed: page.windowed,
      params,
      query,
      window: page.windowed && toMs > fromMs ? { fromMs, toMs } : null,
    };
  }
  return null;
}

/** What the page asks, given the answers it already has; more may follow from theirs. `nowMs`: where live windows end. */
export function pageRequests(page: FoundPage, nowMs: number, answers: ReadonlyMap<string, unknown>): readonly string[] {
  const toMs = Math.floor(nowMs / LIVE_STEP_MS) * LIVE_STEP_MS;
  const window = page.window ?? { fromMs: toMs - LIVE_WINDOW_MS, toMs };
  return PAGES[page.name].requests({
    params: page.params,
    query: page.query,
    window,
    live: page.window === null,
    answers,
  });
}

/**
 * The page's path with its window in it: a live page becomes the window that its requests ask for, so that a link to it
 * shows the same tomorrow. Paths of pages without a window stay as they are.
 */
export function withFixedWindow(path: string, requests: readonly string[]): string {
  const page = findPage(path);
  if (!page?.windowed || page.window) return path;
  for (const request of requests) {
    const query = new URLSearchParams(request.split('?')[1] ?? '');
    const [from, to] = ['from', 'to'].map((name) => Timestamp.safeParse(query.get(name) ?? ''));
    if (!from?.success || !to?.success) continue;
    page.query.set('from', String(from.data / 1_000_000n));
    page.query.set('to', String(to.data / 1_000_000n));
    page.query.set('v', '1');
    return `${path.split('?')[0]}?${page.query}`;
  }
  return path;
}
