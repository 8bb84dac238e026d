/**
 * Look-ups in plain objects by keys from outside. `table[key]` finds what every object inherits (`constructor`), and
 * `table[key] = value` loses `__proto__`: these two do neither. test/lint/outside-keys.test.ts refuses the other way.
 */

/** The value that stands in the table itself under this key. */
export const ownValue = <Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Puts the value into the table itself, whatever the key is. */
export function setOwnValue<Value>(table: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(table, key, { value, configurable: true, enumerable: true, writable: true });
  else table[key] = value;
}
