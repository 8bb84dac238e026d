/**
 * OTLP/HTTP trace bodies to spans (opentelemetry-proto 1.x, protobuf and JSON). In JSON: ids in hex, enums as numbers
 * or names, 64-bit integers as text or numbers, lowerCamelCase or the original snake_case. A span that cannot be read is
 * rejected alone; its position counts spans through the whole body. What stands beside its ids and its start never costs the span:
 * events and links that cannot be read are left out, an end that is missing, not a time or before the start becomes the start, and an
 * attribute says so. Only an end after 2095, which the store cannot hold, rejects the span, as such a start does (span-times.ts).
 */

import {
  type Attributes,
  CLOCK_NOTE,
  LINKS_NOTE,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type StatusCode,
} from '../../model/span.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import type { RecordVisitor } from '../json/json-text.ts';
import { attributes, get, isNode, type Node, nodes, text } from './any-value.ts';
import { eventTime, spanTimes } from './span-times.ts';

/** Hears an ExportTraceServiceRequest in its order: spans belong to the resource and the scope that came last. */
export interface SpanVisitor extends RecordVisitor {
  readonly resource: (resource: unknown) => void;
  readonly scope: (scope: unknown) => void;
}

const KINDS: readonly SpanKind[] = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES: readonly StatusCode[] = ['Unset', 'Ok', 'Error'];

function enumeration<T extends string>(value: unknown, names: readonly T[], prefix: string): T {
  const index =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{1,2}$/.test(value)
        ? Number(value)
        : names.findIndex((name) => [`${prefix}${name.toUpperCase()}`, name.toUpperCase()].includes(String(value)));
  const found = names[index] ?? names[0];
  if (found === undefined) throw new Error('empty enumeration');
  return found;
}

const isByte = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256;

/** Hex, or bytes as numbers, which opentelemetry-rust wrote (#2065); what else it may be is shown in errors. */
function idText(node: Node, name: string): string {
  const value = get(node, name);
  if (typeof value === 'string') return value.toLowerCase();
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return '';
  if (Array.isArray(value) && (value.length === 8 || value.length === 16) && value.every(isByte))
    return Buffer.from(value).toString('hex');
  return JSON.stringify(value);
}

const isId = (value: string, digits: number): boolean =>
  value.length === digits && /^[0-9a-f]+$/.test(value) && !/^0+$/.test(value);

function identifier(node: Node, name: string, digits: number): string {
  const value = idText(node, name);
  if (isId(value, digits)) return value;
  if (value.length === digits && /^0+$/.test(value)) throw new Error(`${name} is all zeros`);
  // As it came: base64 is known by its capitals.
  const given = get(node, name);
  const shown = typeof given === 'string' ? given : value;
  throw new Error(`${name} is ${JSON.stringify(shown.slice(0, 40))}, expected ${digits} hex digits`);
}

function parentOf(node: Node): string {
  const given = get(node, 'parentSpanId');
  // What is neither text nor bytes names no parent.
  const parent = typeof given === 'string' || Array.isArray(given) ? idText(node, 'parentSpanId') : '';
  if (!/^([0-9a-f]{16})?$/.test(parent))
    throw new Error(`parentSpanId is ${JSON.stringify(parent.slice(0, 40))}, expected 16 hex digits or none`);
  return /^0*$/.test(parent) ? '' : parent;
}

/** An event without a time stands where its span begins. */
function eventOf(event: Node, start: Span['start']): SpanEvent {
  const time = eventTime(event);
  const own = attributes(event);
  return {
    time: time ?? start,
    name: text(event, 'name'),
    attributes: time === null ? { ...own, [CLOCK_NOTE]: 'it has no time; placed at the start of its span' } : own,
  };
}

/** Links to what can be a span; one to nothing would be a link to every span without an id. */
function linksOf(node: Node): { readonly links: readonly SpanLink[]; readonly note: string | null } {
  const all = get(node, 'links');
  const links = nodes(node, 'links')
    .map((link) => ({
      traceId: idText(link, 'traceId'),
      spanId: idText(link, 'spanId'),
      traceState: text(link, 'traceState'),
      attributes: attributes(link),
    }))
    .filter(({ traceId, spanId }) => isId(traceId, 32) && isId(spanId, 16));
  const reported = Array.isArray(all) ? all.length : 0;
  const isAll = links.length === reported;
  return {
    links,
    note: isAll ? null : `${reported - links.length} of ${reported} left out: no trace id and span id in hex`,
  };
}

function span(node: Node, resource: Attributes, scope: Node): Span {
  const { start, duration, note } = spanTimes(node);
  const status = get(node, 'status');
  const { links, note: linksNote } = linksOf(node);
  const notes = {
    ...(note === null ? {} : { [CLOCK_NOTE]: note }),
    ...(linksNote === null ? {} : { [LINKS_NOTE]: linksNote }),
  };
  return {
    parentSpanId: parentOf(node),
    traceId: identifier(node, 'traceId', 32),
    spanId: identifier(node, 'spanId', 16),
    traceState: text(node, 'traceState'),
    name: text(node, 'name'),
    kind: enumeration(get(node, 'kind'), KINDS, 'SPAN_KIND_'),
    serviceName: resource['service.name'] ?? '',
    resourceAttributes: resource,
    scopeName: text(scope, 'name'),
    scopeVersion: text(scope, 'version'),
    // First, because of very many attributes the first are shown; and again, because a sender may have one of the same name.
    attributes: { ...notes, ...attributes(node), ...notes },
    start,
    duration,
    statusCode: enumeration(isNode(status) ? get(status, 'code') : 0, STATUSES, 'STATUS_CODE_'),
    statusMessage: isNode(status) ? text(status, 'message') : '',
    events: nodes(node, 'events').map((event) => eventOf(event, start)),
    links,
  };
}

/**
 * Hears a request and tells its spans, some hundred at a time; a span that cannot be read is rejected alone, and so is one that `refuses`
 * has a reason against.
 */
export function spanDecoder(
  take: (spans: readonly Span[]) => void,
  reject: (position: number, reason: string) => void,
  refuses: (span: Span) => string | null = () => null,
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
          const decoded = span(record, resource, scope);
          const reason = refuses(decoded);
          if (reason === null) spans.push(decoded);
          else reject(position, reason);
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
