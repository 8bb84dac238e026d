/** Rows of the store (TILE_ROW_BYTES) as a tile. */
import { CARRY, packLength, type TimelineTile } from '../../model/timeline-tile.ts';
import { BUSY_ROW, TILE_ROW_BYTES } from '../../store/queries/timeline/timeline-tile.ts';
import { dictionary } from './dictionary.ts';

/**
 * Where a row holds what, in 32-bit words. The first eight are `longest` from its lowest bits up: the hash of the task, the
 * hash of the function with bit 0 for failed, 2^63 - 1 - start, duration.
 */
const AT = {
  functionLow: 2,
  functionHigh: 3,
  startLow: 4,
  startHigh: 5,
  durationLow: 6,
  durationHigh: 7,
  place: 8,
  bucket: 9,
  tasks: 10,
  failures: 11,
  row: TILE_ROW_BYTES / 4,
} as const;
const HIGH = 2 ** 32;
const MOST_NAMES = 65_000;

/** 53 bits of the hash of a function, without the byte that says how the slice ended. */
export const functionKey = (low: number, high: number): number => high * 2 ** 21 + (low >>> 11);

/** The functions that rows name, some of them more than once. */
export function functionKeys(uint32s: Uint32Array): ReadonlySet<number> {
  const keys = new Set<number>();
  // What was seen last by a byte of the hash: most rows name one of a few functions.
  const seen = new Float64Array(256).fill(Number.NaN);
  for (let at = 0; at < uint32s.length; at += AT.row) {
    if ((uint32s[at + AT.place] ?? 0) >= BUSY_ROW) continue;
    const low = uint32s[at + AT.functionLow] ?? 0;
    const key = functionKey(low, uint32s[at + AT.functionHigh] ?? 0);
    if (seen[low >>> 24] === key) continue;
    seen[low >>> 24] = key;
    keys.add(key);
  }
  return keys;
}

export interface Frame {
  readonly originNs: bigint;
  readonly resolution: number;
  readonly buckets: number;
  /** Lanes and nodes. */
  readonly lanes: number;
  /** The lane that stands at a place of the rows. */
  readonly laneOf: readonly number[];
  readonly isExact: boolean;
}

/** True where row `a` has the longer `longest`: compared from the highest word down, as in the store. */
function isLonger(uint32s: Uint32Array, a: number, b: number): boolean {
  for (let word = AT.durationHigh; word >= 0; word--) {
    const [x, y] = [uint32s[a + word] ?? 0, uint32s[b + word] ?? 0];
    if (x !== y) return x > y;
  }
  return false;
}

/**
 * Rows of the store as a tile. Every lane has a place for its carry and one for each bucket; a place holds the row that
 * won it, by where it begins. Work: rows, and lanes times buckets.
 */
export function tileOf(uint32s: Uint32Array, names: ReadonlyMap<number, string>, frame: Frame): TimelineTile {
  const wide = frame.buckets + 1;
  const indexes = frame.lanes * wide;
  const won = new Int32Array(indexes).fill(-1);
  const tasks = new Uint32Array(indexes);
  const failures = new Uint32Array(indexes);
  // Of nodes: by how many the busy lanes change at each bucket, summed below.
  let busy: Int32Array | null = null;
  for (let at = 0; at < uint32s.length; at += AT.row) {
    const target = uint32s[at + AT.place] ?? 0;
    const bucket = uint32s[at + AT.bucket] ?? 0;
    if (target >= BUSY_ROW) {
      busy ??= new Int32Array(indexes);
      const position = (frame.laneOf[target - BUSY_ROW] ?? 0) * wide + bucket + 1;
      // What stays busy beyond the last bucket changes nothing within.
      if (bucket < frame.buckets) busy[position] = (busy[position] ?? 0) + ((uint32s[at + AT.tasks] ?? 0) | 0);
      continue;
    }
    const position = (frame.laneOf[target] ?? 0) * wide + (bucket === CARRY ? 0 : bucket + 1);
    const before = won[position] ?? -1;
    if (before === -1 || isLonger(uint32s, at, before)) won[position] = at;
    tasks[position] = (tasks[position] ?? 0) + (uint32s[at + AT.tasks] ?? 0);
    failures[position] = (failures[position] ?? 0) + (uint32s[at + AT.failures] ?? 0);
  }
  if (busy !== null)
    for (let position = 1; position < indexes; position++)
      if (position % wide > 1) busy[position] = (busy[position] ?? 0) + (busy[position - 1] ?? 0);
  let entries = 0;
  for (let position = 0; position < indexes; position++)
    if (won[position] !== -1 || (busy?.[position] ?? 0) > 0) entries++;
  const begin = new Uint32Array(frame.lanes + 1);
  const tile = {
    bucket: new Uint32Array(entries),
    tasks: new Uint32Array(entries),
    failures: new Uint32Array(entries),
    busy: new Uint16Array(entries),
    function: new Uint16Array(entries),
    state: new Uint8Array(entries),
    place: new Uint8Array(entries),
    length: new Uint16Array(entries),
  };
  const index = new Uint32Array(entries);
  const start = new Float64Array(entries);
  const duration = new Float64Array(entries);
  const task = new BigUint64Array(frame.isExact ? entries : 0);
  const { values: functions, indexOf } = dictionary();
  const locationOfName = new Map<number, number>();
  const width = 2 ** frame.resolution;
  const last = 9_223_372_036_854_775_807n - frame.originNs;
  const [lastHigh, lastLow] = [Number(last >> 32n), Number(last & 0xffff_ffffn)];
  let entry = 0;
  let exact = 0;
  for (let lane = 0; lane < frame.lanes; lane++) {
    begin[lane] = entry;
    for (let slot = 0; slot < wide; slot++) {
      const position = lane * wide + slot;
      const row = won[position] ?? -1;
      const lanesBusy = busy === null ? 0 : (busy[position] ?? 0);
      if (row === -1 && lanesBusy <= 0) continue;
      tile.bucket[entry] = slot === 0 ? CARRY : slot - 1;
      tile.tasks[entry] = tasks[position] ?? 0;
      // Every level may tell the same carry: whether it failed is not added up.
      tile.failures[entry] =
        slot === 0 ? (row === -1 ? 0 : (uint32s[row + AT.functionLow] ?? 0) & 1) : (failures[position] ?? 0);
      tile.busy[entry] = Math.min(65_535, lanesBusy);
      if (row !== -1) {
        const low = uint32s[row + AT.functionLow] ?? 0;
        const key = functionKey(low, uint32s[row + AT.functionHigh] ?? 0);
        let name = locationOfName.get(key);
        if (name === undefined) {
          // A tile has room for so many names; what is beyond it stays unnamed.
          name = indexOf(locationOfName.size < MOST_NAMES ? (names.get(key) ?? '') : '');
          locationOfName.set(key, name);
        }
        tile.function[entry] = name;
        tile.state[entry] = low & 1;
        const began =
          (lastHigh - (uint32s[row + AT.startHigh] ?? 0)) * HIGH + (lastLow - (uint32s[row + AT.startLow] ?? 0));
        const long = (uint32s[row + AT.durationHigh] ?? 0) * HIGH + (uint32s[row + AT.durationLow] ?? 0);
        tile.length[entry] = packLength(long);
        if (slot !== 0) tile.place[entry] = Math.min(255, Math.floor(((began % width) / width) * 256));
        if (frame.isExact || slot === 0 || long >= width) {
          index[exact] = entry;
          start[exact] = began;
          duration[exact] = long;
          if (frame.isExact) task[exact] = BigInt(uint32s[row + 1] ?? 0) * 0x1_0000_0000n + BigInt(uint32s[row] ?? 0);
          exact++;
        }
      }
      entry++;
    }
  }
  begin[frame.lanes] = entry;
  return {
    originNs: frame.originNs,
    resolution: frame.resolution,
    buckets: frame.buckets,
    isExact: frame.isExact,
    begin,
    ...tile,
    index: index.subarray(0, exact),
    start: start.subarray(0, exact),
    duration: duration.subarray(0, exact),
    task: task.subarray(0, exact),
    functions,
  };
}
