/**
 * What a zod issue says, in X-Ray's own sentences: the one place where issues become text. Answers, the configuration, `xray
 * import` and sources all say them through here, so that nobody reads a library's words, a pattern or a pile of JSON.
 */

/** The fields of zod's issues that are read here (zod/v4/core/errors.ts). */
export interface Issue {
  readonly code?: string | undefined;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly expected?: string | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
  readonly inclusive?: boolean | undefined;
  readonly format?: string | undefined;
  readonly divisor?: number | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly values?: readonly unknown[] | undefined;
  readonly options?: readonly unknown[] | undefined;
  readonly errors?: readonly (readonly Issue[])[] | undefined;
  readonly issues?: readonly Issue[] | undefined;
}

const SHOWN = 100;
const CHOICES = 20;

/** Text from outside as it may stand in a sentence: quoted, no longer than 100 characters, well-formed. */
export function quotedShort(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return typeof value === 'string' ? JSON.stringify(short.toWellFormed()) : short.toWellFormed();
}

const NOUNS: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['bigint', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
  ['record', 'an object'],
  ['tuple', 'a list'],
  ['null', 'null'],
  ['date', 'a date'],
  ['url', 'an address like http://host:port'],
  ['uuid', 'a UUID'],
  ['datetime', 'a time like 2026-01-31T12:00:00Z'],
]);
const COUNTED: ReadonlyMap<string, string> = new Map([
  ['string', 'characters'],
  ['array', 'items'],
  ['set', 'items'],
  ['map', 'items'],
  ['object', 'fields'],
  ['record', 'fields'],
  ['file', 'bytes'],
]);

const choices = (values: readonly unknown[]): string => {
  const shown = values.slice(0, CHOICES).map((value) => (typeof value === 'string' ? value : quotedShort(value)));
  return `${shown.join(', ')}${values.length > CHOICES ? ', ...' : ''}`;
};

function bound(issue: Issue, side: 'at least' | 'at most', limit: number | bigint | undefined): string {
  const counted = COUNTED.get(issue.origin ?? '');
  if (counted !== undefined) return `expected ${side} ${limit} ${counted}`;
  if (issue.inclusive === false) return `expected ${side === 'at least' ? 'more than' : 'less than'} ${limit}`;
  return `expected ${side} ${limit}`;
}

/** The deepest of several readings that failed: the one that came furthest says most. */
function ofUnion(errors: readonly (readonly Issue[])[]): string {
  const readings = errors.map((issues) => issues[0]).filter((issue) => issue !== undefined);
  const depth = Math.max(0, ...readings.map((issue) => issue.path.length));
  const furthest = readings.filter((issue) => issue.path.length === depth).slice(0, 4);
  const parts = furthest.map((issue) => issueSentence(issue).replace(/^expected /, ''));
  return parts.length === 0 ? 'expected another form' : `expected ${[...new Set(parts)].join(' or ')}`;
}

/** What is allowed, as in `expected at most 200 characters`. Sentences that a schema gives itself stay as they are. */
export function issueSentence(issue: Issue): string {
  // A schema's own sentence begins small, a library's with a capital.
  if (/^[a-z]/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${NOUNS.get(issue.expected ?? '') ?? 'another kind of value'}`;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'expected at least one character';
      return bound(issue, 'at least', issue.minimum);
    case 'too_big':
      return bound(issue, 'at most', issue.maximum);
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return issue.values?.length === 1
        ? `expected ${choices(issue.values)}`
        : `expected one of: ${choices(issue.values ?? [])}`;
    case 'invalid_union':
      if (issue.options !== undefined && issue.options.length > 0) return `expected one of: ${choices(issue.options)}`;
      return ofUnion(issue.errors ?? []);
    case 'unrecognized_keys':
      return `unknown ${issue.keys?.length === 1 ? 'name' : 'names'}: ${(issue.keys ?? []).slice(0, CHOICES).map(quotedShort).join(', ')}`;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues?.[0] ? issueSentence(issue.issues[0]) : 'expected another name';
    case 'invalid_format':
      return `expected ${NOUNS.get(issue.format ?? '') ?? 'text of another form'}`;
    default:
      return 'expected another value';
  }
}

/** Where in the value, as in `clusters.0.ray.url`; no more of it than a reader needs. */
export const issuePath = (issue: Issue): string => quotedShort(issue.path.map(String).join('.')).slice(1, -1);

interface IssueError {
  readonly issues: readonly Issue[];
}

/** `field "clusters.0.name": expected text`: the first issue of a value called `whole`, as in `the body`. */
export function firstIssueSentence(error: IssueError, whole: string): string {
  const [issue] = error.issues;
  if (issue === undefined) return `${whole}: expected another value`;
  const field = issuePath(issue);
  return field === '' ? `${whole}: ${issueSentence(issue)}` : `field "${field}": ${issueSentence(issue)}`;
}

/** Told apart by its fields: two copies of zod may meet. Null where the thrown value is no error of a schema. */
export function schemaErrorSentence(error: unknown, whole: string): string | null {
  if (!(error instanceof Error) || !('issues' in error) || !Array.isArray(error.issues)) return null;
  return firstIssueSentence({ issues: error.issues as readonly Issue[] }, whole);
}
