/**
 * JSON.parse for text from outside: whole numbers beyond 2^53, which a double cannot hold, come as their decimal text (protobuf's JSON form
 * writes 64-bit integers as text, so who reads one takes both), and what Python's json module writes beside the standard is read: NaN and
 * Infinity as these texts, as protobuf's JSON form has them, control characters inside a text as themselves.
 */

/** A number of 16 digits or more, or one with an exponent of two digits: also found inside texts, where it costs only time. */
const WIDE = /[:,[]\s*-?(?:\d{16}|\d+(?:\.\d+)?[eE]\+?\d\d)|^\s*-?\d{16}/;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,3}))?$/;
/** Of 2^64. */
const MOST_DIGITS = 20;

/** Decimal digits of a whole number as JSON spells it; null where it is none, or has more than 64 bits. */
function wholeDigits(source: string): string | null {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(source) ?? [];
  const indexes = Number(exponent);
  if (whole === '' || fraction.length > indexes || whole.length + indexes > MOST_DIGITS) return null;
  const digits = `${whole}${fraction.padEnd(indexes, '0')}`.replace(/^0+(?=\d)/, '');
  return `${sign}${digits}`;
}

type Revive = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown;
const exact: Revive = (_key, value, context) =>
  typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER
    ? (wholeDigits(context?.source ?? '') ?? value)
    : value;

/** Throws SyntaxError where the text is no JSON. */
export function parseExactJson(text: string): unknown {
  return WIDE.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
}

/** As parseExactJson, where that threw: text as Python writes it. Throws SyntaxError where it is not that either. */
export function parseLooseJson(text: string): unknown {
  const parts: string[] = [];
  let from = 0;
  const replace = (at: number, length: number, by: string): void => {
    parts.push(text.slice(from, at), by);
    from = at + length;
  };
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i += 1;
      else if (code === 0x22) inString = false;
      else if (code < 0x20) replace(i, 1, `\\u${code.toString(16).padStart(4, '0')}`);
    } else if (code === 0x22) inString = true;
    // N, I and the sign before it.
    else if (code === 0x4e && text.startsWith('NaN', i)) replace(i, 3, '"NaN"');
    else if (code === 0x49 && text.startsWith('Infinity', i))
      replace(
        text[i - 1] === '-' ? i - 1 : i,
        text[i - 1] === '-' ? 9 : 8,
        text[i - 1] === '-' ? '"-Infinity"' : '"Infinity"',
      );
  }
  parts.push(text.slice(from));
  return parseExactJson(parts.join(''));
}
