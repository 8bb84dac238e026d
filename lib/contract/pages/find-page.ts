/** The page that an address is of. */
import { setOwnValue } from '../../model/own-value.ts';
import { pathPattern } from '../requests/path-pattern.ts';
import { PAGES, type PageName, type PageWindow } from './pages.ts';

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
