/** Objects whose keys come from outside. zod's own record leaves out the key `__proto__`. */
import { z } from 'zod';
import { issueSentence } from './issue-sentence.ts';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every key of its own, values as `value` reads them; the first that it refuses is the issue, under its key. */
export const byKey = <Value extends z.ZodType>(value: Value) =>
  z
    .custom<Readonly<Record<string, z.input<Value>>>>(isObject, 'expected an object')
    .transform((given, context): Record<string, z.output<Value>> => {
      const entries: [string, z.output<Value>][] = [];
      for (const [key, item] of Object.entries(given)) {
        const parsed = value.safeParse(item);
        if (!parsed.success) {
          for (const issue of parsed.error.issues)
            context.addIssue({ code: 'custom', path: [key, ...issue.path], message: issueSentence(issue) });
          return z.NEVER;
        }
        entries.push([key, parsed.data]);
      }
      return Object.fromEntries(entries);
    });
