/**
 * Who may ask what. Without a token X-Ray is for this machine alone: a request must name it by a loopback name, or a
 * page of another site that resolves its own name to 127.0.0.1 (DNS rebinding) could read everything. With a token every
 * request carries it, as a bearer token (programs) or as the cookie that the sign-in form sets (browsers). A share link
 * is a capability of its own: whoever has it may open it, and nothing else.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface AccessRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** Browsers send it with every request that may change something. */
  readonly origin: string | undefined;
}

export type Access = 'allowed' | 'wrong-host' | 'wrong-origin' | 'unauthorized';

export interface AccessRule {
  readonly of: (request: AccessRequest) => Access;
  /** Value of the session cookie for a token that was typed in; null where it is the wrong one. */
  readonly signIn: (token: string) => string | null;
}

export const SESSION_COOKIE = 'xray-session';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Digests are compared, so that timing tells nothing about the secret. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** GET of a share's page and data, and of the static files it needs. */
function isShare({ method, path }: AccessRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return (
    /^\/s\/[\w-]{22}$/.test(path) ||
    /^\/api\/shares\/[\w-]{22}$/.test(path) ||
    /^\/(_next\/static\/|theme\.js$|icon)/.test(path)
  );
}

/** A page of another site may make a browser send here, though it cannot read the answer. */
function isForeign({ method, origin, host }: AccessRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** `token` null: loopback names and `allowedHosts` (names or addresses, without port) only. */
export function createAccessRule(token: string | null, allowedHosts: readonly string[]): AccessRule {
  if (token === null)
    return {
      of(request) {
        // A port in brackets-free IPv6 cannot occur: RFC 3986 wants brackets.
        const name = (request.host ?? '').replace(/:\d+$/, '');
        if (!LOOPBACK.test(name) && !allowedHosts.includes(name.toLowerCase())) return 'wrong-host';
        return isForeign(request) ? 'wrong-origin' : 'allowed';
      },
      signIn: () => null,
    };
  const session = createHmac('sha256', token).update(SESSION_COOKIE).digest('base64url');
  return {
    of(request) {
      if (isShare(request)) return 'allowed';
      if (isForeign(request)) return 'wrong-origin';
      const bearer = /^Bearer (.+)$/i.exec(request.authorization ?? '')?.[1];
      if (bearer !== undefined) return same(bearer, token) ? 'allowed' : 'unauthorized';
      const cookie = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([^;]+)`).exec(request.cookie ?? '')?.[1];
      return cookie !== undefined && same(cookie, session) ? 'allowed' : 'unauthorized';
    },
    signIn: (given) => (same(given, token) ? session : null),
  };
}
