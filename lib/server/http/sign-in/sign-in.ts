/** POST /signin: a token that was typed in becomes a session, and the browser goes where it wanted to. */
import type { IncomingMessage } from 'node:http';
import { readUpTo } from '../../../model/read-up-to.ts';
import type { AccessRule } from '../access.ts';
import { returnPath } from '../canonical-path.ts';
import { answerPage, type Visit } from '../visit.ts';
import { sessionCookie } from './sessions.ts';
import { signInPage } from './sign-in-page.ts';

/** More than a token and an address. */
const MOST_BYTES = 16_384;
const LONGEST_MS = 5_000;

/** The body of the form; null where it is too large, too slow or ends early. */
async function form(request: IncomingMessage): Promise<URLSearchParams | null> {
  const late = setTimeout(() => request.destroy(), LONGEST_MS);
  try {
    const { bytes, isWhole } = await readUpTo(request as AsyncIterable<Buffer>, MOST_BYTES);
    return isWhole ? new URLSearchParams(Buffer.from(bytes.buffer).toString()) : null;
  } catch {
    return null;
  } finally {
    clearTimeout(late);
  }
}

export async function signIn(access: AccessRule, visit: Visit): Promise<void> {
  const { request, response, client } = visit;
  if (request.headers.expect !== undefined) response.writeContinue();
  const given = await form(request);
  const option = given?.get('path') ?? '/';
  if (given === null) {
    response.setHeader('connection', 'close');
    return answerSignInPage(visit, { status: 413, path: '/', refusal: 'That is not a token: it is too long.' });
  }
  const result = access.signIn(given.get('token') ?? '', client.address);
  if (result.is === 'wrong')
    return answerSignInPage(visit, { status: 401, path: option, refusal: 'That is not the token.' });
  if (result.is === 'throttled') {
    response.setHeader('retry-after', String(result.waitS));
    return answerSignInPage(visit, {
      status: 429,
      path: option,
      refusal: `Too many wrong tokens from ${client.address}. Try again in ${result.waitS} s.`,
    });
  }
  // A browser that says https of its own page speaks TLS to a proxy, even to one that is not listed.
  const isSecure = client.isSecure || (request.headers.origin ?? '').startsWith('https://');
  response.writeHead(303, {
    location: returnPath(option),
    'set-cookie': sessionCookie(result.session, isSecure),
    'cache-control': 'no-store',
  });
  response.end();
}

/** `path`: where the reader wanted to go; from outside. `refusal`: why the token was refused, as a sentence. */
export function answerSignInPage(
  visit: Visit,
  { status, path, refusal }: { readonly status: number; readonly path: string; readonly refusal: string | null },
): void {
  answerPage(visit, status, signInPage({ path, refusal, nonce: visit.nonce }));
}
