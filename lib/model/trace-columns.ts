/**
 * All spans of one trace in columns. Over HTTP they are a gzip file of this, little-endian, version 1:
 *
 *   0   u32  magic 0x53525858 ("XXRS")      4  u16 version, 1        6  u16 zero
 *   8   i64  start of the trace, Unix ns   16  f64 its duration, ns
 *   24  u32  spans            28 u32 omitted: later spans that are not in it          32 u32 bytes of tables         36 u32 zero
 *   40  id       u64[spans]   span id as a number: its 16 hex digits, most significant first
 *       then, as planes (all lowest bytes, then all second lowest ... : what is mostly zero compresses to nothing):
 *       start    8 planes     ns after the start of the span before (spans are in order of start)
 *       duration 8 planes     ns
 *       parent   3 planes     0: a root; 1: its parent is not here; else 2 + zigzag(place - place of the parent)
 *       name     3 planes     place in the table of names
 *       group    2 planes     place in the table of groups
 *       lane     2 planes     place in the table of lanes
 *       flags    1 plane      1: status Error, 2: a Ray task by its attributes, 4: its end was none
 *       tables   UTF-8 JSON {names, groups, lanes}
 */
const MAGIC = 0x53525858;
const HEADER = 40;

/** What a lane belongs to: a service, and which of its processes. */
export interface SpanGroup {
  readonly service: string;
  /** Instance, rank or pid; '' where the spans do not say. */
  readonly process: string;
}

export const ROOT = -1;
/** The span names a parent that is not in the trace. */
export const ORPHAN = -2;

/** One entry per span in every column, by start; of spans that start together the longer first. */
export interface TraceColumns {
  readonly startNs: bigint;
  readonly durationNs: number;
  /** Spans of the trace that are not in the columns. */
  readonly omitted: number;
  readonly id: BigUint64Array;
  /** Place of the parent, ROOT or ORPHAN. Parents may form cycles and may start after their children. */
  readonly parent: Int32Array;
  /** ns after the start of the trace. */
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly name: Uint32Array;
  readonly group: Uint16Array;
  readonly lane: Uint16Array;
  readonly failed: Uint8Array;
  readonly isTask: Uint8Array;
  /** 1 where the span came without an end that can be: it stands with duration 0 (model/span.ts, CLOCK_NOTE). */
  readonly noEnd: Uint8Array;
  readonly names: readonly string[];
  readonly groups: readonly SpanGroup[];
  /** Threads or streams within a group; '' where the spans do not say. */
  readonly lanes: readonly string[];
}

export const spanIdText = (id: bigint): string => id.toString(16).padStart(16, '0');

/** Place of a span by its 16 hex digits; -1 where there is none. */
export function indexOfSpan(columns: Pick<TraceColumns, 'id'>, spanId: string): number {
  return /^[0-9a-f]{16}$/.test(spanId) ? columns.id.indexOf(BigInt(`0x${spanId}`)) : -1;
}

/** Planes of each column behind the ids, in their order. */
const PLANES = { start: 8, duration: 8, parent: 3, name: 3, group: 2, lane: 2, flags: 1 } as const;
const BYTES_PER_SPAN = 8 + Object.values(PLANES).reduce((sum, planes) => sum + planes, 0);

function writePlanes(into: Uint8Array, planes: number, count: number, value: (index: number) => number): void {
  for (let i = 0; i < count; i++) {
    const whole = value(i);
    const [low, high] = [whole >>> 0, Math.floor(whole / 2 ** 32) >>> 0];
    for (let plane = 0; plane < planes; plane++)
      into[plane * count + i] = plane < 4 ? low >>> (8 * plane) : high >>> (8 * (plane - 4));
  }
}

function readPlanes(
  from: Uint8Array,
  planes: number,
  count: number,
  take: (index: number, value: number) => void,
): void {
  for (let i = 0; i < count; i++) {
    let [low, high] = [0, 0];
    for (let plane = 0; plane < planes; plane++) {
      const byte = from[plane * count + i] ?? 0;
      if (plane < 4) low |= byte << (8 * plane);
      else high |= byte << (8 * (plane - 4));
    }
    take(i, (high >>> 0) * 2 ** 32 + (low >>> 0));
  }
}

export function encodeTraceColumns(columns: TraceColumns): Uint8Array<ArrayBuffer> {
  const count = columns.id.length;
  const { names, groups, lanes, start } = columns;
  const tables = new TextEncoder().encode(JSON.stringify({ names, groups, lanes }));
  const bytes = new Uint8Array(HEADER + count * BYTES_PER_SPAN + tables.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 1, true);
  view.setBigInt64(8, columns.startNs, true);
  view.setFloat64(16, columns.durationNs, true);
  view.setUint32(24, count, true);
  view.setUint32(28, columns.omitted, true);
  view.setUint32(32, tables.length, true);
  bytes.set(new Uint8Array(columns.id.buffer, columns.id.byteOffset, count * 8), HEADER);
  let at = HEADER + count * 8;
  const write = (planes: number, value: (index: number) => number): void => {
    writePlanes(bytes.subarray(at, at + planes * count), planes, count, value);
    at += planes * count;
  };
  write(PLANES.start, (i) => (start[i] ?? 0) - (i === 0 ? 0 : (start[i - 1] ?? 0)));
  write(PLANES.duration, (i) => columns.duration[i] ?? 0);
  write(PLANES.parent, (i) => {
    const parent = columns.parent[i] ?? ROOT;
    if (parent < 0) return -1 - parent;
    const back = i - parent;
    return 2 + (back >= 0 ? back * 2 : -back * 2 - 1);
  });
  write(PLANES.name, (i) => columns.name[i] ?? 0);
  write(PLANES.group, (i) => columns.group[i] ?? 0);
  write(PLANES.lane, (i) => columns.lane[i] ?? 0);
  write(PLANES.flags, (i) => (columns.failed[i] ?? 0) + 2 * (columns.isTask[i] ?? 0) + 4 * (columns.noEnd[i] ?? 0));
  bytes.set(tables, at);
  return bytes;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};
const listOf = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new RangeError('these spans lack a table');
  return value;
};

/** Throws RangeError where the bytes are no spans of version 1. */
export function decodeTraceColumns(bytes: ArrayBuffer): TraceColumns {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER || view.getUint32(0, true) !== MAGIC)
    throw new RangeError('these are no spans of a trace');
  if (view.getUint16(4, true) !== 1)
    throw new RangeError(`spans of version ${view.getUint16(4, true)}: this page reads version 1, load it again`);
  const count = view.getUint32(24, true);
  const tablesAt = HEADER + count * BYTES_PER_SPAN;
  if (bytes.byteLength !== tablesAt + view.getUint32(32, true)) throw new RangeError('these spans are cut short');
  const tables = fieldsOf(
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes, tablesAt))),
  );
  const columns = {
    startNs: view.getBigInt64(8, true),
    durationNs: view.getFloat64(16, true),
    omitted: view.getUint32(28, true),
    id: new BigUint64Array(bytes, HEADER, count),
    parent: new Int32Array(count),
    start: new Float64Array(count),
    duration: new Float64Array(count),
    name: new Uint32Array(count),
    group: new Uint16Array(count),
    lane: new Uint16Array(count),
    failed: new Uint8Array(count),
    isTask: new Uint8Array(count),
    noEnd: new Uint8Array(count),
    names: listOf(tables.names).map(String),
    groups: listOf(tables.groups).map((group) => {
      const { service, process } = fieldsOf(group);
      return { service: String(service), process: String(process) };
    }),
    lanes: listOf(tables.lanes).map(String),
  };
  let at = HEADER + count * 8;
  const read = (planes: number, take: (index: number, value: number) => void): void => {
    readPlanes(new Uint8Array(bytes, at, planes * count), planes, count, take);
    at += planes * count;
  };
  let before = 0;
  read(PLANES.start, (i, gap) => {
    before += gap;
    columns.start[i] = before;
  });
  read(PLANES.duration, (i, value) => {
    columns.duration[i] = value;
  });
  read(PLANES.parent, (i, value) => {
    const steps = value - 2;
    columns.parent[i] = value < 2 ? -1 - value : i - (steps % 2 === 0 ? steps / 2 : -(steps + 1) / 2);
  });
  read(PLANES.name, (i, value) => {
    columns.name[i] = value;
  });
  read(PLANES.group, (i, value) => {
    columns.group[i] = value;
  });
  read(PLANES.lane, (i, value) => {
    columns.lane[i] = value;
  });
  read(PLANES.flags, (i, value) => {
    columns.failed[i] = value & 1;
    columns.isTask[i] = (value >> 1) & 1;
    columns.noEnd[i] = (value >> 2) & 1;
  });
  return columns;
}
