/** GET and POST /api/store: what the store has lost, how far retention's clock has come, and what the operator settles. */
import { z } from 'zod';
import { defineRoute } from './route.ts';

export const StoreLoss = z.object({
  /** `<table>/<part>`; stable. */
  id: z.string(),
  table: z.string(),
  part: z.string(),
  /** `set-aside`: the engine could not load it. `damaged`: it is not as it was written. `missing`: its files are gone. */
  cause: z.enum(['set-aside', 'damaged', 'missing']),
  /** Rows that are lost; null: not known. */
  rows: z.number().nullable(),
  /** RFC 3339. Of the rows' own time where `isOwnTime`, else of when they were stored; null: not known. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  isOwnTime: z.boolean(),
  reason: z.string(),
  found: z.string(),
  /** `accepted`: acknowledged. `repaired`: read back. `expired`: retention removed what was left. */
  state: z.enum(['open', 'accepted', 'repaired', 'expired']),
});
export type StoreLossWire = z.infer<typeof StoreLoss>;

export const StoreReport = z.object({
  /** False while a loss is open or the clock is not plausible. */
  ok: z.boolean(),
  /** Oldest first; settled ones stay. */
  losses: z.array(StoreLoss),
  clock: z.object({
    /** RFC 3339: rows older than their retention before this are deleted. */
    retentionTime: z.string(),
    /** The system's clock. */
    now: z.string(),
    state: z.enum(['ok', 'ahead', 'behind']),
    reason: z.string().nullable(),
  }),
  durability: z.enum(['process', 'power']),
});
export type StoreReportWire = z.infer<typeof StoreReport>;

export const StoreAction = z.strictObject({
  /**
   * `check`: reads every part now. `repair`: takes back what is readable. `accept`: acknowledges what is lost.
   * `confirm-clock`: the system's clock is right.
   */
  action: z.enum(['check', 'repair', 'accept', 'confirm-clock']),
});
export type StoreActionWire = z.infer<typeof StoreAction>;

export const storeRoute = defineRoute(
  { path: '/api/store', parameters: [] },
  { query: z.strictObject({}), response: StoreReport },
);
