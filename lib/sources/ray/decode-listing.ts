/** A list of the State API: its rows, and what it admits to leaving out. */
import type { z } from 'zod';
import { Listing } from './wire.ts';

/** RAY_MAX_LIMIT_FROM_API_SERVER and RAY_MAX_LIMIT_FROM_DATA_SOURCE: a larger `limit` is a 400. */
export const MAX_LIMIT = 10_000;

/** Rows parsed before the event loop gets a turn. */
const SLICE = 1_000;

export interface DecodedListing<Row> {
  readonly rows: readonly Row[];
  /** All that the source has, listed or not; null where it does not say. */
  readonly total: number | null;
  /** The list stops at the limit; there are more. `warnings` does not say so (ray#49896). */
  readonly truncated: boolean;
  /** Gone from Ray's own store before they could be listed; null where a cut list hides it. */
  readonly dropped: number | null;
  /** partial_failure_warning and warnings, in Ray's words. */
  readonly warnings: readonly string[];
  /** Rows that could not be read. */
  readonly rejected: number;
}

/**
 * In ray 2.58 (dashboard/state_aggregator.py) total = rows from the GCS + those it dropped or cut, num_after_truncation =
 * rows from the GCS, num_filtered = rows that pass the filters. Throws where the envelope is no envelope.
 */
export async function decodeListing<Row>(wire: unknown, row: z.ZodType<Row>): Promise<DecodedListing<Row>> {
  const { result } = Listing.parse(wire).data;
  const rows: Row[] = [];
  let rejected = 0;
  for (let from = 0; from < result.result.length; from += SLICE) {
    if (from > 0) await new Promise((turn) => setImmediate(turn));
    for (const item of result.result.slice(from, from + SLICE)) {
      const parsed = row.safeParse(item);
      if (parsed.success) rows.push(parsed.data);
      else rejected += 1;
    }
  }
  const total = result.total ?? null;
  const after = result.num_after_truncation ?? result.result.length;
  const missing = total === null ? 0 : Math.max(0, total - after);
  const cut = after >= MAX_LIMIT || (result.num_filtered ?? 0) > result.result.length;
  return {
    rows,
    total,
    truncated: cut && (missing > 0 || (result.num_filtered ?? 0) > result.result.length),
    dropped: cut ? null : missing,
    warnings: [...(result.partial_failure_warning ? [result.partial_failure_warning] : []), ...(result.warnings ?? [])],
    rejected,
  };
}
