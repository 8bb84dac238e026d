/**
 * Reading protobuf-JSON of Ray's event export (src/ray/protobuf/public/events_base_event.proto, ray 2.58): fields come
 * in camelCase or, with PRESERVE_PROTO_FIELD_NAME, in snake_case; ids are base64 of the bytes whose hex the State API
 * shows; 64-bit integers are text; times are RFC 3339 with up to nine decimals.
 */
import { errorMessage } from '../../model/error-message.ts';
import { ownValue } from '../../model/own-value.ts';
import { parseRfc3339 } from '../../model/timestamp.ts';
import { type Nanoseconds, nanoseconds } from '../../model/units.ts';
import { snakeCase } from '../json/snake-case.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field by its camelCase name, in either spelling. */
export function field(fields: Fields, name: string): unknown {
  return ownValue(fields, name) ?? ownValue(fields, snakeCase(name));
}

export function text(fields: Fields, name: string): string | undefined {
  const value = field(fields, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Integers given as a number or as decimal text. */
export function integer(fields: Fields, name: string): number | undefined {
  const value = field(fields, name);
  const count =
    typeof value === 'number' ? value : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

/** A whole number that fits UInt32, as the store keeps attempts. Throws on another. */
export function count(fields: Fields, name: string): number | undefined {
  const value = integer(fields, name);
  if (value !== undefined && (value < 0 || value > 4_294_967_295))
    throw new Error(`${name} is ${value}, expected 0 to 4294967295`);
  return value;
}

export function list(fields: Fields, name: string): readonly Fields[] {
  const value = field(fields, name);
  return Array.isArray(value) ? value.filter(isFields) : [];
}

export function nested(fields: Fields, name: string): Fields | undefined {
  const value = field(fields, name);
  return isFields(value) ? value : undefined;
}

export function numbers(fields: Fields, name: string): Record<string, number> | undefined {
  const value = nested(fields, name);
  if (!value) return undefined;
  // Doubles; whole ones from 2^53 on come as text (sources/json/exact-json.ts).
  const entries = Object.entries(value).flatMap(([key, item]): [string, number][] =>
    typeof item === 'number'
      ? [[key, item]]
      : typeof item === 'string' && /^-?\d{1,309}$/.test(item)
        ? [[key, Number(item)]]
        : [],
  );
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

export function texts(fields: Fields, name: string): Record<string, string> | undefined {
  const value = nested(fields, name);
  if (!value) return undefined;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== null && item !== undefined)
    .map(([key, item]): [string, string] => [key, typeof item === 'string' ? item : JSON.stringify(item)]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** Ray's longest ids have 28 bytes (src/ray/common/constants.h). */
const MOST_ID_BYTES = 64;

/**
 * Lower-case hex of a base64 id; undefined where it is absent, empty or the nil id (all bits set). Throws on other text, and on one
 * that is longer than any id.
 */
export function id(fields: Fields, name: string): string | undefined {
  const value = field(fields, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new Error(`${name} is not a base64 id`);
  if (value.length > 4 * MOST_ID_BYTES)
    throw new Error(`${name} has ${value.length} characters, expected an id of at most ${MOST_ID_BYTES} bytes`);
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) throw new Error(`${name} is not a base64 id`);
  const hex = Buffer.from(value, 'base64').toString('hex');
  if (hex.length > 2 * MOST_ID_BYTES)
    throw new Error(`${name} has ${hex.length / 2} bytes, expected an id of at most ${MOST_ID_BYTES}`);
  return /^f+$/.test(hex) ? undefined : hex;
}

/** What is told of a record that was kept without something. */
export type Note = (reason: string) => void;

/** An id that stands beside what a record says: a broken one is left out, and noted. */
export function besideId(fields: Fields, name: string, note: Note): string | undefined {
  return beside(id, fields, name, note);
}

/** 2^63 - 1 ns (April 2262): what an Int64 of the store holds. */
const LAST_TIME = 9_223_372_036_854_775_807n;

function held(name: string, time: bigint): Nanoseconds | undefined {
  if (time > LAST_TIME) throw new Error(`${name} is ${time} ns, after the year 2262`);
  return time <= 0n ? undefined : nanoseconds(time);
}

/** Protobuf's JSON of a Timestamp has seconds and an offset, and nine decimals at most. */
const WITH_OFFSET = /T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 to ns without loss; undefined where absent. Throws where it is no time. */
export function timestamp(fields: Fields, name: string): Nanoseconds | undefined {
  const value = field(fields, name);
  if (value === undefined || value === null || value === '') return undefined;
  const time = typeof value === 'string' && WITH_OFFSET.test(value) ? parseRfc3339(value) : null;
  if (time === null) throw new Error(`${name} is not an RFC 3339 time: ${JSON.stringify(value)}`);
  return held(name, time);
}

/** What `read` gives, which throws where it is broken: then it is left out, and noted. */
function beside<T>(read: (fields: Fields, name: string) => T, fields: Fields, name: string, note: Note): T | undefined {
  try {
    return read(fields, name);
  } catch (error) {
    note(`${errorMessage(error)}; left out`);
    return undefined;
  }
}

/** A time that is one of a list of them: a broken one costs itself alone. */
export const besideTimestamp = (fields: Fields, name: string, note: Note): Nanoseconds | undefined =>
  beside(timestamp, fields, name, note);
export const besideTimestampMs = (fields: Fields, name: string, note: Note): Nanoseconds | undefined =>
  beside(timestampMs, fields, name, note);
export const besideTimestampNs = (fields: Fields, name: string, note: Note): Nanoseconds | undefined =>
  beside(timestampNs, fields, name, note);

/** Unix milliseconds (number or text) to ns; undefined where absent or zero. */
export function timestampMs(fields: Fields, name: string): Nanoseconds | undefined {
  const value = integer(fields, name);
  return value === undefined ? undefined : held(name, BigInt(value) * 1_000_000n);
}

/** Unix nanoseconds as decimal text; undefined where absent or zero. */
export function timestampNs(fields: Fields, name: string): Nanoseconds | undefined {
  const value = field(fields, name);
  const digits =
    typeof value === 'string' && /^\d{1,19}$/.test(value)
      ? BigInt(value)
      : typeof value === 'number' && value > 0 && Number.isFinite(value)
        ? BigInt(Math.round(value))
        : 0n;
  return held(name, digits);
}

/** Only what is there: exactOptionalPropertyTypes wants absent, not undefined. */
export function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
