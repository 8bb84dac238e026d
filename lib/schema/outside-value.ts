/** Values of unknown shape, read leniently: what is not there is not there, what is of another kind is told. */
import { quotedShort } from './issue-sentence.ts';
import type { SetAsideCounter } from './set-aside.ts';

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `null` and a missing field are an empty list (Go marshals nil slices as null); anything else that is no list is null. */
export const listOf = (value: unknown): readonly unknown[] | null =>
  value === null || value === undefined ? [] : Array.isArray(value) ? value : null;

/** Text as it stands, numbers and booleans spelled; null for everything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The first texts of a list, each cut to 1,000 characters: messages of a source. */
export const textsOf = (value: unknown): string[] =>
  (listOf(value) ?? []).slice(0, 20).flatMap((item) => (typeof item === 'string' ? [item.slice(0, 1000)] : []));

/**
 * Labels or annotations: null and a missing field are none, a value that is null is no label (Prometheus: an empty label is an
 * absent one). Values of another kind are left out and told. Keys may be anything, `__proto__` too.
 */
export function labelsOf(value: unknown, where: () => string, setAside: SetAsideCounter): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) {
    setAside.add(where, 'its labels or annotations are not an object');
    return {};
  }
  const entries: [string, string][] = [];
  for (const [name, item] of Object.entries(value)) {
    const text = textOf(item);
    if (text !== null) entries.push([name, text]);
    else if (item !== null) setAside.add(where, `the value of ${quotedShort(name)} is not text`);
  }
  return Object.fromEntries(entries);
}
