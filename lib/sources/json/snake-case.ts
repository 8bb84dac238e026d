const snakes = new Map<string, string>();

/**
 * A field's snake_case spelling, which protobuf-JSON may have in place of lowerCamelCase. Kept, because names are few and asked for
 * millions of times: only for names that the code itself writes.
 */
export function snakeCase(name: string): string {
  const known = snakes.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  snakes.set(name, made);
  return made;
}
