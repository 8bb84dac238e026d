/**
 * ExportTraceServiceRequest of opentelemetry-proto 1.x as protobuf, read field by field into the same shape as its JSON
 * form (hex ids, 64-bit integers as decimal text). Unknown fields are skipped, as protobuf wants. Spans are told some at
 * a time and never kept: what reading costs is bounded by `ReadLimits`, whatever the bytes say.
 */
import { RECORD_VALUES, type ReadLimits, tooLargeRecord } from '../read-limits.ts';
import type { Node, SpanVisitor } from './decode.ts';

/** Spans that are told together, and their bytes. */
const TOGETHER = 500;
const TOGETHER_BYTES = 256 * 1024;
/** An id has 16 bytes: of a longer one only so many are read as tell that it is none. */
const ID_BYTES = 64;

class Reader {
  private readonly bytes: Uint8Array;
  private position = 0;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  /** A varint that is a tag, a length or an enumeration; lengths beyond 2^53 end the message anyway. */
  small(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw new Error('the message ends inside a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new Error('a number has more than ten bytes');
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw new Error('the message ends inside a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('a number has more than ten bytes');
  }

  take(length: number): Uint8Array {
    const end = this.position + length;
    if (length < 0 || end > this.bytes.length) throw new Error('the message ends inside a field');
    const part = this.bytes.subarray(this.position, end);
    this.position = end;
    return part;
  }

  fixed64(): bigint {
    const at = this.position;
    this.take(8);
    return this.view.getBigUint64(at, true);
  }

  double(): number {
    const at = this.position;
    this.take(8);
    return this.view.getFloat64(at, true);
  }
}

type Spend = ReadLimits['spend'];
type Read = (reader: Reader, wire: number, depth: number, spend: Spend) => unknown;
interface Field {
  readonly name: string;
  readonly read: Read;
  readonly repeated?: boolean;
}
type Message = Readonly<Record<number, Field>>;

function expectWire(wire: number, expected: number, what: string): void {
  if (wire !== expected) throw new Error(`expected ${what}, got wire type ${wire}`);
}
const bytesOf = (reader: Reader, wire: number): Uint8Array => {
  expectWire(wire, 2, 'a length-delimited field');
  return reader.take(reader.small());
};
// Node's own slice: a TextDecoder costs several times as much for a short text.
const string: Read = (reader, wire) => buffer(bytesOf(reader, wire)).toString('utf8');
const hex: Read = (reader, wire) => buffer(bytesOf(reader, wire).subarray(0, ID_BYTES)).toString('hex');
const base64: Read = (reader, wire) => buffer(bytesOf(reader, wire)).toString('base64');
const buffer = (part: Uint8Array): Buffer => Buffer.from(part.buffer, part.byteOffset, part.byteLength);
const uint: Read = (reader, wire) => {
  expectWire(wire, 0, 'a number');
  return reader.small();
};
const bool: Read = (reader, wire) => {
  expectWire(wire, 0, 'a number');
  return reader.varint() !== 0n;
};
const int64: Read = (reader, wire) => {
  expectWire(wire, 0, 'a number');
  return BigInt.asIntN(64, reader.varint()).toString();
};
const fixed64: Read = (reader, wire) => {
  expectWire(wire, 1, 'a 64-bit field');
  return reader.fixed64().toString();
};
const double: Read = (reader, wire) => {
  expectWire(wire, 1, 'a 64-bit field');
  return reader.double();
};
const message =
  (fields: () => Message): Read =>
  (reader, wire, depth, spend) =>
    readMessage(bytesOf(reader, wire), fields(), { depth: depth - 1, spend });

function skip(reader: Reader, wire: number): void {
  if (wire === 0) reader.varint();
  else if (wire === 1) reader.take(8);
  else if (wire === 2) reader.take(reader.small());
  else if (wire === 5) reader.take(4);
  else throw new Error(`unknown wire type ${wire}`);
}

function readMessage(bytes: Uint8Array, fields: Message, { depth, spend }: ReadLimits): Node {
  if (depth <= 0) throw new Error('the messages are nested too deep');
  const reader = new Reader(bytes);
  const node: Node = {};
  while (!reader.done) {
    spend(1);
    const tag = reader.small();
    const field = fields[Math.floor(tag / 8)];
    const wire = tag % 8;
    if (!field) skip(reader, wire);
    else if (field.repeated) {
      const before = node[field.name];
      const value = field.read(reader, wire, depth, spend);
      if (Array.isArray(before)) before.push(value);
      else node[field.name] = [value];
    } else node[field.name] = field.read(reader, wire, depth, spend);
  }
  return node;
}

// AnyValue, KeyValue and their lists contain each other: the thunks read these constants when all are there.
const ANY: Message = {
  1: { name: 'stringValue', read: string },
  2: { name: 'boolValue', read: bool },
  3: { name: 'intValue', read: int64 },
  4: { name: 'doubleValue', read: double },
  5: { name: 'arrayValue', read: message(() => ARRAY) },
  6: { name: 'kvlistValue', read: message(() => KEY_VALUES) },
  7: { name: 'bytesValue', read: base64 },
};
const ARRAY: Message = { 1: { name: 'values', read: message(() => ANY), repeated: true } };
const KEY_VALUE: Message = { 1: { name: 'key', read: string }, 2: { name: 'value', read: message(() => ANY) } };
const KEY_VALUES: Message = { 1: { name: 'values', read: message(() => KEY_VALUE), repeated: true } };
const ATTRIBUTES: Field = { name: 'attributes', read: message(() => KEY_VALUE), repeated: true };
const EVENT: Message = { 1: { name: 'timeUnixNano', read: fixed64 }, 2: { name: 'name', read: string }, 3: ATTRIBUTES };
const LINK: Message = {
  1: { name: 'traceId', read: hex },
  2: { name: 'spanId', read: hex },
  3: { name: 'traceState', read: string },
  4: ATTRIBUTES,
};
const STATUS: Message = { 2: { name: 'message', read: string }, 3: { name: 'code', read: uint } };
const SPAN: Message = {
  1: { name: 'traceId', read: hex },
  2: { name: 'spanId', read: hex },
  3: { name: 'traceState', read: string },
  4: { name: 'parentSpanId', read: hex },
  5: { name: 'name', read: string },
  6: { name: 'kind', read: uint },
  7: { name: 'startTimeUnixNano', read: fixed64 },
  8: { name: 'endTimeUnixNano', read: fixed64 },
  9: ATTRIBUTES,
  11: { name: 'events', read: message(() => EVENT), repeated: true },
  13: { name: 'links', read: message(() => LINK), repeated: true },
  15: { name: 'status', read: message(() => STATUS) },
};
const SCOPE: Message = { 1: { name: 'name', read: string }, 2: { name: 'version', read: string } };
const RESOURCE: Message = { 1: ATTRIBUTES };

/** The messages of one field; others are passed over. */
function* messages(bytes: Uint8Array, number: number, spend: Spend): Generator<Uint8Array> {
  const reader = new Reader(bytes);
  while (!reader.done) {
    spend(1);
    const tag = reader.small();
    if (Math.floor(tag / 8) === number) yield bytesOf(reader, tag % 8);
    else skip(reader, tag % 8);
  }
}

/** The last message of field 1: what stands before the spans, as a rule, but need not. */
function head(bytes: Uint8Array, fields: Message, limits: ReadLimits): Node {
  let last: Uint8Array | null = null;
  for (const part of messages(bytes, 1, limits.spend)) last = part;
  if (last === null) return {};
  return readRecord(last, fields, limits);
}

/** One that is larger than a record may be; a class of its own, because only it may be refused alone. */
class TooLarge extends RangeError {}

/** Throws TooLarge. */
function readRecord(bytes: Uint8Array, fields: Message, { depth, spend }: ReadLimits): Node {
  let values = 0;
  const check = (): void => {
    const reason = tooLargeRecord(bytes.byteLength, values);
    if (reason !== null) throw new TooLarge(reason);
  };
  check();
  return readMessage(bytes, fields, {
    depth,
    spend(more) {
      values += more;
      if (values > RECORD_VALUES) check();
      spend(more);
    },
  });
}

/**
 * Tells resources, scopes and spans in their order. Throws Error with the reason where the bytes are no such message, or
 * one nested deeper than `depth`; what `spend` throws.
 */
export function readExportTraceServiceRequest(bytes: Uint8Array, limits: ReadLimits, visitor: SpanVisitor): void {
  const { depth, spend } = limits;
  if (depth < 4) throw new Error('the messages are nested too deep');
  let together: Node[] = [];
  let size = 0;
  const flush = (): void => {
    if (together.length > 0) visitor.records(together);
    together = [];
    size = 0;
  };
  for (const resourceSpans of messages(bytes, 1, spend)) {
    visitor.resource(head(resourceSpans, RESOURCE, { depth: depth - 2, spend }));
    for (const scopeSpans of messages(resourceSpans, 2, spend)) {
      visitor.scope(head(scopeSpans, SCOPE, { depth: depth - 3, spend }));
      for (const part of messages(scopeSpans, 2, spend)) {
        try {
          together.push(readRecord(part, SPAN, { depth: depth - 3, spend }));
          size += part.byteLength;
        } catch (error) {
          if (!(error instanceof TooLarge)) throw error;
          flush();
          visitor.refuse(error.message);
        }
        if (together.length === TOGETHER || size > TOGETHER_BYTES) flush();
      }
      flush();
    }
  }
}
