/**
 * AnyValue of opentelemetry-proto 1.x as text, as the Collector's ClickHouse exporter stores it (pcommon.Value.AsString): text as it is,
 * numbers in decimal, arrays and maps as JSON. Integers keep all their 64 bits wherever they stand; NaN and the infinities are spelled as
 * protobuf's JSON form spells them.
 */
import { ownValue } from '../../model/own-value.ts';
import type { Attributes } from '../../model/span.ts';
import { snakeCase } from '../json/snake-case.ts';

export type Node = Record<string, unknown>;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field by its lowerCamelCase name, in either spelling. */
export const get = (node: Node, name: string): unknown => ownValue(node, name) ?? ownValue(node, snakeCase(name));

export const text = (node: Node, name: string): string => {
  const value = get(node, name);
  return typeof value === 'string' ? value : '';
};

/** What of a list are messages. */
export function nodes(node: Node, name: string): readonly Node[] {
  const value = get(node, name);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

const WHOLE = /^-?\d{1,20}$/;
/** Spelled as JSON spells a number. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const numberText = (value: unknown): string =>
  typeof value === 'number'
    ? Number.isFinite(value)
      ? JSON.stringify(value)
      : String(value)
    : typeof value === 'string'
      ? value
      : '';

/** One value as JSON. Nested no deeper than the body, whose depth is bounded. */
function anyJson(value: unknown): string {
  if (!isNode(value)) return 'null';
  const string = get(value, 'stringValue') ?? get(value, 'bytesValue');
  if (string !== undefined) return JSON.stringify(string);
  const bool = get(value, 'boolValue');
  if (bool !== undefined) return String(bool === true || bool === 'true');
  const int = get(value, 'intValue');
  if (int !== undefined) {
    const digits = numberText(int);
    return WHOLE.test(digits) ? String(BigInt(digits)) : JSON.stringify(digits);
  }
  const double = get(value, 'doubleValue');
  if (double !== undefined) {
    const digits = numberText(double);
    return NUMBER.test(digits) ? digits : JSON.stringify(digits);
  }
  const array = get(value, 'arrayValue');
  if (isNode(array)) {
    const values = get(array, 'values');
    return `[${(Array.isArray(values) ? values : []).map(anyJson).join(',')}]`;
  }
  const map = get(value, 'kvlistValue');
  if (!isNode(map)) return 'null';
  // Of keys that come twice the last one counts.
  const entries = new Map(nodes(map, 'values').map((entry) => [text(entry, 'key'), get(entry, 'value')]));
  return `{${[...entries].map(([key, inner]) => `${JSON.stringify(key)}:${anyJson(inner)}`).join(',')}}`;
}

/** '' where there is no value. */
function anyText(value: unknown): string {
  if (!isNode(value)) return '';
  const string = get(value, 'stringValue') ?? get(value, 'bytesValue');
  if (typeof string === 'string') return string;
  const number = get(value, 'intValue') ?? get(value, 'doubleValue');
  if (number !== undefined) return numberText(number);
  const found = anyJson(value);
  return found === 'null' ? '' : found;
}

/** `attributes` of a message. Of keys that come twice the last one counts. */
export const attributes = (node: Node): Attributes =>
  Object.fromEntries(nodes(node, 'attributes').map((entry) => [text(entry, 'key'), anyText(get(entry, 'value'))]));
