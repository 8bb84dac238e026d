/** Timestamps in query strings. */
import { parseRfc3339, parseUnixTime } from '../../model/timestamp.ts';

/** Before 2200, ns: whole buckets of any width after it still fit 64 bits. */
const LAST_TIMESTAMP = 7_258_118_400_000_000_000n;
/** `expected` is '' where it is a timestamp, else what was expected. */
interface QueryTimestamp {
  readonly ns: bigint | null;
  readonly expected: string;
}

/**
 * A timestamp in a query string (lib/model/timestamp.ts): RFC 3339, or Unix time in s, ms, us or ns told apart by the number of digits,
 * from 1970 to 2199, as nanoseconds.
 */
export function queryTimestamp(text: string): QueryTimestamp {
  const ns = parseUnixTime(text) ?? parseRfc3339(text);
  if (ns === null) return { ns, expected: 'expected RFC 3339 or Unix time in s, ms, us or ns' };
  return ns >= 0n && ns <= LAST_TIMESTAMP
    ? { ns, expected: '' }
    : { ns: null, expected: 'expected a time from 1970 to 2199 (RFC 3339 or Unix time in s, ms, us or ns)' };
}
