/**
 * The one reading of a request target (RFC 9112, section 3.2). Access is decided on this path and the router gets this path,
 * so that the two cannot differ: whatever another reader could normalise is refused, not repaired.
 *
 *   /jobs/a%3Ab/?x=1  ->  path /jobs/a%3Ab, search ?x=1, hasTrailingSlash
 *   /icon/../api/jobs, /icon/%2e%2e/api, /a//b, /a%2fb, /a%5cb, /%ff, http://host/  ->  refused
 */

export interface CanonicalTarget {
  /** Begins with a slash, ends with none (but for `/`); each segment as encodeURIComponent writes it. */
  readonly path: string;
  /** With its question mark, as it came; empty where there is no query. */
  readonly search: string;
  readonly hasTrailingSlash: boolean;
}

export interface RefusedTarget {
  readonly status: 400 | 414;
  /** Why, as the end of a sentence. */
  readonly reason: string;
}

/** Longest path in characters; the query is bounded by the size of headers. */
const LONGEST_PATH = 4096;
/** More layers of percent encoding than any program adds by mistake. */
const MOST_LAYERS = 4;

/** Parameters by which Next itself hands on what it matched; from outside they would replace it. */
const OF_THE_ROUTER = /^(nxt[PI]|__next|__flight__)/;

const refused = (reason: string, status: 400 | 414 = 400): RefusedTarget => ({ status, reason });

/** Of `target` as it stands in the request line. */
export function canonicalTarget(target: string): CanonicalTarget | RefusedTarget {
  if (!target.startsWith('/')) return refused('it must begin with a slash');
  const at = target.indexOf('?');
  const raw = at < 0 ? target : target.slice(0, at);
  const search = at < 0 ? '' : target.slice(at);
  if (/[^\x21-\x7e]|[#\\]/.test(raw))
    return refused('it holds a character that must be percent-encoded, or a backslash');
  if (raw.length > LONGEST_PATH) return refused(`it is longer than ${LONGEST_PATH} characters`, 414);
  if (/[^\x21-\x7e]|#/.test(search)) return refused('its query holds a character that must be percent-encoded');
  for (const name of search === '' ? [] : new URLSearchParams(search).keys())
    if (OF_THE_ROUTER.test(name)) return refused(`there is no parameter ${JSON.stringify(name.slice(0, 40))}`);
  if (raw === '/') return { path: '/', search, hasTrailingSlash: false };

  const hasTrailingSlash = raw.endsWith('/');
  const segments = (hasTrailingSlash ? raw.slice(0, -1) : raw).slice(1).split('/');
  let path = '';
  for (const segment of segments) {
    const made = canonicalSegment(segment);
    if (typeof made !== 'string') return made;
    path += `/${made}`;
  }
  return { path, search, hasTrailingSlash };
}

/** Nothing in it could be read in two ways. */
const PLAIN_SEGMENT = /^[\w-]+$/;

function canonicalSegment(segment: string): string | RefusedTarget {
  if (PLAIN_SEGMENT.test(segment)) return segment;
  if (segment === '') return refused('it has an empty segment');
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return refused('its percent encoding is not UTF-8');
  }
  // What a reader behind this one might decode again.
  let layer = decoded;
  for (let count = 0; ; count++) {
    if (layer === '.' || layer === '..') return refused('it has a dot segment');
    if (/[/\\]/.test(layer)) return refused('it has an encoded slash or backslash');
    if (/\p{Cc}/u.test(layer)) return refused('it has a control character');
    const next = layer.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (next === layer) break;
    if (count === MOST_LAYERS) return refused('it is percent-encoded again and again');
    layer = next;
  }
  return encodeURIComponent(decoded);
}

/** Whether a name, encoded, can be a segment of an address. */
export const isPathSegment = (name: string): boolean => typeof canonicalSegment(encodeURIComponent(name)) === 'string';

/** Where a browser goes after signing in: a path of this X-Ray with its query, `/` where the wish is anything else. */
export function returnPath(option: string): string {
  const target = canonicalTarget(option);
  if ('status' in target || /^\/sign(in|out)$/.test(target.path)) return '/';
  const own = 'http://xray.invalid';
  const url = new URL(target.path + target.search, own);
  return url.origin === own ? url.pathname + url.search : '/';
}
