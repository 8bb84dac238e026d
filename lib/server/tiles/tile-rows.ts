/** Rows of the store (TILE_ROW_BYTES) as a tile. */
import { CARRY, packLength, type TimelineTile } from '../../model/timeline-tile.ts';
import { TILE_ROW_BYTES } from '../../store/queries/timeline-tile.ts';
import { dictionary } from '../dictionary.ts';

/** Where a row holds what: in 64-bit words, and in 32-bit words. */
const W64 = { start: 0, duration: 1, function: 2, task: 3, row: TILE_ROW_BYTES / 8 } as const;
const W32 = {
  functionLow: 4,
  functionHigh: 5,
  lane: 8,
  bucket: 9,
  tasks: 10,
  failures: 11,
  row: TILE_ROW_BYTES / 4,
} as const;

/** 53 bits of the hash of a function, without the byte that says how the slice ended. */
export const functionKey = (low: number, high: number): number => high * 2 ** 21 + (low >>> 11);

export function* functionKeys(words: Uint32Array): Iterable<number> {
  for (let at = 0; at < words.length; at += W32.row)
    yield functionKey(words[at + W32.functionLow] ?? 0, words[at + W32.functionHigh] ?? 0);
}

export interface Frame {
  readonly originNs: bigint;
  readonly resolution: number;
  readonly buckets: number;
  readonly lanes: number;
  readonly groupsFrom: number;
  /** Lanes of the tile that a place in the rows counts for. */
  readonly targets: readonly (readonly number[])[];
  readonly isExact: boolean;
}

/**
 * Rows of the store as a tile. Every lane has a place for its carry and one for each bucket; a place holds the row that
 * won it. Work: rows, and lanes times buckets.
 */
export function tileOf(words: Uint32Array, names: ReadonlyMap<number, string>, frame: Frame): TimelineTile {
  const numbers = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  const hashes = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
  const rows = words.length / W32.row;
  const wide = frame.buckets + 1;
  const places = frame.lanes * wide;
  const won = new Int32Array(places).fill(-1);
  const tasks = new Uint32Array(places);
  const failures = new Uint32Array(places);
  // Of nodes: by how many the busy lanes change at each bucket, summed below.
  const busy = frame.groupsFrom < frame.lanes ? new Int32Array(places + 1) : null;
  const startOf = (row: number): number => numbers[row * W64.row + W64.start] ?? 0;
  const durationOf = (row: number): number => numbers[row * W64.row + W64.duration] ?? 0;
  /** The order of `longest` in the store. */
  const longer = (a: number, b: number): boolean => {
    if (durationOf(a) !== durationOf(b)) return durationOf(a) > durationOf(b);
    if (startOf(a) !== startOf(b)) return startOf(a) < startOf(b);
    const [x, y] = [a * W64.row, b * W64.row];
    if (hashes[x + W64.function] !== hashes[y + W64.function])
      return (hashes[x + W64.function] ?? 0n) > (hashes[y + W64.function] ?? 0n);
    return (hashes[x + W64.task] ?? 0n) > (hashes[y + W64.task] ?? 0n);
  };
  const width = 2 ** frame.resolution;
  for (let row = 0; row < rows; row++) {
    const at = row * W32.row;
    const bucket = words[at + W32.bucket] ?? 0;
    for (const lane of frame.targets[words[at + W32.lane] ?? 0] ?? []) {
      const place = lane * wide + (bucket === CARRY ? 0 : bucket + 1);
      if (won[place] === -1 || longer(row, won[place] ?? 0)) won[place] = row;
      tasks[place] = (tasks[place] ?? 0) + (words[at + W32.tasks] ?? 0);
      failures[place] = (failures[place] ?? 0) + (words[at + W32.failures] ?? 0);
      if (busy === null || lane < frame.groupsFrom) continue;
      const from = bucket === CARRY ? 0 : bucket;
      const end = startOf(row) + durationOf(row);
      const until = Math.min(frame.buckets - 1, Math.max(from, Math.ceil(end / width) - 1));
      const first = lane * wide + 1;
      busy[first + from] = (busy[first + from] ?? 0) + 1;
      if (until + 1 < frame.buckets) busy[first + until + 1] = (busy[first + until + 1] ?? 0) - 1;
    }
  }
  if (busy !== null)
    for (let place = 1; place < places; place++)
      if (place % wide > 1) busy[place] = (busy[place] ?? 0) + (busy[place - 1] ?? 0);
  const begin = new Uint32Array(frame.lanes + 1);
  let entries = 0;
  for (let place = 0; place < places; place++) {
    if (place % wide === 0) begin[place / wide] = entries;
    if (won[place] !== -1 || (busy?.[place] ?? 0) > 0) entries++;
  }
  begin[frame.lanes] = entries;
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
  const [index, start, duration, task]: [number[], number[], number[], bigint[]] = [[], [], [], []];
  const { values: functions, indexOf } = dictionary();
  let entry = 0;
  for (let place = 0; place < places; place++) {
    const row = won[place] ?? -1;
    if (row === -1 && (busy?.[place] ?? 0) === 0) continue;
    const isCarry = place % wide === 0;
    tile.bucket[entry] = isCarry ? CARRY : (place % wide) - 1;
    tile.tasks[entry] = tasks[place] ?? 0;
    tile.failures[entry] = failures[place] ?? 0;
    tile.busy[entry] = Math.min(65_535, busy?.[place] ?? 0);
    if (row !== -1) {
      const low = words[row * W32.row + W32.functionLow] ?? 0;
      const name = names.get(functionKey(low, words[row * W32.row + W32.functionHigh] ?? 0));
      tile.function[entry] = indexOf(name ?? '');
      tile.state[entry] = low & 1;
      const [began, long] = [startOf(row), durationOf(row)];
      tile.length[entry] = packLength(long);
      if (!isCarry) tile.place[entry] = Math.min(255, Math.floor(((began % width) / width) * 256));
      if (frame.isExact || isCarry || long >= width) {
        index.push(entry);
        start.push(began);
        duration.push(long);
        if (frame.isExact) task.push(hashes[row * W64.row + W64.task] ?? 0n);
      }
    }
    entry++;
  }
  return {
    originNs: frame.originNs,
    resolution: frame.resolution,
    buckets: frame.buckets,
    isExact: frame.isExact,
    begin,
    ...tile,
    index: Uint32Array.from(index),
    start: Float64Array.from(start),
    duration: Float64Array.from(duration),
    task: BigUint64Array.from(task),
    functions,
  };
}
