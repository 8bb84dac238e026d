/**
 * Tiles of a timeline at scale. A tile is a gzip file of this, little-endian, version 2:
 *
 *   0   u32  magic 0x54525858 ("XXRT")
 *   4   u16  version, 2          6  u16  flags: 1 = every entry is exact, 2 = there is a column `busy`
 *   8   i64  origin: ns, a multiple of 2^resolution       16  u8 resolution: log2 ns per bucket
 *   17  u8   bytes of one of `tasks`: 1, 2 or 4           18  u8 bytes of one of `failures`          19 zero
 *   20  u32  buckets             24 u32 lanes            28 u32 entries           32 u32 exact            36 u32 bytes of names
 *   40  columns, one after the other, each from a multiple of 8:
 *       begin     u32[lanes + 1]  entries of lane l: begin[l] .. begin[l + 1], by bucket, the carry first
 *       bucket    u16[entries]    0xffff: the carry, a slice at least a bucket long that began before the tile and reaches into it
 *       tasks     u8, u16 or u32[entries]   attempts that start in the bucket (carry: 0)
 *       failures  u8, u16 or u32[entries]   of these, failed (carry: 1 where it failed)
 *       busy      u16[entries]    lanes of a node that are busy in the bucket, each once; only with flag 2, else 0
 *       function  u16[entries]    of the longest: place in the names
 *       state     u8[entries]     of the longest: 0 finished, 1 failed
 *       place     u8[entries]     start of the longest in its bucket, in 1/256
 *       length    u16[entries]    duration of the longest: round(1024 log2(1 + ns))
 *       index     u32[exact]      entries whose start and duration are known to the ns: all at least as long as a bucket
 *       start     f64[exact]      ns after the origin
 *       duration  f64[exact]      ns
 *       task      u64[exact]      only with flag 1: hash of the task id (ClickHouse cityHash64)
 *       names     UTF-8 JSON, an array of the names of functions
 *
 * Of attempts that start in one bucket of one lane the entry holds the longest (the earlier start where two tie), how many
 * they are, and how many failed. Slices of a lane never overlap, so every slice at least as long as a bucket is in the tile.
 */

/** Ended attempts that one answer still holds comfortably: more are asked for as tiles. */
export const WHOLE_TIMELINE = 50_000;
/** Lanes that the pages of X-Ray ask for at a time. */
export const LANE_PAGE = 32;
/** Slices of one worker that overlap stand on so many lanes at most: those that lie deeper are counted, not drawn. */
export const DEPTHS = 256;
const MAGIC = 0x54525858;
const HEADER = 40;
/** `bucket` of a carry, in memory. */
export const CARRY = 0xffffffff;
/** The same in a file: there are at most so many buckets. */
export const MOST_BUCKETS = 0xffff;
const VERSION = 2;

export interface TimelineTile {
  readonly originNs: bigint;
  /** log2 of ns per bucket. */
  readonly resolution: number;
  readonly buckets: number;
  readonly isExact: boolean;
  readonly begin: Uint32Array;
  readonly bucket: Uint32Array;
  readonly tasks: Uint32Array;
  readonly failures: Uint32Array;
  readonly busy: Uint16Array;
  readonly function: Uint16Array;
  readonly state: Uint8Array;
  readonly place: Uint8Array;
  readonly length: Uint16Array;
  readonly index: Uint32Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly task: BigUint64Array;
  readonly functions: readonly string[];
}

/** A duration in ns as 16 bits, to 0.04 %. */
export const packLength = (ns: number): number => Math.min(65_535, Math.round(Math.log2(1 + Math.max(0, ns)) * 1024));
export const unpackLength = (packed: number): number => 2 ** (packed / 1024) - 1;

/** Bytes of an element of each column, where that is not the tile's own. */
const WIDTHS = {
  begin: 4,
  bucket: 2,
  function: 2,
  state: 1,
  place: 1,
  length: 2,
  index: 4,
  start: 8,
  duration: 8,
  task: 8,
};

interface Layout {
  readonly lanes: number;
  readonly entries: number;
  readonly exact: number;
  readonly isExact: boolean;
  readonly hasBusy: boolean;
  readonly tasks: number;
  readonly failures: number;
}

/** Elements and bytes of each column, in their order. */
const columnsOf = (layout: Layout) =>
  ({
    begin: [layout.lanes + 1, WIDTHS.begin],
    bucket: [layout.entries, WIDTHS.bucket],
    tasks: [layout.entries, layout.tasks],
    failures: [layout.entries, layout.failures],
    busy: [layout.hasBusy ? layout.entries : 0, 2],
    function: [layout.entries, WIDTHS.function],
    state: [layout.entries, WIDTHS.state],
    place: [layout.entries, WIDTHS.place],
    length: [layout.entries, WIDTHS.length],
    index: [layout.exact, WIDTHS.index],
    start: [layout.exact, WIDTHS.start],
    duration: [layout.exact, WIDTHS.duration],
    task: [layout.isExact ? layout.exact : 0, WIDTHS.task],
  }) as const;
type Column = keyof ReturnType<typeof columnsOf>;
const NAMES: readonly Column[] = [
  'begin',
  'bucket',
  'tasks',
  'failures',
  'busy',
  'function',
  'state',
  'place',
  'length',
  'index',
  'start',
  'duration',
  'task',
];

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

const widthFor = (values: Uint32Array): 1 | 2 | 4 => {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most < 0x100 ? 1 : most < 0x1_0000 ? 2 : 4;
};
const jobRef = (values: Uint32Array, bytes: number): Uint8Array | Uint16Array | Uint32Array =>
  bytes === 1 ? new Uint8Array(values) : bytes === 2 ? new Uint16Array(values) : values;

/** Throws RangeError where there are more than MOST_BUCKETS. */
export function encodeTile(tile: TimelineTile): Uint8Array<ArrayBuffer> {
  if (tile.buckets > MOST_BUCKETS)
    throw new RangeError(`a tile has at most ${MOST_BUCKETS} buckets, this one ${tile.buckets}`);
  const layout = {
    lanes: tile.begin.length - 1,
    entries: tile.bucket.length,
    exact: tile.index.length,
    isExact: tile.isExact,
    hasBusy: tile.busy.some((lanes) => lanes > 0),
    tasks: widthFor(tile.tasks),
    failures: widthFor(tile.failures),
  };
  const columns = columnsOf(layout);
  const stored = {
    ...tile,
    // The carry, too: its low half is 0xffff.
    bucket: new Uint16Array(tile.bucket),
    tasks: jobRef(tile.tasks, layout.tasks),
    failures: jobRef(tile.failures, layout.failures),
  };
  const names = new TextEncoder().encode(JSON.stringify(tile.functions));
  const size = NAMES.reduce((sum, name) => sum + aligned(columns[name][0] * columns[name][1]), HEADER);
  const bytes = new Uint8Array(size + names.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, (tile.isExact ? 1 : 0) | (layout.hasBusy ? 2 : 0), true);
  view.setBigInt64(8, tile.originNs, true);
  view.setUint8(16, tile.resolution);
  view.setUint8(17, layout.tasks);
  view.setUint8(18, layout.failures);
  view.setUint32(20, tile.buckets, true);
  view.setUint32(24, layout.lanes, true);
  view.setUint32(28, layout.entries, true);
  view.setUint32(32, layout.exact, true);
  view.setUint32(36, names.length, true);
  let at = HEADER;
  for (const name of NAMES) {
    const length = columns[name][0] * columns[name][1];
    const column = stored[name];
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, length), at);
    at += aligned(length);
  }
  bytes.set(names, at);
  return bytes;
}

/** Throws RangeError where the bytes are no tile of version 2. Columns are views of the bytes where they are as wide. */
export function decodeTile(bytes: ArrayBuffer): TimelineTile {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER || view.getUint32(0, true) !== MAGIC) throw new RangeError('this is no timeline tile');
  if (view.getUint16(4, true) !== VERSION)
    throw new RangeError(
      `timeline tile of version ${view.getUint16(4, true)}: this page reads version ${VERSION}, load it again`,
    );
  const flags = view.getUint16(6, true);
  const layout = {
    lanes: view.getUint32(24, true),
    entries: view.getUint32(28, true),
    exact: view.getUint32(32, true),
    isExact: (flags & 1) === 1,
    hasBusy: (flags & 2) === 2,
    tasks: view.getUint8(17),
    failures: view.getUint8(18),
  };
  const columns = columnsOf(layout);
  let at = HEADER;
  const next = (name: Column): [number, number] => {
    const [count, size] = columns[name];
    const begin = at;
    at += aligned(count * size);
    if (at > bytes.byteLength) throw new RangeError('this timeline tile is cut short');
    return [begin, count];
  };
  const u32 = (name: Column) => new Uint32Array(bytes, ...next(name));
  const u16 = (name: Column) => new Uint16Array(bytes, ...next(name));
  const u8 = (name: Column) => new Uint8Array(bytes, ...next(name));
  const f64 = (name: Column) => new Float64Array(bytes, ...next(name));
  const counts = (name: 'tasks' | 'failures'): Uint32Array => {
    const width = columns[name][1];
    if (width !== 1 && width !== 2 && width !== 4)
      throw new RangeError(`this timeline tile has ${name} of ${width} bytes`);
    return width === 1 ? new Uint32Array(u8(name)) : width === 2 ? new Uint32Array(u16(name)) : u32(name);
  };
  const begin = u32('begin');
  const bucket = new Uint32Array(u16('bucket'));
  for (let entry = 0; entry < bucket.length; entry++) if (bucket[entry] === MOST_BUCKETS) bucket[entry] = CARRY;
  const tile = {
    originNs: view.getBigInt64(8, true),
    resolution: view.getUint8(16),
    buckets: view.getUint32(20, true),
    isExact: layout.isExact,
    begin,
    bucket,
    tasks: counts('tasks'),
    failures: counts('failures'),
    busy: layout.hasBusy ? u16('busy') : new Uint16Array(layout.entries),
    function: u16('function'),
    state: u8('state'),
    place: u8('place'),
    length: u16('length'),
    index: u32('index'),
    start: f64('start'),
    duration: f64('duration'),
    task: new BigUint64Array(bytes, ...next('task')),
  };
  const names = new Uint8Array(bytes).subarray(at, at + view.getUint32(36, true));
  const functions: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(names));
  if (!Array.isArray(functions)) throw new RangeError('this timeline tile has no names');
  return { ...tile, functions: functions.map(String) };
}
