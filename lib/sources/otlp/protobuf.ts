/**
 * ExportTraceServiceRequest of opentelemetry-proto 1.x as protobuf, read field by field into the same shape as its JSON
 * form (hex ids, 64-bit integers as decimal text). Unknown fields are skipped, as protobuf wants.
 */
export type Node = Record<string, unknown>;

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

type Read = (reader: Reader, wire: number, depth: number) => unknown;
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
const hex: Read = (reader, wire) => buffer(bytesOf(reader, wire)).toString('hex');
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
  (reader, wire, depth) =>
    readMessage(bytesOf(reader, wire), fields(), depth - 1);

function skip(reader: Reader, wire: number): void {
  if (wire === 0) reader.varint();
  else if (wire === 1) reader.take(8);
  else if (wire === 2) reader.take(reader.small());
  else if (wire === 5) reader.take(4);
  else throw new Error(`unknown wire type ${wire}`);
}

function readMessage(bytes: Uint8Array, fields: Message, depth: number): Node {
  if (depth <= 0) throw new Error('the messages are nested too deep');
  const reader = new Reader(bytes);
  const node: Node = {};
  while (!reader.done) {
    const tag = reader.small();
    const field = fields[Math.floor(tag / 8)];
    const wire = tag % 8;
    if (!field) skip(reader, wire);
    else if (field.repeated) {
      const before = node[field.name];
      const value = field.read(reader, wire, depth);
      if (Array.isArray(before)) before.push(value);
      else node[field.name] = [value];
    } else node[field.name] = field.read(reader, wire, depth);
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
const SCOPE_SPANS: Message = {
  1: {
    name: 'scope',
    read: message(() => SCOPE),
  },
  2: { name: 'spans', read: message(() => SPAN), repeated: true },
};
const RESOURCE: Message = { 1: ATTRIBUTES };
const RESOURCE_SPANS: Message = {
  1: { name: 'resource', read: message(() => RESOURCE) },
  2: { name: 'scopeSpans', read: message(() => SCOPE_SPANS), repeated: true },
};

/** Throws Error with the reason where the bytes are no such message, or one nested deeper than `depth`. */
export function readExportTraceServiceRequest(bytes: Uint8Array, depth: number): Node {
  const request = { 1: { name: 'resourceSpans', read: message(() => RESOURCE_SPANS), repeated: true } };
  return readMessage(bytes, request, depth);
}
