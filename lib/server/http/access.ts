/**
 * Who may ask what. Without a token X-Ray is for this machine alone: a request must name it by a loopback name, or a
 * page of another site that resolves its own name to 127.0.0.1 (DNS rebinding) could read everything. With a token every
 * request carries it, as a bearer token (programs) or as the cookie that the sign-in form sets (browsers). A share link
 * is a capability of its own: whoever has it may open it, and nothing else. What needs no token is a list of exact paths.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { GuessThrottle } from './sign-in/guess-throttle.ts';
import { type Sessions, sessionCookies } from './sign-in/sessions.ts';

export interface AccessRequest {
  readonly method: string;
  /** Canonical (canonical-path.ts), without the query: exactly what the router gets. */
  readonly path: string;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** Browsers send it with every request that may change something. */
  readonly origin: string | undefined;
  /** Of the sender (client-address.ts). */
  readonly address: string;
}

export type Access =
  /** `by`: what opened it. */
  | { readonly is: 'allowed'; readonly by: 'path' | 'host' | 'bearer' | 'session' }
  | { readonly is: 'wrong-host' | 'wrong-origin' | 'unauthorized' }
  /** Too many wrong tokens from there. */
  | { readonly is: 'throttled'; readonly waitS: number };

export type SignIn =
  | { readonly is: 'signed-in'; readonly session: string }
  | { readonly is: 'wrong' }
  | { readonly is: 'throttled'; readonly waitS: number };

export interface AccessRule {
  readonly of: (request: AccessRequest) => Access;
  /** Of a token that was typed in. */
  readonly signIn: (token: string, address: string) => SignIn;
  /** Ends the sessions of a Cookie header. */
  readonly signOut: (cookie: string | undefined) => Promise<void>;
}

/** What a rule with a token needs. */
export interface TokenAccess {
  readonly token: string;
  /** Of X-Ray's requests to itself: random, so that no guess of it needs slowing down, and guesses from this machine stop none. */
  readonly ownToken: string;
  readonly sessions: Sessions;
  /** Of the sign-in form, and of bearer tokens: a program with a wrong one keeps nobody from the form. */
  readonly signInThrottle: GuessThrottle;
  readonly bearerThrottle: GuessThrottle;
  /** True for the static files of the pages, by their canonical path. */
  readonly isStatic: (path: string) => boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Digests are compared, so that timing tells nothing about the secret. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Page of a share; group 1 is its token. */
export const SHARE_PAGE = /^\/s\/([\w-]{22})$/;
const SHARE_ANSWERS = /^\/api\/shares\/[\w-]{22}$/;

/** A page of another site may make a browser send here, though it cannot read the answer. */
function isForeign({ method, origin, host }: AccessRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
}

/** For this machine alone. `allowedHosts`: names or addresses, without port, besides loopback's. */
export function createLocalAccess(allowedHosts: readonly string[]): AccessRule {
  return {
    of(request) {
      // A port in brackets-free IPv6 cannot occur: RFC 3986 wants brackets.
      const name = (request.host ?? '').replace(/:\d+$/, '');
      if (!LOOPBACK.test(name) && !allowedHosts.includes(name.toLowerCase())) return { is: 'wrong-host' };
      return isForeign(request) ? { is: 'wrong-origin' } : { is: 'allowed', by: 'host' };
    },
    signIn: () => ({ is: 'wrong' }),
    signOut: () => Promise.resolve(),
  };
}

export function createTokenAccess(given: TokenAccess): AccessRule {
  const { token, ownToken, sessions, signInThrottle, bearerThrottle, isStatic } = given;
  const isPublic = ({ method, path }: AccessRequest): boolean =>
    (method === 'GET' || method === 'HEAD') && (SHARE_PAGE.test(path) || SHARE_ANSWERS.test(path) || isStatic(path));

  /** The throttle is asked before the token is looked at, or guesses would be told apart all the same. */
  function tried(throttle: GuessThrottle, given: string, address: string): 'right' | 'wrong' | number {
    const waitS = throttle.waitS(address);
    if (waitS > 0) return waitS;
    if (!same(given, token)) {
      throttle.wrong(address);
      return 'wrong';
    }
    throttle.right(address);
    return 'right';
  }

  return {
    of(request) {
      if (isPublic(request)) return { is: 'allowed', by: 'path' };
      if (isForeign(request)) return { is: 'wrong-origin' };
      const bearer = /^Bearer +(.+)$/i.exec(request.authorization ?? '')?.[1];
      if (bearer !== undefined) {
        if (same(bearer, ownToken)) return { is: 'allowed', by: 'bearer' };
        const result = tried(bearerThrottle, bearer, request.address);
        if (result === 'right') return { is: 'allowed', by: 'bearer' };
        return result === 'wrong' ? { is: 'unauthorized' } : { is: 'throttled', waitS: result };
      }
      const isSession = sessionCookies(request.cookie).some((value) => sessions.holds(value));
      return isSession ? { is: 'allowed', by: 'session' } : { is: 'unauthorized' };
    },
    signIn(typed, address) {
      const result = tried(signInThrottle, typed, address);
      if (result === 'right') return { is: 'signed-in', session: sessions.open() };
      return result === 'wrong' ? { is: 'wrong' } : { is: 'throttled', waitS: result };
    },
    async signOut(cookie) {
      for (const value of sessionCookies(cookie)) await sessions.end(value);
    },
  };
}
