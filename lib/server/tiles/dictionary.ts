/** Gives each distinct text an index in the order of its first appearance. */
export function dictionary(...known: readonly string[]): {
  readonly values: string[];
  readonly indexOf: (text: string) => number;
} {
  const values = [...known];
  const indices = new Map(values.map((value, index) => [value, index]));
  return {
    values,
    indexOf(text) {
      const found = indices.get(text);
      if (found !== undefined) return found;
      indices.set(text, values.length);
      values.push(text);
      return values.length - 1;
    },
  };
}
