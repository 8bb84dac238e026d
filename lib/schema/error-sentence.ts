/**
 * What a thrown value may say to people outside: one bounded sentence without stack, file, SQL, credentials or a library's
 * words. The log holds the whole of it.
 */
import { errorMessage } from '../model/error-message.ts';
import { schemaErrorSentence } from './issue-sentence.ts';

const LONGEST = 300;

/** From here on it is where something happened, or what was asked, not what happened. */
const TAILS = [
  /\n\s+at [\s\S]*$/,
  /Traceback \(most recent call last\)[\s\S]*$/,
  /\bStack trace:[\s\S]*$/i,
  /[:.]?\s?\b(?:In scope|[Ww]hile (?:executing|processing|reading the value of key)|Row \d+:)[\s\S]*$/,
  /[:.]?\s?\(?\b(?:at row \d+|in file\/uri|in query)\b[\s\S]*$/i,
  /\b(?:SELECT|INSERT INTO|ALTER TABLE|CREATE (?:TABLE|MATERIALIZED)|SETTINGS|SET param_\w+)\b[\s\S]*$/,
  /[:.]?\s?\(version [\d.]+[^)]*\)[\s\S]*$/,
];
/** Of this machine's file system; addresses of X-Ray and of sources stay. */
const FILE = /(?:file:\/\/)?(?<![\w:/.\]>-])\/(?!api\/|v1\/|s\/|-\/)(?:[\w.@%+~-]+\/)+[\w.@%+~-]*/g;

/** Control characters, newlines, secrets and paths removed; at most 300 characters. */
export function cleanSentence(raw: string): string {
  let text = raw.slice(0, 4000);
  for (const tail of TAILS) text = text.replace(tail, '');
  text = text
    .replaceAll(/\bDB::(?:Net)?Exception: ?/g, '')
    .replaceAll(/:\/\/[^\s/@"']*:[^\s/"']*@/g, '://')
    .replaceAll(/\b(Bearer|Basic) [\w.~+/=-]+/gi, '$1 ...')
    .replaceAll(/\b(password|token|secret|authorization)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi, '$1$2...')
    .replaceAll(FILE, 'a file')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
    .replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .toWellFormed()
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()}...` : text;
}

/** `whole`: what was read when a schema refused it. Faults of X-Ray's own code say so and nothing else. */
export function errorSentence(error: unknown, whole = 'the answer'): string {
  const refused = schemaErrorSentence(error, whole);
  if (refused !== null) return cleanSentence(refused);
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
    return /fetch failed|Invalid URL/.test(error.message) ? cleanSentence(error.message) : `${whole} could not be read`;
  return cleanSentence(errorMessage(error));
}
