/** Use cases of shares that exist: open, revoke, list. Only X-Ray's own clock decides what has expired. */
import type { SharesWire } from '../../contract/shares.ts';
import { DELETE_REVOKED_SHARES, openShares, shareById, shareStanding } from '../../store/queries/shares.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { shareIdOf } from './create-share.ts';

type ShareStore = Pick<Runtime, 'engine'>;
const iso = (ms: number): string => new Date(ms).toISOString();

const notFound = () =>
  new ProblemError('not-found', 'no share has this link: check that it was copied whole, or ask for a new one');
const revoked = () => new ProblemError('gone', 'this share was revoked; its data are deleted: ask for a new one');
const expired = (ms: number) => new ProblemError('gone', `this share expired at ${iso(ms)}: ask for a new one`);

/** Rejects with ProblemError 404 or 410; `id` is the share's, not its token. */
async function refuseClosed(runtime: ShareStore, id: string, now: number): Promise<void> {
  const [standing] = await runtime.engine.select(shareStanding, { id });
  if (standing && standing.revoked > 0) throw revoked();
  if (!standing || standing.stored === 0) throw notFound();
  if (standing.expires_ms !== null && standing.expires_ms <= now) throw expired(standing.expires_ms);
}

/** Whether GET would open it, without opening it. Rejects with ProblemError 404 or 410. */
export async function checkShare(runtime: ShareStore, token: string, now = Date.now()): Promise<void> {
  await refuseClosed(runtime, shareIdOf(token), now);
}

/** Why a link opens nothing, as its page says it; null where it opens. */
export async function closedShare(
  runtime: ShareStore,
  token: string,
): Promise<{ readonly status: 404 | 410; readonly detail: string } | null> {
  try {
    await checkShare(runtime, token);
    return null;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { status, detail } = error.problem;
    if (status === 404 || status === 410) return { status, detail };
    throw error;
  }
}

/**
 * The JSON text of ShareResponse, and counts the opening. Text, because the frozen answers stand in it byte for byte as
 * they came. Rejects with ProblemError: 404 where no share has this token, 410 where it expired or was revoked.
 */
export async function openShare(runtime: ShareStore, token: string, now = Date.now()): Promise<string> {
  const id = shareIdOf(token);
  await refuseClosed(runtime, id, now);
  const [share] = await runtime.engine.select(shareById, { id });
  if (!share) throw revoked(); // between the two questions
  if (share.responses === '') throw expired(share.expires_ms ?? now); // the store has already forgotten them
  await runtime.engine.insert('xray.share_events', [{ id, event: 'opened' }]);
  const about = {
    path: share.path,
    title: share.title,
    note: share.note,
    createdAt: iso(share.created_ms),
    expiresAt: share.expires_ms === null ? null : iso(share.expires_ms),
    version: 1,
    demo: share.demo,
  };
  return `${JSON.stringify(about).slice(0, -1)},"responses":${share.responses}}`;
}

/**
 * Revokes by token, or by id as the list tells it. From the first insert on nobody can open it; when this resolves its
 * rows are out of the table, and the files that held them leave the disk about a minute later. Rejects with ProblemError:
 * 404 where there is none, 410 where it was revoked before.
 */
export async function revokeShare(runtime: ShareStore, tokenOrId: string): Promise<void> {
  const id = /^[0-9a-f]{64}$/.test(tokenOrId) ? tokenOrId : shareIdOf(tokenOrId);
  const [standing] = await runtime.engine.select(shareStanding, { id });
  const before = (standing?.revoked ?? 0) > 0;
  if (!before && (standing?.stored ?? 0) === 0) throw notFound();
  if (!before) await runtime.engine.insert('xray.share_events', [{ id, event: 'revoked' }]);
  if ((standing?.stored ?? 0) > 0) await runtime.engine.command(DELETE_REVOKED_SHARES);
  if (before) throw revoked();
}

/** What can still be opened, newest first, without tokens. */
export async function listShares(runtime: ShareStore, now = Date.now()): Promise<SharesWire> {
  const rows = await runtime.engine.select(openShares, { now });
  return {
    shares: rows.map((row) => ({
      id: row.id,
      path: row.path,
      title: row.title,
      createdAt: iso(row.created_ms),
      expiresAt: row.expires_ms === null ? null : iso(row.expires_ms),
      bytes: row.bytes,
      opened: row.opened,
      lastOpenedAt: row.opened_ms === 0 ? null : iso(row.opened_ms),
    })),
  };
}
