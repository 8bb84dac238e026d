/** Times of spans and their events (Unix nanoseconds, opentelemetry-proto 1.x), and what stands where there is none. */
import { LAST_EXPIRING_S, MOST_RETENTION_DAYS } from '../../model/kept-until.ts';
import { type Nanoseconds, nanoseconds } from '../../model/units.ts';
import { get, type Node } from './any-value.ts';

const LAST_TIME = BigInt(LAST_EXPIRING_S) * 1_000_000_000n;

/** Unix nanoseconds; 0 where absent; null where it is no time. Numbers beyond 2^53 come as text (exact-json.ts). */
function unixNanoseconds(value: unknown): bigint | null {
  if (value === undefined || value === null || value === '') return 0n;
  if (typeof value === 'string') return /^\d{1,20}$/.test(value) ? BigInt(value) : null;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? BigInt(Math.round(value)) : null;
}

const tooLate = (name: string, time: bigint): Error =>
  new Error(
    `${name} is ${time}, after 2095: the store keeps times until 2106, less up to ${MOST_RETENTION_DAYS} days of retention`,
  );

interface SpanTimes {
  readonly start: Nanoseconds;
  readonly duration: Nanoseconds;
  /** Why the duration is 0, where the end of the span does not say so. */
  readonly note: string | null;
}

const SECOND = 1_000_000_000n;
/** Seconds with as many decimals as are needed. */
function secondsText(time: bigint): string {
  const decimals = (time % SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return `${time / SECOND}${decimals === '' ? '' : `.${decimals}`} s`;
}

/**
 * A span without an end, or one that ends before it starts (a clock that went back), is kept with duration 0: its children are joined to it.
 * Throws where it has no start, or one or an end that the store cannot hold.
 */
export function spanTimes(node: Node): SpanTimes {
  const given = get(node, 'startTimeUnixNano');
  const start = unixNanoseconds(given);
  if (start === null)
    throw new Error(
      `startTimeUnixNano is ${JSON.stringify(given).slice(0, 40)}, expected Unix nanoseconds as decimal text`,
    );
  if (start === 0n) throw new Error('startTimeUnixNano is missing');
  if (start >= LAST_TIME) throw tooLate('startTimeUnixNano', start);
  const end = unixNanoseconds(get(node, 'endTimeUnixNano'));
  if (end !== null && end >= LAST_TIME) throw tooLate('endTimeUnixNano', end);
  const instant = (note: string): SpanTimes => ({ start: nanoseconds(start), duration: nanoseconds(0n), note });
  if (end === null) return instant('its end is not a time; kept with duration 0');
  if (end === 0n) return instant('it has no end; kept with duration 0');
  if (end < start) return instant(`it ends ${secondsText(start - end)} before it starts; kept with duration 0`);
  return { start: nanoseconds(start), duration: nanoseconds(end - start), note: null };
}

/** Of an event; null where it has none that the store can hold. */
export function eventTime(node: Node): Nanoseconds | null {
  const time = unixNanoseconds(get(node, 'timeUnixNano'));
  return time === null || time === 0n || time >= LAST_TIME ? null : nanoseconds(time);
}
