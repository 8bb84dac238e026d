/**
 * ExportTraceServiceRequest of opentelemetry-proto 1.x as protobuf, read field by field into the same shape as its JSON
 * form (hex ids, 64-bit integers as decimal text). Unknown fields are skipped, as protobuf wants. Spans are told some at
 * a time and never kept: what reading costs is bounded by `ReadLimits`, whatever the bytes say.
 */
import { RECORD_VALUES, type ReadLimits, tooLargeRecord } from '../read-limits.ts';
import type { Node } from './any-value.ts';
import type { SpanVisitor } from './decode.ts';

/** Spans that are told together, and their bytes. */
const TOGETHER = 500;
const TOGETHER_BYTES = 256 * 1024;
/** An id has 16 bytes: of a longer one only so many are read as tell that it is none. */
const ID_BYTES = 64;

/** One for the whole body: a message inside it is a stretch of the same bytes, up to `end`. */
class Reader {
  position = 0;
  /** Of the message that is read. */
  end: number;
  private readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  private next(): number {
    if (this.position >= this.end) throw new Error('the message ends inside a number');
    return this.bytes[this.position++] ?? 0;
  }

  /** A varint that is a tag, a length or an enumeration; lengths beyond 2^53 end the message anyway. */
  small(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.next();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new Error('a number has more than ten bytes');
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('a number has more than ten bytes');
  }

  /** Passes `length` bytes and says where they began. */
  pass(length: number): number {
    const start = this.position;
    if (length < 0 || start + length > this.end) throw new Error('the message ends inside a field');
    this.position = start + length;
    return start;
  }

  text(length: number, encoding: 'utf8' | 'hex' | 'base64', most = length): string {
    const start = this.pass(length);
    return this.bytes.toString(encoding, start, start + Math.min(length, most));
  }

  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.pass(8));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.pass(8));
  }

  /** Reads the stretch from `start` to `end` and comes back to where it was. */
  within<T>(start: number, end: number, read: () => T): T {
    const [position, outer] = [this.position, this.end];
    this.position = start;
    this.end = end;
    try {
      return read();
    } finally {
      this.position = position;
      this.end = outer;
    }
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
/** Length of a length-delimited field, whose bytes come next. */
const lengthOf = (reader: Reader, wire: number): number => {
  expectWire(wire, 2, 'a length-delimited field');
  return reader.small();
};
// Node's own slice: a TextDecoder costs several times as much for a short text.
const string: Read = (reader, wire) => reader.text(lengthOf(reader, wire), 'utf8');
const hex: Read = (reader, wire) => reader.text(lengthOf(reader, wire), 'hex', ID_BYTES);
const base64: Read = (reader, wire) => reader.text(lengthOf(reader, wire), 'base64');
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
  (reader, wire, depth, spend) => {
    const length = lengthOf(reader, wire);
    const start = reader.pass(length);
    const { end } = reader;
    const after = reader.position;
    reader.position = start;
    reader.end = after;
    const node = readMessage(reader, fields(), { depth: depth - 1, spend });
    reader.position = after;
    reader.end = end;
    return node;
  };

function skip(reader: Reader, wire: number): void {
  if (wire === 0) reader.varint();
  else if (wire === 1) reader.pass(8);
  else if (wire === 2) reader.pass(reader.small());
  else if (wire === 5) reader.pass(4);
  else throw new Error(`unknown wire type ${wire}`);
}

/** From the reader's position to its end. */
function readMessage(reader: Reader, fields: Message, { depth, spend }: ReadLimits): Node {
  if (depth <= 0) throw new Error('the messages are nested too deep');
  const node: Node = {};
  while (reader.position < reader.end) {
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

/** Visits the messages of one field between two places; other fields are passed over. */
function eachMessage(
  reader: Reader,
  start: number,
  end: number,
  number: number,
  spend: Spend,
  visit: (start: number, end: number) => void,
): void {
  reader.within(start, end, () => {
    while (reader.position < reader.end) {
      spend(1);
      const tag = reader.small();
      const wire = tag % 8;
      if (Math.floor(tag / 8) === number) {
        const from = reader.pass(lengthOf(reader, wire));
        visit(from, reader.position);
      } else skip(reader, wire);
    }
  });
}

/** The last message of field 1: what stands before the spans, as a rule, but need not. */
function head(reader: Reader, start: number, end: number, fields: Message, limits: ReadLimits): Node {
  let [from, to] = [-1, -1];
  eachMessage(reader, start, end, 1, limits.spend, (first, last) => {
    from = first;
    to = last;
  });
  return from < 0 ? {} : readRecord(reader, from, to, fields, limits);
}

/** One that is larger than a record may be; a class of its own, because only it may be refused alone. */
class TooLarge extends RangeError {}

/** Throws TooLarge. */
function readRecord(reader: Reader, start: number, end: number, fields: Message, { depth, spend }: ReadLimits): Node {
  let values = 0;
  const check = (): void => {
    const reason = tooLargeRecord(end - start, values);
    if (reason !== null) throw new TooLarge(reason);
  };
  check();
  const count = (more: number): void => {
    values += more;
    if (values > RECORD_VALUES) check();
    spend(more);
  };
  return reader.within(start, end, () => readMessage(reader, fields, { depth, spend: count }));
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
  const reader = new Reader(bytes);
  const span = (start: number, end: number): void => {
    try {
      together.push(readRecord(reader, start, end, SPAN, { depth: depth - 3, spend }));
      size += end - start;
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      flush();
      visitor.refuse(error.message);
    }
    if (together.length === TOGETHER || size > TOGETHER_BYTES) flush();
  };
  eachMessage(reader, 0, bytes.byteLength, 1, spend, (start, end) => {
    visitor.resource(head(reader, start, end, RESOURCE, { depth: depth - 2, spend }));
    eachMessage(reader, start, end, 2, spend, (first, last) => {
      visitor.scope(head(reader, first, last, SCOPE, { depth: depth - 3, spend }));
      eachMessage(reader, first, last, 2, spend, span);
      flush();
    });
  });
}
