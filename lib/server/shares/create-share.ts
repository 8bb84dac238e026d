/** Use case of POST /api/shares: asks what the page shows, and stores the answers without what no page draws. */
import { createHash, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { type FoundPage, findPage } from '../../contract/pages/find-page.ts';
import { pageRequests } from '../../contract/pages/page-requests.ts';
import { isSameQuestion } from '../../contract/pages/same-question.ts';
import { SHARE_REQUESTS_MAX, shareRefusal } from '../../contract/pages/shareable-requests.ts';
import { withFixedWindow } from '../../contract/pages/with-fixed-window.ts';
import type { ShareCreatedWire, ShareRequest } from '../../contract/shares.ts';
import { shareTotals } from '../../store/queries/shares.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { OwnAnswer, OwnApi } from './own-api.ts';
import { createShareContents } from './share-contents.ts';

/** Before compression; the store keeps about a tenth of it. */
export interface ShareLimits {
  readonly answerBytes: number;
  readonly shares: number;
  readonly storedBytes: number;
  readonly timeoutMs: number;
  /** Shares being made at the same moment. */
  readonly atOnce: number;
}
export const SHARE_LIMITS: ShareLimits = {
  answerBytes: 32 * 1024 ** 2,
  shares: 10_000,
  storedBytes: 16 * 1024 ** 3,
  timeoutMs: 60_000,
  atOnce: 4,
};
const REQUESTED_AT_ONCE = 4;

type ShareStore = Pick<Runtime, 'engine' | 'config'>;
type Ask = (path: string) => Promise<OwnAnswer>;

/** The id of a share: SHA-256 of its token, hex. The token itself is nowhere stored. */
export const shareIdOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** DateTime64(3) as `<seconds>.<milliseconds>`: exact, and read without a time zone. */
const timestamp = (ms: number): string => `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`;

const invalid = (field: string, message: string) => new ProblemError('invalid-body', `field "${field}": ${message}`);

let making = 0;

/** Rejects with ProblemError: 400 names the field, 413 beyond the limit of bytes, 429 where there are too many. */
export async function createShare(
  runtime: ShareStore,
  request: z.output<typeof ShareRequest>,
  api: OwnApi,
  caller: AbortSignal,
  limits: ShareLimits = SHARE_LIMITS,
): Promise<ShareCreatedWire> {
  const page = findPage(request.path);
  if (!page) throw invalid('path', `${JSON.stringify(request.path)} is not a page that can be shared`);
  for (const [i, path] of (request.requests ?? []).entries()) {
    const refusal = shareRefusal(path);
    if (refusal) throw invalid(`requests.${i}`, refusal);
  }
  if (making >= limits.atOnce)
    throw new ProblemError('overloaded', `${making} shares are being made now: try again in a few seconds`, {
      headers: { 'retry-after': '5' },
    });
  making += 1;
  try {
    await refuseBeyond(runtime, limits);
    const signal = AbortSignal.any([caller, AbortSignal.timeout(limits.timeoutMs)]);
    const ask = boundedAsk(api, limits.answerBytes, signal);
    const path = withFixedWindow(request.path, request.requests ?? []);
    const answers = await askPage(findPage(path) ?? page, [...new Set(request.requests)], !request.requests, ask);
    return await store(runtime, request, answers);
  } finally {
    making -= 1;
  }
}

async function refuseBeyond(runtime: ShareStore, limits: ShareLimits): Promise<void> {
  const [totals] = await runtime.engine.select(shareTotals);
  if (totals && (totals.shares >= limits.shares || totals.bytes >= limits.storedBytes))
    throw new ProblemError(
      'overloaded',
      `${totals.shares} shares with ${totals.bytes} bytes are stored, the limits are ${limits.shares} and ${limits.storedBytes}: revoke some on /shares`,
    );
}

/** All answers together stay within `maxBytes`. */
function boundedAsk(api: OwnApi, maxBytes: number, signal: AbortSignal): Ask {
  let left = maxBytes;
  const tooLarge = () =>
    new ProblemError(
      'too-large',
      `the page's answers are larger than ${maxBytes} bytes together: share a narrower page, or give fewer "requests"`,
    );
  return async (path) => {
    let answer: OwnAnswer;
    try {
      answer = await api(path, left, signal);
    } catch (error) {
      if (error instanceof ProblemError && error.problem.code === 'too-large') throw tooLarge();
      if (signal.aborted) throw new ProblemError('query-limit', `the page took too long to answer (${path})`);
      throw error;
    }
    left -= Buffer.byteLength(answer.text);
    if (left < 0) throw tooLarge();
    return { status: answer.status, text: isJson(answer.text) ? answer.text : 'null' };
  };
}

/** Kept as it came where it is JSON; anything else is nothing to a panel, as it is on the live page. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function askAll(paths: readonly string[], ask: Ask): Promise<Map<string, OwnAnswer>> {
  const answers = new Map<string, OwnAnswer>();
  for (let i = 0; i < paths.length; i += REQUESTED_AT_ONCE) {
    const some = paths.slice(i, i + REQUESTED_AT_ONCE);
    for (const [path, answer] of await Promise.all(some.map(async (path) => [path, await ask(path)] as const)))
      answers.set(path, answer);
  }
  return answers;
}

/**
 * Asks the given requests, or without any what the page asks; then, both times, what the page asks because of the answers,
 * unless that was asked already.
 */
async function askPage(
  page: FoundPage,
  given: readonly string[],
  derive: boolean,
  ask: Ask,
): Promise<ReadonlyMap<string, OwnAnswer>> {
  const nowMs = Date.now();
  const bodies = new Map<string, unknown>();
  const first = pageRequests(page, nowMs, bodies);
  const answers = new Map<string, OwnAnswer>();
  const known = derive ? [] : [...first];
  let next: readonly string[] = derive ? first : given;
  while (next.length > 0 && answers.size + next.length <= SHARE_REQUESTS_MAX) {
    for (const [path, answer] of await askAll(next, ask)) {
      answers.set(path, answer);
      known.push(path);
      if (answer.status === 200) bodies.set(path, JSON.parse(answer.text));
    }
    next = pageRequests(page, nowMs, bodies).filter((path) => !known.some((each) => isSameQuestion(path, each)));
  }
  return answers;
}

async function store(
  runtime: ShareStore,
  request: z.output<typeof ShareRequest>,
  answers: ReadonlyMap<string, OwnAnswer>,
): Promise<ShareCreatedWire> {
  const token = randomBytes(16).toString('base64url');
  const id = shareIdOf(token);
  const now = Date.now();
  const expires = request.expiresInSeconds === null ? null : now + request.expiresInSeconds * 1000;
  const contents = createShareContents(runtime.config);
  const responses = `{${[...answers]
    .map(
      ([path, { status, text }]) =>
        `${JSON.stringify(path)}:{"status":${status},"body":${contents.of(path, status, text)}}`,
    )
    .join(',')}}`;
  const bytes = Buffer.byteLength(responses);
  await runtime.engine.insert('xray.shares', [
    {
      id,
      path: withFixedWindow(request.path, [...answers.keys()]),
      title: request.title,
      note: request.note,
      created: timestamp(now),
      expires: expires === null ? null : timestamp(expires),
      bytes,
      demo: runtime.config.demo,
      responses,
    },
  ]);
  return {
    token,
    id,
    path: `/s/${token}`,
    expiresAt: expires === null ? null : new Date(expires).toISOString(),
    bytes,
  };
}
