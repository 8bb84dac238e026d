/**
 * OTLP/HTTP trace bodies to spans (opentelemetry-proto 1.x, protobuf and JSON). In JSON: ids in hex, enums as numbers
 * or names, 64-bit integers as text or numbers, lowerCamelCase or the original snake_case. A span that cannot be read is
 * rejected alone; its position counts spans through the whole body.
 */

import { LAST_EXPIRING_S, MOST_RETENTION_DAYS } from '../../model/kept-until.ts';
import type { Attributes, Span, SpanEvent, SpanKind, SpanLink, StatusCode } from '../../model/span.ts';
import { nanoseconds } from '../../model/units.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import type { RecordVisitor } from '../json/json-text.ts';

export type Node = Record<string, unknown>;

/** Hears an ExportTraceServiceRequest in its order: spans belong to the resource and the scope that came last. */
export interface SpanVisitor extends RecordVisitor {
  readonly resource: (resource: unknown) => void;
  readonly scope: (scope: unknown) => void;
}

const KINDS: readonly SpanKind[] = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES: readonly StatusCode[] = ['Unset', 'Ok', 'Error'];

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const snakes = new Map<string, string>();
/** Field names are few and asked for millions of times. */
function snake(name: string): string {
  const known = snakes.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  snakes.set(name, made);
  return made;
}
const get = (node: Node, name: string): unknown => node[name] ?? node[snake(name)];
const text = (node: Node, name: string): string => {
  const value = get(node, name);
  return typeof value === 'string' ? value : '';
};
function nodes(node: Node, name: string): readonly Node[] {
  const value = get(node, name);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function enumeration<T extends string>(value: unknown, names: readonly T[], prefix: string): T {
  const index =
    typeof value === 'number' ? value : names.findIndex((name) => `${prefix}${name.toUpperCase()}` === value);
  const found = names[index] ?? names[0];
  if (found === undefined) throw new Error('empty enumeration');
  return found;
}

/** AnyValue as text: what the Collector's exporter stores (arrays and maps as JSON). */
function plain(value: unknown): unknown {
  if (!isNode(value)) return null;
  for (const name of ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'bytesValue']) {
    const found = get(value, name);
    if (found !== undefined) return name === 'intValue' ? Number(found) : found;
  }
  const array = get(value, 'arrayValue');
  if (isNode(array)) return nodes(array, 'values').map(plain);
  const map = get(value, 'kvlistValue');
  if (isNode(map))
    return Object.fromEntries(nodes(map, 'values').map((entry) => [text(entry, 'key'), plain(get(entry, 'value'))]));
  return null;
}

function attributes(node: Node): Attributes {
  const entries = nodes(node, 'attributes').map((entry): [string, string] => {
    const value = get(entry, 'value');
    const int = isNode(value) ? get(value, 'intValue') : undefined;
    if (int !== undefined) return [text(entry, 'key'), String(int)];
    const found = plain(value);
    return [text(entry, 'key'), typeof found === 'string' ? found : found === null ? '' : JSON.stringify(found)];
  });
  return Object.fromEntries(entries);
}

const LAST_TIME = BigInt(LAST_EXPIRING_S) * 1_000_000_000n;

/** Unix nanoseconds; 0 where absent. Throws where it is no time or one that the store cannot hold. */
function time(node: Node, name: string): bigint {
  const value = get(node, name);
  if (value === undefined || value === null) return 0n;
  const found =
    typeof value === 'string' && /^\d{1,20}$/.test(value)
      ? BigInt(value)
      : typeof value === 'number' && Number.isFinite(value) && value >= 0
        ? BigInt(Math.round(value))
        : null;
  if (found === null)
    throw new Error(`${name} is ${JSON.stringify(value).slice(0, 40)}, expected Unix nanoseconds as decimal text`);
  if (found >= LAST_TIME)
    throw new Error(
      `${name} is ${found}, after 2095: the store keeps times until 2106, less up to ${MOST_RETENTION_DAYS} days of retention`,
    );
  return found;
}

function identifier(node: Node, name: string, digits: number): string {
  const value = text(node, name).toLowerCase();
  if (value.length !== digits || !/^[0-9a-f]+$/.test(value))
    throw new Error(`${name} is ${JSON.stringify(value.slice(0, 40))}, expected ${digits} hex digits`);
  if (/^0+$/.test(value)) throw new Error(`${name} is all zeros`);
  return value;
}

function span(node: Node, resource: Attributes, scope: Node): Span {
  const start = time(node, 'startTimeUnixNano');
  const end = time(node, 'endTimeUnixNano');
  if (start === 0n) throw new Error('startTimeUnixNano is missing');
  if (end < start) throw new Error(`endTimeUnixNano (${end}) is before startTimeUnixNano (${start})`);
  const status = get(node, 'status');
  const parent = text(node, 'parentSpanId').toLowerCase();
  if (!/^([0-9a-f]{16})?$/.test(parent))
    throw new Error(`parentSpanId is ${JSON.stringify(parent.slice(0, 40))}, expected 16 hex digits or none`);
  return {
    traceId: identifier(node, 'traceId', 32),
    spanId: identifier(node, 'spanId', 16),
    parentSpanId: /^0*$/.test(parent) ? '' : parent,
    traceState: text(node, 'traceState'),
    name: text(node, 'name'),
    kind: enumeration(get(node, 'kind'), KINDS, 'SPAN_KIND_'),
    serviceName: resource['service.name'] ?? '',
    resourceAttributes: resource,
    scopeName: text(scope, 'name'),
    scopeVersion: text(scope, 'version'),
    attributes: attributes(node),
    start: nanoseconds(start),
    duration: nanoseconds(end - start),
    statusCode: enumeration(isNode(status) ? get(status, 'code') : 0, STATUSES, 'STATUS_CODE_'),
    statusMessage: isNode(status) ? text(status, 'message') : '',
    events: nodes(node, 'events').map(
      (event): SpanEvent => ({
        time: nanoseconds(time(event, 'timeUnixNano')),
        name: text(event, 'name'),
        attributes: attributes(event),
      }),
    ),
    links: nodes(node, 'links').map(
      (link): SpanLink => ({
        traceId: text(link, 'traceId').toLowerCase(),
        spanId: text(link, 'spanId').toLowerCase(),
        traceState: text(link, 'traceState'),
        attributes: attributes(link),
      }),
    ),
  };
}

/** Hears a request and tells its spans, some hundred at a time; a span that cannot be read is rejected alone. */
export function spanDecoder(
  take: (spans: readonly Span[]) => void,
  reject: (position: number, reason: string) => void,
): SpanVisitor {
  let resource: Attributes = {};
  let scope: Node = {};
  let position = 0;
  return {
    resource(node) {
      resource = isNode(node) ? attributes(node) : {};
    },
    scope(node) {
      scope = isNode(node) ? node : {};
    },
    records(records) {
      const spans: Span[] = [];
      for (const record of records) {
        try {
          if (!isNode(record)) throw new Error('the span is not an object');
          spans.push(span(record, resource, scope));
        } catch (error) {
          reject(position, errorSentence(error, 'the record'));
        }
        position += 1;
      }
      take(spans);
    },
    refuse(reason) {
      reject(position, reason);
      position += 1;
    },
  };
}

export const isProtobuf = (contentType: string): boolean => /^application\/(x-)?protobuf\b/i.test(contentType.trim());
