/** Values as they stand in JSON and in query strings: the unit is in the name, 64-bit integers are decimal text. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { WholeNumber } from './parameters.ts';
import { queryTimestamp } from './requests/query-timestamp.ts';

/** Nanoseconds as decimal text (a float64 cannot hold a Unix time in ns). */
export const NsText = z.string().regex(/^-?\d{1,19}$/);

/** Parsed to nanoseconds (./requests/query-timestamp.ts). */
export const Timestamp = z
  .string()
  .transform((text, context): bigint => {
    const { ns, expected } = queryTimestamp(text);
    if (ns !== null) return ns;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  })
  .meta({ description: 'RFC 3339, or Unix time in s, ms, us or ns' });

export const Limit = (max: number, preset: number) => WholeNumber(1, max).default(preset);
export const Flag = z
  .enum(['0', '1', 'true', 'false'])
  .transform((text) => text === '1' || text === 'true')
  .optional();

/** Samples on a regular grid; null is a gap. */
export const SeriesGridWire = z.object({
  startMs: z.number(),
  stepMs: z.number(),
  count: z.number(),
  series: z.array(z.object({ labels: byKey(z.string()), values: z.array(z.number().nullable()) })),
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
