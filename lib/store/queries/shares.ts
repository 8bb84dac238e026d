/** Shares and what happened to them. A share's id is the SHA-256 of its token. */
import { z } from 'zod';
import type { Query } from '../engine.ts';

const Count = z.coerce.number();
const UnixMs = z.coerce.number();

const ShareRow = z.object({
  path: z.string(),
  title: z.string(),
  note: z.string(),
  created_ms: UnixMs,
  expires_ms: UnixMs.nullable(),
  demo: z.boolean(),
  responses: z.string(),
});
export type ShareRow = z.infer<typeof ShareRow>;

/** One share with its answers as JSON text. Parameter: id. */
export const shareById: Query<ShareRow> = {
  name: 'share-by-id',
  sql: `SELECT path, title, note, toUnixTimestamp64Milli(created) AS created_ms, toUnixTimestamp64Milli(expires) AS expires_ms, demo, responses
    FROM xray.shares FINAL WHERE id = {id:String}`,
  row: ShareRow,
};

/** Whether a share is there, without its answers, and whether it was revoked. One row. Parameter: id. */
export const shareStanding: Query<{ stored: number; expires_ms: number | null; revoked: number }> = {
  name: 'share-standing',
  sql: `SELECT (SELECT count() FROM xray.shares FINAL WHERE id = {id:String}) AS stored,
    (SELECT max(toUnixTimestamp64Milli(expires)) FROM xray.shares FINAL WHERE id = {id:String}) AS expires_ms,
    (SELECT countIf(event = 'revoked') FROM xray.share_events WHERE id = {id:String}) AS revoked`,
  row: z.object({ stored: Count, expires_ms: UnixMs.nullable(), revoked: Count }),
};

const ListRow = z.object({
  id: z.string(),
  path: z.string(),
  title: z.string(),
  created_ms: UnixMs,
  expires_ms: UnixMs.nullable(),
  bytes: Count,
  opened: Count,
  opened_ms: UnixMs,
});

/** Shares that can be opened at {now:Int64} Unix ms, newest first, at most 1000; opened_ms is 0 where nobody has. */
export const openShares: Query<z.infer<typeof ListRow>> = {
  name: 'open-shares',
  sql: `SELECT id, path, title, toUnixTimestamp64Milli(created) AS created_ms, toUnixTimestamp64Milli(expires) AS expires_ms, bytes,
      ifNull(events.opened, 0) AS opened, ifNull(events.opened_ms, 0) AS opened_ms
    FROM (SELECT id, path, title, created, expires, bytes FROM xray.shares FINAL) AS shares
    LEFT JOIN (
      SELECT id, countIf(event = 'opened') AS opened, maxIf(toUnixTimestamp64Milli(time), event = 'opened') AS opened_ms,
        countIf(event = 'revoked') AS revoked
      FROM xray.share_events GROUP BY id
    ) AS events USING (id)
    WHERE ifNull(events.revoked, 0) = 0 AND (expires_ms IS NULL OR expires_ms > {now:Int64})
    ORDER BY created DESC, id LIMIT 1000`,
  row: ListRow,
};

/** How many shares are stored and how large they are before compression. One row. */
export const shareTotals: Query<{ shares: number; bytes: number }> = {
  name: 'share-totals',
  sql: 'SELECT count() AS shares, sum(bytes) AS bytes FROM xray.shares',
  row: z.object({ shares: Count, bytes: Count }),
};

/** Takes the rows of revoked shares out of the table; done when it returns. */
export const DELETE_REVOKED_SHARES = `ALTER TABLE xray.shares DELETE
  WHERE id IN (SELECT id FROM xray.share_events WHERE event = 'revoked') SETTINGS mutations_sync = 1`;
