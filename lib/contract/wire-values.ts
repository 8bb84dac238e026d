/** Values as they stand in JSON and in query strings: the unit is in the name, 64-bit integers are decimal text. */
import { z } from 'zod';

/** Nanoseconds as decimal text (a float64 cannot hold a Unix time in ns). */
export const NsText = z.string().regex(/^-?\d{1,19}$/);
export const Hex = z.string().regex(/^[0-9a-fA-F]*$/);

/** Before 2200, ns: whole buckets of any width after it still fit 64 bits. */
const LAST_MOMENT = 7_258_118_400_000_000_000n;

/**
 * A moment in a query string: RFC 3339, or Unix time in s, ms, us or ns told apart by the number of digits
 * (up to 11, 12-14, 15-17, 18-19). Parsed to nanoseconds.
 */
export const Moment = z.string().transform((text, context): bigint => {
  if (/^\d{1,19}$/.test(text)) {
    const scale = text.length <= 11 ? 9n : text.length <= 14 ? 6n : text.length <= 17 ? 3n : 0n;
    const moment = BigInt(text) * 10n ** scale;
    if (moment <= LAST_MOMENT) return moment;
    context.addIssue({ code: 'custom', message: 'expected a moment before the year 2200' });
    return z.NEVER;
  }
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    context.addIssue({ code: 'custom', message: 'expected RFC 3339 or Unix time in s, ms, us or ns' });
    return z.NEVER;
  }
  return BigInt(ms) * 1_000_000n;
});

export const Limit = (max: number, preset: number) => z.coerce.number().int().min(1).max(max).default(preset);
/** Opaque; take it from `nextCursor` of the page before. */
export const Cursor = z.string().max(512).optional();
export const Flag = z
  .enum(['0', '1', 'true', 'false'])
  .transform((text) => text === '1' || text === 'true')
  .optional();

/** Samples on a regular grid; null is a gap. */
export const SeriesGridWire = z.object({
  startMs: z.number(),
  stepMs: z.number(),
  count: z.number(),
  series: z.array(z.object({ labels: z.record(z.string(), z.string()), values: z.array(z.number().nullable()) })),
});

/** A part of the answer that could not be had: which source, its own words, what to do. */
export const SourceNotice = z.object({
  source: z.string(),
  /**
   * `late`: the source has not answered yet; what is missing arrives with a later answer of the same resource. `stale`: it answers
   * slowly, or is gone; what is shown is from before.
   */
  kind: z.enum(['down', 'refused', 'nothing-measured', 'partial', 'stale', 'late']),
  message: z.string(),
  whatToDo: z.string().nullable(),
  /** Of `late` and `stale`: names of the questions whose answers are missing or old, e.g. `ray-hosts`. */
  missing: z.array(z.string()).optional(),
  /** Of `late`: since when it has been asked. Of `stale`: as of when the data are. RFC 3339. */
  since: z.string().optional(),
});
export type SourceNoticeWire = z.infer<typeof SourceNotice>;
