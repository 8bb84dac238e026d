/**
 * Every request passes here before the web app sees it: one canonical path (or 400), methods, access, then what the door
 * answers by itself (static files, sign-in, sign-out, closed shares), then Next, which gets the canonical address and
 * none of the headers by which its own parts talk to each other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, type AccessRule, SHARE_PAGE } from './access.ts';
import { allowedMethods } from './allowed-methods.ts';
import { type CanonicalTarget, canonicalTarget } from './canonical-path.ts';
import { type ClientOf, PEER_HEADER } from './client-address.ts';
import type { DirectAnswers } from './direct-answers.ts';
import { answerProblem, type DoorProblem } from './problem-answer.ts';
import { newNonce, pagePolicy, setSecurityHeaders } from './security-headers.ts';
import { shareClosedPage } from './share-closed-page.ts';
import { NO_SESSION } from './sign-in/sessions.ts';
import { answerSignInPage, signIn } from './sign-in/sign-in.ts';
import type { StaticAssets } from './static-assets.ts';
import { answerPage, type EarlyRefusal, type RequestHead, type Visit } from './visit.ts';

export interface Door {
  readonly access: AccessRule;
  /** False without a token: there is nothing to sign in to. */
  readonly hasToken: boolean;
  readonly clientOf: ClientOf;
  /** null in development, where Next serves everything below /_next/ and no policy is set. */
  readonly assets: StaticAssets | null;
  /** Why this share cannot be opened; null: it can. Rejects where the store does not answer. */
  readonly closedShare: (token: string) => Promise<{ readonly status: 404 | 410; readonly detail: string } | null>;
  /** A page is about to be asked for; `url` is canonical. */
  readonly expectPage: (url: string) => void;
  /** The answer to a body that could not be stored in time, whatever it holds; null: let it in. */
  readonly refuseEarly: (head: RequestHead) => EarlyRefusal | null;
  /** Answers that need neither the web app nor a query: they come while it is flooded. */
  readonly direct: DirectAnswers;
  /** Next. */
  readonly next: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']);
/** Tells app/ that the reader can sign out. */
export const SESSION_HEADER = 'x-xray-session';
export const NONCE_HEADER = 'x-xray-nonce';

/** Headers by which Next, or a proxy, would tell its inner parts what was asked: nobody outside may. */
const INNER =
  /^(x-middleware-|x-nextjs-|x-invoke-|x-now-|x-vercel-|x-forwarded-|x-xray-|x-matched-path$|x-original-|x-rewrite-|x-http-method|x-prerender-|next-action$|next-resume$|x-next-|content-security-policy)/;

/** Answers one request, whose target is read already. Rejects where something failed that is no refusal. */
export async function enter(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
  target = canonicalTarget(request.url ?? ''),
): Promise<void> {
  const nonce = newNonce();
  const client = door.clientOf(request);
  const visit: Visit = { request, response, client, nonce };
  if (door.assets !== null) setSecurityHeaders(response, 'status' in target ? null : target.path, nonce);
  if ('status' in target) {
    const { status, reason } = target;
    const title = status === 414 ? 'Address too long' : 'Bad address';
    return refuse(visit, { code: 'invalid-parameter', status, title, detail: `this address is refused: ${reason}` });
  }
  const method = request.method ?? 'GET';
  const allow = { allow: allowedMethods(target.path).join(', ') };
  const wrongMethod: DoorProblem = {
    code: 'method-not-allowed',
    title: 'Method not allowed',
    detail: `${target.path} does not take ${method}; it takes ${allow.allow}`,
    headers: allow,
  };
  if (!METHODS.has(method)) return refuse(visit, wrongMethod);

  const { authorization, cookie, origin } = request.headers;
  const { address, host } = client;
  const access = door.access.of({ method, path: target.path, host, authorization, cookie, origin, address });
  if (method === 'POST' && door.hasToken && access.is !== 'wrong-origin') {
    if (target.path === '/signin') return await signIn(door.access, visit);
    if (target.path === '/signout') return await signOut(door, visit);
  }
  if (access.is !== 'allowed') {
    const isBrowser = method === 'GET' && (request.headers.accept ?? '').includes('text/html');
    if (access.is === 'unauthorized' && isBrowser)
      answerSignInPage(visit, { status: 401, path: target.path + target.search, refusal: null });
    else refuse(visit, accessProblem(visit, access));
    return;
  }
  if (!allowedMethods(target.path).includes(method)) return refuse(visit, wrongMethod);
  if (method === 'OPTIONS') {
    response.writeHead(204, allow);
    response.end();
    return;
  }
  const { path, search } = target;
  const refusal = door.refuseEarly({ method, path, search, headers: request.headers, peer: address });
  if (refusal !== null) return answerRefusal(visit, refusal);
  await answer(door, visit, target, access.by === 'session');
}

/** Whether a request to upgrade to a WebSocket comes from who may read everything. For development. */
export function mayUpgrade(door: Door, request: IncomingMessage): boolean {
  const target = canonicalTarget(request.url ?? '');
  if ('status' in target || !target.path.startsWith('/_next/')) return false;
  const { authorization, cookie, origin } = request.headers;
  const { address, host } = door.clientOf(request);
  // As one that changes something: pages of other sites can open a WebSocket, and read it.
  const requested = { method: 'POST', path: target.path, host, authorization, cookie, origin, address };
  return door.access.of(requested).is === 'allowed';
}

async function answer(door: Door, visit: Visit, target: CanonicalTarget, isSession: boolean): Promise<void> {
  const { request, response, nonce } = visit;
  const { path, search } = target;
  if (target.hasTrailingSlash) {
    response.writeHead(308, { location: path + search, 'content-length': 0, 'cache-control': 'no-store' });
    response.end();
    return;
  }
  if (door.assets?.answer(request, response, path) === true) return;
  if (door.assets !== null && /^\/_next(\/|$)/.test(path))
    return refuse(visit, { code: 'not-found', title: 'Not found', detail: `there is no file ${path}` });
  const direct = search === '' ? door.direct.of(path) : null;
  if (direct !== null) return answerDirectly(visit, await direct);
  const share = SHARE_PAGE.exec(path)?.[1];
  if (share !== undefined) {
    const closed = await door.closedShare(share);
    if (closed !== null) return answerPage(visit, closed.status, shareClosedPage(closed.status, closed.detail, nonce));
  }
  if (request.method === 'GET' && path.startsWith('/jobs/')) door.expectPage(path + search);
  const { address } = door.clientOf(request);
  // Those of Next's browser side are for pages: an answer of the API it would redirect.
  const isData = /^\/(api|v1|metrics)(\/|$)/.test(path);
  for (const name of Object.keys(request.headers))
    if (INNER.test(name) || (isData && /^(rsc$|next-)/.test(name))) delete request.headers[name];
  request.headers[PEER_HEADER] = address;
  // Next marks its inline scripts with the nonce that it finds here, app/layout.tsx its own.
  if (door.assets !== null) request.headers['content-security-policy'] = pagePolicy(nonce);
  request.headers[NONCE_HEADER] = nonce;
  if (isSession) request.headers[SESSION_HEADER] = '1';
  request.url = path + search;
  passOver(request, response);
  if (request.headers.expect !== undefined) response.writeContinue();
  await door.next(request, response);
}

/** How long a refused sender may take to read why. */
const LINGER_MS = 1_000;
/** Bytes of a refused body that are read for the sake of its connection: what exporters send and say the length of. */
const MOST_PASSED_OVER = 64 * 1024 ** 2;
/** Where it does not say how long it is. */
const PASSED_OVER_UNSAID = 1024 ** 2;
const PASSED_OVER_MS = 30_000;
const PASSED_OVER_LOOK_MS = 100;

/**
 * What nobody read of a body is passed over once it is answered, or the connection's next request would never be seen. One that is longer,
 * or has no end, ends its connection: reading it would take the event loop from others. Node reads without telling whoever listens, so the
 * connection's own count is looked at.
 */
function passOver(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return;
    request.removeAllListeners('data').resume();
    const { socket } = request;
    const declared = Number(request.headers['content-length'] ?? PASSED_OVER_UNSAID);
    const most = socket.bytesRead + (declared <= MOST_PASSED_OVER ? declared : 0) + PASSED_OVER_UNSAID;
    const began = performance.now();
    const look = setInterval(() => {
      const isLong = socket.bytesRead > most || performance.now() - began > PASSED_OVER_MS;
      if (!request.complete && !socket.destroyed && !isLong) return;
      clearInterval(look);
      if (isLong && !request.complete) socket.destroy();
    }, PASSED_OVER_LOOK_MS);
    look.unref();
  });
}

function answerDirectly({ request, response }: Visit, body: Buffer): void {
  passOver(request, response);
  const type = { 'content-type': 'application/json', 'cache-control': 'no-store', 'content-length': body.byteLength };
  response.writeHead(200, type);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function answerRefusal({ request, response }: Visit, { status, headers, body }: EarlyRefusal): void {
  passOver(request, response);
  response.writeHead(status, { 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** A body that nobody will read ends the connection, or its sender could go on for as long as it likes. */
function refuse({ request, response }: Visit, problem: DoorProblem): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (!request.complete && (length !== '0' || encoding !== undefined)) {
    response.setHeader('connection', 'close');
    response.once('finish', () => {
      if (!request.complete) setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
    });
  }
  answerProblem(response, problem);
}

async function signOut(door: Door, visit: Visit): Promise<void> {
  const { request, response } = visit;
  await door.access.signOut(request.headers.cookie);
  response.writeHead(303, {
    location: '/',
    'set-cookie': [...NO_SESSION],
    'clear-site-data': '"cache"',
    'cache-control': 'no-store',
  });
  response.end();
}

/** What is wrong with who asks. */
function accessProblem({ request, client }: Visit, access: Exclude<Access, { is: 'allowed' }>): DoorProblem {
  switch (access.is) {
    case 'wrong-host':
      return {
        code: 'forbidden',
        status: 421,
        title: 'Unknown host name',
        detail: `this X-Ray does not answer to ${JSON.stringify(client.host ?? '')}: use 127.0.0.1 or localhost, or add the name to XRAY_ALLOWED_HOSTS`,
      };
    case 'wrong-origin':
      return {
        code: 'forbidden',
        title: 'Another site',
        detail: `a page of ${JSON.stringify(request.headers.origin)} may not send to this X-Ray`,
      };
    case 'throttled':
      return {
        code: 'overloaded',
        title: 'Too many wrong tokens',
        detail: `${client.address} sent too many wrong tokens: try again in ${access.waitS} s`,
        headers: { 'retry-after': String(access.waitS) },
      };
    case 'unauthorized':
      return {
        code: 'unauthorized',
        title: 'Authentication needed',
        detail: 'send Authorization: Bearer with the value of XRAY_AUTH_TOKEN',
        headers: { 'www-authenticate': 'Bearer' },
      };
  }
}
