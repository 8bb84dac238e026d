/** Share links: a page's state and the data it shows, frozen. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { SHARE_REQUESTS_MAX } from './pages/shareable-requests.ts';
import { PathName } from './parameters.ts';
import { shareAddress, sharesAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';

/** POST /api/shares, as JSON. */
export const ShareRequest = z.strictObject({
  /** Path and query of the page within X-Ray, e.g. `/jobs/01000000/timeline?v=1&from=...`. */
  path: z
    .string()
    .min(1)
    .max(8000)
    .regex(/^\/(?!\/)/, 'expected a path that begins with one slash'),
  title: z.string().max(200).default(''),
  note: z.string().max(4000).default(''),
  /** Seconds until the link stops working; null: never. Default 30 days. */
  expiresInSeconds: z
    .number()
    .int()
    .min(60)
    .max(366 * 86_400)
    .nullable()
    .default(30 * 86_400),
  /**
   * API requests (GET paths under /api/) whose answers the page shows; X-Ray asks them itself and freezes what it
   * gets, and what the page asks because of these answers. Left out: X-Ray asks what that page would ask.
   */
  requests: z
    .array(
      z
        .string()
        .max(8000)
        .regex(/^\/api\//),
    )
    .max(SHARE_REQUESTS_MAX)
    .optional(),
});
export type ShareRequestWire = z.input<typeof ShareRequest>;

export const ShareCreated = z.object({
  /** 128 random bits, base64url. Shown once; only its hash is stored. */
  token: z.string(),
  /** SHA-256 of the token, hex: names the share in the list and revokes it, but does not open it. */
  id: z.string(),
  /** `/s/<token>` */
  path: z.string(),
  expiresAt: z.string().nullable(),
  bytes: z.number(),
});
export type ShareCreatedWire = z.infer<typeof ShareCreated>;

/** GET /api/shares/{token}. HEAD answers the same status without counting as opened. */
export const ShareResponse = z.object({
  /** Of the page; a page that was live has its window in it. */
  path: z.string(),
  title: z.string(),
  note: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  version: z.literal(1),
  /** True: the data are those of the simulated cluster. */
  demo: z.boolean(),
  /** Frozen answers by request path. */
  responses: byKey(z.object({ status: z.number(), body: z.unknown() })),
});
export type ShareWire = z.infer<typeof ShareResponse>;
export const shareRoute = defineRoute(shareAddress, {
  query: z.strictObject({ token: PathName }),
  response: ShareResponse,
});

/**
 * DELETE /api/shares/{token or id} revokes: 204, once; 410 where it was revoked before, 404 where there is none.
 *
 * GET /api/shares: what can still be opened, newest first, without the tokens (they are not stored).
 */
export const SharesResponse = z.object({
  shares: z.array(
    z.object({
      id: z.string(),
      path: z.string(),
      title: z.string(),
      createdAt: z.string(),
      expiresAt: z.string().nullable(),
      /** As text, before compression. */
      bytes: z.number(),
      opened: z.number(),
      lastOpenedAt: z.string().nullable(),
    }),
  ),
});
export type SharesWire = z.infer<typeof SharesResponse>;
export const sharesRoute = defineRoute(sharesAddress, { query: z.strictObject({}), response: SharesResponse });
