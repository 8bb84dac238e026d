/**
 * Kinds of query and path parameters. Every one is bounded to what the store's types hold and says what it takes, so that
 * nothing a caller writes reaches a use case unread. A parameter comes as text; hooks and tests may give numbers.
 */
import { z } from 'zod';

/** Longest name of anything: cluster, session, node, worker, job, task. */
const NAME_CHARACTERS = 1000;
/** Longest text that is looked for: functions and spans have long names. */
const TEXT_CHARACTERS = 4000;

/** Name of one thing. Empty is as if it was not given, so that an empty field of a form filters nothing. */
export const Name = z.string().max(NAME_CHARACTERS);
/** Characters that no address keeps: a cluster so called would have no page. */
const NO_SEGMENT = /[/\\\p{Cc}]/u;
/**
 * Name of a cluster, given by who sends: it has to be able to stand in an address. lib/server/http/canonical-path.ts refuses the same, and
 * percent encodings of it.
 */
export const ClusterName = z
  .string()
  .max(200)
  .refine((name) => {
    const shown = name.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return ![name, shown].some((text) => NO_SEGMENT.test(text) || text === '.' || text === '..');
  }, 'expected a name that can stand in an address: no slashes, backslashes and control characters');

/** Name of the thing that a path is about. */
export const PathName = Name.min(1);
export const SearchText = z.string().max(TEXT_CHARACTERS);

/** What Int64 holds: ClickHouse's type of times and durations in ns. */
export const INT64_MAX = 9_223_372_036_854_775_807n;

const given = (value: string | number): string => String(value).trim();

/** Decimal digits only: no `1e3`, `0x10`, blanks or empty text. `min` and `max` are safe integers. */
export const WholeNumber = (min: number, max: number) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context): number => {
      const text = typeof value === 'string' ? value : String(value);
      const number = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `expected a whole number from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max });

/** A finite number in decimal notation, with or without an exponent. */
export const DecimalNumber = (min: number, max: number) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context): number => {
      const text = given(value);
      const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
      if (number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `expected a number from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ type: 'number', minimum: min, maximum: max });

/** Milliseconds whose nanoseconds an Int64 holds. */
export const DurationMs = DecimalNumber(0, 9_000_000_000_000);

/** Decimal text of nanoseconds that an Int64 holds; stays text. */
export const DurationNs = z.string().transform((text, context): string => {
  if (/^-?\d{1,19}$/.test(text)) {
    const ns = BigInt(text);
    if (ns <= INT64_MAX && ns >= -INT64_MAX) return text;
  }
  context.addIssue({ code: 'custom', message: 'expected a whole number of nanoseconds, less than 2^63' });
  return z.NEVER;
});

/** 16 hexadecimal digits, joined by commas. */
export const Keys = (most: number) =>
  z
    .string()
    .max(most * 17, `expected at most ${most} keys`)
    .regex(/^[0-9a-f]{16}(,[0-9a-f]{16})*$/, 'expected keys of 16 hexadecimal digits, joined by commas')
    .transform((text) => text.split(','));
export const Key = z.string().regex(/^[0-9a-f]{16}$/, 'expected a key of 16 hexadecimal digits');

interface Window {
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
}
/** Ten years: longer than anything is kept. */
const LONGEST_DAYS = 3660n;
const LONGEST_NS = LONGEST_DAYS * 86_400_000_000_000n;

/** `from` lies before `to`, where both are given: a half-open window that is not empty. */
export const inOrder = <Query extends z.ZodType<Window>>(query: Query): Query =>
  query.superRefine(({ from, to }, context) => {
    if (from !== undefined && to !== undefined && to <= from)
      context.addIssue({ code: 'custom', path: ['to'], message: 'expected a time after "from"' });
  });

/** In order and no longer than ten years, for what is drawn of samples on a grid. */
export const inWindow = <Query extends z.ZodType<Window>>(query: Query): Query =>
  inOrder(query).superRefine(({ from, to }, context) => {
    if (from !== undefined && to !== undefined && to - from > LONGEST_NS)
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: `expected a time at most ${LONGEST_DAYS} days after "from"`,
      });
  });
