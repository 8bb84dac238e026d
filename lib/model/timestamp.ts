/** Timestamps as text, read in one way wherever they come from: addresses, queries of the API, events. */
import { type Nanoseconds, nanoseconds } from './units.ts';

/**
 * Unix time in s, ms, us or ns, told apart by the number of digits (up to 11, 12-14, 15-17, 18-19): each holds until the year 5138.
 * Null for anything else.
 */
export function parseUnixTime(text: string): Nanoseconds | null {
  if (!/^\d{1,19}$/.test(text)) return null;
  const scale = text.length <= 11 ? 9n : text.length <= 14 ? 6n : text.length <= 17 ? 3n : 0n;
  return nanoseconds(BigInt(text) * 10n ** scale);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?([Zz]|[-+]\d\d:?\d\d)?)?$/;

/**
 * RFC 3339, also without seconds, time or offset (then UTC), to the nanosecond: further decimals are cut. Negative before 1970. Null
 * where it is no date of the calendar.
 */
export function parseRfc3339(text: string): Nanoseconds | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const [, year, month, day, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = 'Z'] = match;
  // Date takes 31 February for 2 or 3 March.
  if (!isDay(Number(year), Number(month), Number(day))) return null;
  const offset = zone.length === 1 ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}${offset}`);
  return Number.isNaN(ms) ? null : nanoseconds(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  if (day <= 28) return true;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}
