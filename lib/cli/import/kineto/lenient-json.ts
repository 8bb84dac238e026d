/**
 * JSON as tools that print it by hand write it (kineto prints with fmt, others with C's printf): NaN and Infinity, control characters
 * and lone backslashes within strings, a comma before a closing bracket. Numbers of more digits than a double holds come back as
 * their text, so that no 64-bit value is rounded.
 */

/** A number that a double may not hold: 16 digits, or 2^43 and more before a point, where thousandths are lost (decimal-time.ts). */
const LONG_NUMBER = /\d{16}|(?:\d{14}|[89]\d{12})\.\d/;
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
/** A longer text is read letter by letter: an expression over it would need a stack as long. */
const MOST_MATCHED = 2 ** 20;
const TOKEN = /[-+.\w]+(?:\(\w*\))?/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const NOT_FINITE = /^[-+]?(?:nan|inf|infinity)(?:\(\w*\))?$/i;
const LITERALS: ReadonlyMap<string, string> = new Map([
  ['None', 'null'],
  ['True', 'true'],
  ['False', 'false'],
]);

/** Undefined where the text is no JSON even so. Takes time in proportion to the text. */
export function parseLenient(text: string): unknown {
  const isLong = LONG_NUMBER.test(text);
  if (!isLong || text.length <= MOST_MATCHED) {
    const value = parse(isLong ? withLongNumbers(text) : text);
    if (value !== undefined) return value;
  }
  return parse(strict(text));
}

/** The same JSON with numbers that a double may not hold as texts. */
const withLongNumbers = (text: string): string =>
  text.replace(TEXT_OR_NUMBER, (found) => (found.startsWith('"') || !LONG_NUMBER.test(found) ? found : `"${found}"`));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same value in strict JSON, as far as that can be told. */
function strict(text: string): string {
  const out: string[] = [];
  /** Index in `out` of a comma that nothing but blanks follows. */
  let comma = -1;
  let i = 0;
  while (i < text.length) {
    const letter = text[i] ?? '';
    if (letter === '"') {
      const end = stringEnd(text, i);
      out.push(strictString(text.slice(i, end)));
      comma = -1;
      i = end;
    } else if (letter === ',') {
      comma = out.push(letter) - 1;
      i += 1;
    } else if (letter === '}' || letter === ']') {
      if (comma !== -1) out[comma] = '';
      comma = -1;
      out.push(letter);
      i += 1;
    } else {
      TOKEN.lastIndex = i;
      const token = TOKEN.exec(text)?.[0];
      if (token !== undefined) out.push(strictToken(token));
      else out.push(letter);
      if (letter.trim() !== '') comma = -1;
      i += token?.length ?? 1;
    }
  }
  return out.join('');
}

/** Index behind the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const letter = text[i];
    if (letter === '\\') i += 1;
    else if (letter === '"') return i + 1;
  }
  return text.length;
}

const hex = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

const strictString = (text: string): string =>
  text
    // A backslash that begins no escape stands for itself.
    .replace(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\/g, (found) => (found === '\\' ? '\\\\' : found))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped here
    .replace(/[\u0000-\u001f]/g, hex);

function strictToken(token: string): string {
  if (NUMBER.test(token)) return LONG_NUMBER.test(token) ? `"${token}"` : token;
  if (NOT_FINITE.test(token)) return `"${token}"`;
  return LITERALS.get(token) ?? token;
}
