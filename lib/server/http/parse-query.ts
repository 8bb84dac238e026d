/** The parameters of a request as a contract's schema reads them: the one place where routes look at an address. */
import { z } from 'zod';
import { issueSentence, quotedShort } from '../../schema/issue-sentence.ts';
import { ProblemError } from './problem.ts';

const invalid = (name: string, detail: string) =>
  new ProblemError('invalid-parameter', `parameter ${quotedShort(name)} ${detail}`);

/** What a parameter that may be left out was not; for sentences of what is missing. */
const isRequired = (schema: z.core.$ZodType): boolean => !z.safeParse(schema, undefined).success;

/**
 * `path`: parameters of the path, decoded. Throws ProblemError 400 that names the parameter and what it takes: of one that the
 * schema does not know, one that is given twice, one that is missing, and the first that is wrong.
 */
export function parseQuery<Query extends z.ZodObject>(
  schema: Query,
  request: Request,
  path: Readonly<Record<string, string>> = {},
): z.output<Query> {
  const { shape } = schema;
  const given = new Map(Object.entries(path));
  const inPath = new Set(given.keys());
  const isStrict = schema.def.catchall !== undefined;
  for (const [name, value] of new URL(request.url).searchParams) {
    if (!isStrict && !Object.hasOwn(shape, name)) continue;
    if (inPath.has(name) || !Object.hasOwn(shape, name))
      throw new ProblemError(
        'unknown-parameter',
        `unknown parameter ${quotedShort(name)}; this resource takes: ${
          Object.keys(shape)
            .filter((known) => !inPath.has(known))
            .join(', ') || 'none'
        }`,
      );
    if (given.has(name)) throw invalid(name, 'is given twice: expected it once');
    given.set(name, value);
  }
  for (const [name, parameter] of Object.entries(shape))
    if (!given.has(name) && isRequired(parameter)) throw invalid(name, 'is missing');
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? '');
  throw invalid(name, `is ${quotedShort(given.get(name) ?? null)}: ${issue ? issueSentence(issue) : 'invalid'}`);
}
