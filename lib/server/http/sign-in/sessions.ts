/**
 * Sessions of browsers: a cookie that the server signed with the token, with its time of issue and a random id. So it
 * survives a restart, ends by itself, ends with the token, and ends when somebody signs out: ended ids are remembered in
 * memory and in a file until they would have expired.
 *
 *   v1.<issued, Unix s, base 36>.<id, 128 bits>.<HMAC-SHA-256 of all before>
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

export const SESSION_COOKIE = 'xray-session';
/** Browsers take this name from TLS of this very host only. */
export const SECURE_SESSION_COOKIE = `__Host-${SESSION_COOKIE}`;
export const SESSION_S = 7 * 86_400;

/** Ended sessions remembered; each was a session, so that only who has the token makes them. */
const MOST_ENDED = 100_000;

export interface Sessions {
  /** A new session's cookie value. */
  readonly open: () => string;
  /** True where `value` is of a session that has not ended. */
  readonly holds: (value: string) => boolean;
  /** Ends it for every holder of its cookie, on disk when this resolves. Rejects where the file cannot be written; it has ended. */
  readonly end: (value: string) => Promise<void>;
}

/** `file`: where ended sessions stay; null: in memory only. `now`: Unix ms. */
export function createSessions(token: string, file: string | null, now = Date.now): Sessions {
  const key = createHmac('sha256', token).update(SESSION_COOKIE).digest();
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  const ended = readEnded(file, now() / 1000);

  /** Id and end (Unix s) of a value that this server signed; null for any other. */
  function read(value: string): { id: string; endS: number } | null {
    const [text, issued, id, mac] = /^v1\.([0-9a-z]{1,10})\.([\w-]{22})\.([\w-]{43})$/.exec(value) ?? [];
    if (text === undefined || issued === undefined || id === undefined || mac === undefined) return null;
    if (!timingSafeEqual(Buffer.from(sign(`v1.${issued}.${id}`)), Buffer.from(mac))) return null;
    return { id, endS: Number.parseInt(issued, 36) + SESSION_S };
  }

  let written: Promise<void> = Promise.resolve();
  async function write(): Promise<void> {
    if (file === null) return;
    await writeFile(`${file}.new`, JSON.stringify([...ended]), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  return {
    open() {
      const text = `v1.${Math.floor(now() / 1000).toString(36)}.${randomBytes(16).toString('base64url')}`;
      return `${text}.${sign(text)}`;
    },
    holds(value) {
      const session = read(value);
      return session !== null && session.endS > now() / 1000 && !ended.has(session.id);
    },
    end(value) {
      const session = read(value);
      const nowS = now() / 1000;
      if (session === null || session.endS <= nowS) return Promise.resolve();
      for (const [id, endS] of ended) {
        if (endS > nowS && ended.size < MOST_ENDED) break;
        ended.delete(id);
      }
      ended.set(session.id, session.endS);
      written = written.catch(() => undefined).then(write);
      return written;
    },
  };
}

/** By id, the Unix second at which it would have expired. A file that cannot be read ends nothing. */
function readEnded(file: string | null, nowS: number): Map<string, number> {
  const ended = new Map<string, number>();
  if (file === null) return ended;
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
    for (const one of Array.isArray(list) ? list : [])
      if (Array.isArray(one) && typeof one[0] === 'string' && typeof one[1] === 'number' && one[1] > nowS)
        ended.set(one[0], one[1]);
  } catch {
    // There is none before the first sign-out.
  }
  return ended;
}

/** Values of the session's cookies in a Cookie header: a few, because another site of the same host may set one too. */
export function sessionCookies(header: string | undefined): string[] {
  const values: string[] = [];
  for (const part of (header ?? '').split(';', 100)) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(0, at)).trim();
    if (name === SESSION_COOKIE || name === SECURE_SESSION_COOKIE) values.push(part.slice(at + 1).trim());
    if (values.length === 4) break;
  }
  return values;
}

/** Set-Cookie of a new session. */
export function sessionCookie(value: string, isSecure: boolean): string {
  const rest = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_S}`;
  return isSecure ? `${SECURE_SESSION_COOKIE}=${value}; ${rest}; Secure` : `${SESSION_COOKIE}=${value}; ${rest}`;
}

/** Set-Cookie headers that take the session from the browser. */
export const NO_SESSION: readonly string[] = [
  `${SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`,
  `${SECURE_SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure`,
];
