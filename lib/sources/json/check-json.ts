/**
 * JSON text (RFC 8259) checked as bytes, before anything is built of it: grammar, depth, and how many values it has. An
 * empty list is two bytes of text and some fifty of memory, so a limit in bytes alone bounds nothing. How numbers and
 * escapes are spelled is left to JSON.parse.
 */
import type { ReadLimits } from '../read-limits.ts';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const SPEND_EVERY = 4096;

/** What may come next. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const COLON_NEXT = 4;
const COMMA_OR_END = 5;
const NOTHING = 6;
const EXPECTED = [
  'a value',
  'a value or "]"',
  'a key',
  'a key or "}"',
  '":"',
  '"," or the end',
  'nothing more',
] as const;

/** Where the text begins: behind a byte order mark. */
export const jsonStart = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;

/** Index of the quote that ends the string which begins at `start`; the length where none does. */
export function stringEnd(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  for (; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  return i;
}

const isWord = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2b ||
  byte === 0x2d ||
  byte === 0x2e ||
  byte === 0x45 ||
  // NaN and Infinity, which Python writes.
  byte === 0x49 ||
  byte === 0x4e;

/** Index of the last byte of the number, true, false or null that begins at `start`. */
export function wordEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i + 1 < bytes.length && isWord(bytes[i + 1] ?? 0)) i += 1;
  return i;
}

/** Throws Error with the reason where the text is no JSON or nested too deep; what `spend` throws. */
export function checkJson(bytes: Uint8Array, { depth: limit, spend }: ReadLimits): void {
  const isObject = new Uint8Array(limit + 1);
  let depth = 0;
  let next = VALUE;
  let unspent = 0;
  const wrong = (at: number): Error =>
    new Error(
      at < bytes.length
        ? `byte ${at} is ${JSON.stringify(String.fromCharCode(bytes[at] ?? 0))}, expected ${EXPECTED[next]}`
        : 'the text ends inside a value',
    );
  for (let i = jsonStart(bytes); i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    if (next === COLON_NEXT) {
      if (byte !== COLON) throw wrong(i);
      next = VALUE;
      continue;
    }
    if (byte === COMMA) {
      if (next !== COMMA_OR_END) throw wrong(i);
      next = isObject[depth] === 1 ? KEY : VALUE;
      continue;
    }
    if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      const open = byte === CLOSE_OBJECT ? 1 : 0;
      const may = next === COMMA_OR_END || next === (open === 1 ? KEY_OR_END : VALUE_OR_END);
      if (!may || isObject[depth] !== open) throw wrong(i);
      depth -= 1;
      next = depth === 0 ? NOTHING : COMMA_OR_END;
      continue;
    }
    if (next === KEY || next === KEY_OR_END) {
      if (byte !== QUOTE) throw wrong(i);
      i = stringEnd(bytes, i);
      next = COLON_NEXT;
      continue;
    }
    if (next > VALUE_OR_END) throw wrong(i);
    unspent += 1;
    if (unspent === SPEND_EVERY) {
      spend(unspent);
      unspent = 0;
    }
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > limit) throw new Error(`nested deeper than ${limit} levels`);
      isObject[depth] = byte === OPEN_OBJECT ? 1 : 0;
      next = byte === OPEN_OBJECT ? KEY_OR_END : VALUE_OR_END;
      continue;
    }
    if (byte === QUOTE) i = stringEnd(bytes, i);
    else if (isWord(byte)) i = wordEnd(bytes, i);
    else throw wrong(i);
    if (i >= bytes.length) break;
    next = depth === 0 ? NOTHING : COMMA_OR_END;
  }
  spend(unspent);
  if (next !== NOTHING) throw wrong(bytes.length);
}
