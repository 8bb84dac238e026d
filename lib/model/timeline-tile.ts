/**
 * Tiles of a timeline at scale. A tile is a gzip file of this, little-endian, version 1:
 *
 *   0   u32  magic 0x54525858 ("XXRT")
 *   4   u16  version, 1          6  u16  flags: 1 = every entry is exact
 *   8   i64  origin: ns, a multiple of 2^resolution       16  u8 resolution: log2 ns per bucket, 17-19 zero
 *   20  u32  buckets             24 u32 lanes            28 u32 entries           32 u32 exact            36 u32 bytes of names
 *   40  columns, one after the other, each from a multiple of 8:
 *       begin     u32[lanes + 1]  entries of lane l: begin[l] .. begin[l + 1], by bucket, the carry first
 *       bucket    u32[entries]    0xffffffff: the carry, a slice at least a bucket long that began before the tile and reaches into it
 *       tasks     u32[entries]    attempts that start in the bucket (carry: 0)
 *       failures  u32[entries]    of these, failed (carry: 1 where it failed)
 *       busy      u16[entries]    lanes of a node that are busy in the bucket; 0 for lanes
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
export const WHOLE_TIMELINE = 100_000;
/** Lanes that the pages of X-Ray ask for at a time. */
export const LANE_PAGE = 32;
const MAGIC = 0x54525858;
const HEADER = 40;
export const CARRY = 0xffffffff;

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

const COLUMNS = [
  ['begin', Uint32Array],
  ['bucket', Uint32Array],
  ['tasks', Uint32Array],
  ['failures', Uint32Array],
  ['busy', Uint16Array],
  ['function', Uint16Array],
  ['state', Uint8Array],
  ['place', Uint8Array],
  ['length', Uint16Array],
  ['index', Uint32Array],
  ['start', Float64Array],
  ['duration', Float64Array],
  ['task', BigUint64Array],
] as const;

const rows = (name: string, counts: { lanes: number; entries: number; exact: number; isExact: boolean }): number =>
  name === 'begin'
    ? counts.lanes + 1
    : name === 'task'
      ? counts.isExact
        ? counts.exact
        : 0
      : name === 'index' || name === 'start' || name === 'duration'
        ? counts.exact
        : counts.entries;

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

export function encodeTile(tile: TimelineTile): Uint8Array<ArrayBuffer> {
  const counts = {
    lanes: tile.begin.length - 1,
    entries: tile.bucket.length,
    exact: tile.index.length,
    isExact: tile.isExact,
  };
  const names = new TextEncoder().encode(JSON.stringify(tile.functions));
  const columns = COLUMNS.reduce(
    (sum, [name, Type]) => sum + aligned(rows(name, counts) * Type.BYTES_PER_ELEMENT),
    HEADER,
  );
  const bytes = new Uint8Array(columns + names.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, tile.isExact ? 1 : 0, true);
  view.setBigInt64(8, tile.originNs, true);
  view.setUint8(16, tile.resolution);
  view.setUint32(20, tile.buckets, true);
  view.setUint32(24, counts.lanes, true);
  view.setUint32(28, counts.entries, true);
  view.setUint32(32, counts.exact, true);
  view.setUint32(36, names.length, true);
  let at = HEADER;
  for (const [name, Type] of COLUMNS) {
    const length = rows(name, counts) * Type.BYTES_PER_ELEMENT;
    const column = tile[name];
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, length), at);
    at += aligned(length);
  }
  bytes.set(names, at);
  return bytes;
}

/** Throws RangeError where the bytes are no tile of version 1. The columns are views of the bytes. */
export function decodeTile(bytes: ArrayBuffer): TimelineTile {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER || view.getUint32(0, true) !== MAGIC) throw new RangeError('this is no timeline tile');
  if (view.getUint16(4, true) !== 1)
    throw new RangeError(
      `timeline tile of version ${view.getUint16(4, true)}: this page reads version 1, load it again`,
    );
  const isExact = (view.getUint16(6, true) & 1) === 1;
  const counts = {
    lanes: view.getUint32(24, true),
    entries: view.getUint32(28, true),
    exact: view.getUint32(32, true),
    isExact,
  };
  let at = HEADER;
  const next = (name: string, size: number): [number, number] => {
    const count = rows(name, counts);
    const begin = at;
    at += aligned(count * size);
    if (at > bytes.byteLength) throw new RangeError('this timeline tile is cut short');
    return [begin, count];
  };
  const u32 = (name: string) => new Uint32Array(bytes, ...next(name, 4));
  const u16 = (name: string) => new Uint16Array(bytes, ...next(name, 2));
  const u8 = (name: string) => new Uint8Array(bytes, ...next(name, 1));
  const f64 = (name: string) => new Float64Array(bytes, ...next(name, 8));
  const tile = {
    originNs: view.getBigInt64(8, true),
    resolution: view.getUint8(16),
    buckets: view.getUint32(20, true),
    isExact,
    begin: u32('begin'),
    bucket: u32('bucket'),
    tasks: u32('tasks'),
    failures: u32('failures'),
    busy: u16('busy'),
    function: u16('function'),
    state: u8('state'),
    place: u8('place'),
    length: u16('length'),
    index: u32('index'),
    start: f64('start'),
    duration: f64('duration'),
    task: new BigUint64Array(bytes, ...next('task', 8)),
  };
  const names = new Uint8Array(bytes).subarray(at, at + view.getUint32(36, true));
  const functions: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(names));
  if (!Array.isArray(functions)) throw new RangeError('this timeline tile has no names');
  return { ...tile, functions: functions.map(String) };
}
