/** A list of the State API: its rows, and what it admits to leaving out. */
import type { z } from 'zod';
import { Listing } from './wire.ts';

/** RAY_MAX_LIMIT_FROM_API_SERVER and RAY_MAX_LIMIT_FROM_DATA_SOURCE: a larger `limit` is a 400. */
export const MAX_LIMIT = 10_000;

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

/** Where the rows of a list are in its answer. */
export const LISTING_ROWS = ['data', 'result', 'result'] as const;

export interface ListingDecoder<Row> {
  /** A row as it comes; one that cannot be read is counted. */
  readonly onRow: (wire: unknown) => void;
  readonly onBadRow: () => void;
  /** `envelope`: the answer without its rows. Throws where it is no envelope. */
  readonly finish: (envelope: unknown) => DecodedListing<Row>;
}

/**
 * In ray 2.58 (dashboard/state_aggregator.py) total = rows from the GCS + those it dropped or cut, num_after_truncation =
 * rows from the GCS, num_filtered = rows that pass the filters.
 */
export function createListingDecoder<Row>(row: z.ZodType<Row>): ListingDecoder<Row> {
  const rows: Row[] = [];
  let rejected = 0;
  return {
    onRow(wire) {
      const parsed = row.safeParse(wire);
      if (parsed.success) rows.push(parsed.data);
      else rejected += 1;
    },
    onBadRow() {
      rejected += 1;
    },
    finish(envelope) {
      const { result } = Listing.parse(envelope).data;
      const listed = rows.length + rejected;
      const total = result.total ?? null;
      const after = result.num_after_truncation ?? listed;
      const missing = total === null ? 0 : Math.max(0, total - after);
      const cut = after >= MAX_LIMIT || (result.num_filtered ?? 0) > listed;
      return {
        rows,
        total,
        truncated: cut && (missing > 0 || (result.num_filtered ?? 0) > listed),
        dropped: cut ? null : missing,
        warnings: [
          ...(result.partial_failure_warning ? [result.partial_failure_warning] : []),
          ...(result.warnings ?? []),
        ],
        rejected,
      };
    },
  };
}
