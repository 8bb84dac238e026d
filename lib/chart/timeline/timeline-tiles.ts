/**
 * Tiles as tracks to draw: every lane is a track, every entry a slice that may stand for many attempts. Lanes whose tile is
 * not there yet are empty; the caller knows which.
 *
 *   lanes   0 .. 31 | 32 .. 63 | 64 ..      one tile per page of lanes
 *   tiles   here      on its way  nobody looked
 */
import { CARRY, LANE_PAGE, type TimelineTile, unpackLength } from '../../model/timeline-tile.ts';
import { durationText } from '../time-series/time-ticks.ts';
import type { TrackDensity } from './timeline-density.ts';
import { buildLongest, type TimelineTracks, type TrackGroup } from './timeline-lanes.ts';
import type { TimeRange } from './timeline-raster.ts';
import { overMedian } from './timeline-text.ts';

/** Lanes as the server answers them, in columns; `running`: attempts that are on no tile, by place of their lane. */
export interface TiledLanes {
  readonly fromNs: string | null;
  readonly toNs: string | null;
  readonly nodes: readonly { readonly nodeId: string; readonly nodeName: string }[];
  readonly lanes: {
    readonly key: readonly string[];
    readonly node: readonly number[];
    readonly workerId: readonly string[];
    readonly pid: readonly (number | null)[];
    readonly actor: readonly (string | null)[];
    readonly depth: readonly number[];
  };
  readonly running: readonly { readonly lane: number; readonly function: string; readonly startNs: string }[];
}

export interface TiledTracks {
  readonly tracks: TimelineTracks;
  /** Names that `functionIndex` refers to. */
  readonly functions: readonly string[];
  /** Attempts that each slice stands for; 0: it began before its tile and is one. */
  readonly counts: Uint32Array;
  readonly failures: Uint32Array;
}

/** FINISHED, FAILED, RUNNING by place. */
export const TILE_STATES = ['FINISHED', 'FAILED', 'RUNNING'] as const;

function labelOf(lanes: TiledLanes['lanes'], lane: number): string {
  const pid = lanes.pid[lane];
  const process = pid === null || pid === undefined ? (lanes.workerId[lane] ?? '').slice(0, 8) : String(pid);
  const actor = lanes.actor[lane];
  return actor === null || actor === undefined || actor === '' ? `worker ${process}` : `${actor} ${process}`;
}

/** The power of two of ns per bucket that is at most a pixel. */
export const resolutionOf = (range: TimeRange, pixels: number): number =>
  Math.max(0, Math.min(48, Math.floor(Math.log2((range.to - range.from) / Math.max(1, pixels)))));

/** The window to load: three times the one in view, on a grid; the one before while it still covers what is in view. */
export function loadedWindow(
  range: TimeRange,
  extent: TimeRange,
  resolution: number,
  before: TimeRange | null,
): TimeRange {
  if (before !== null && before.from <= Math.max(range.from, extent.from) && before.to >= Math.min(range.to, extent.to))
    return before;
  const grid = 2 ** (resolution + 6);
  const span = range.to - range.from;
  const from = Math.max(extent.from, range.from - span);
  const to = Math.min(extent.to, range.to + span);
  return { from: Math.floor(from / grid) * grid, to: Math.ceil((to + 1) / grid) * grid };
}

/** The bucket of a tile that a time lies in, ns after `originNs`. */
export function bucketOf(tile: TimelineTile, originNs: bigint, time: number): TimeRange {
  const width = 2 ** tile.resolution;
  const offset = Number(tile.originNs - originNs);
  const from = offset + Math.floor((time - offset) / width) * width;
  return { from, to: from + width };
}

/** "37 attempts, 2 failed; the longest: train_step, FINISHED, 1.42 s"; without the number where it is one. */
export function tiledText({ tracks, functions, counts, failures }: TiledTracks, slice: number): string {
  const name = functions[tracks.functionIndex[slice] ?? 0] || 'unnamed task';
  const duration = durationText((tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0));
  const state = TILE_STATES[tracks.stateIndex[slice] ?? 0] ?? 'UNKNOWN';
  const ratio = overMedian(tracks, slice);
  const one = `${name}, ${state}, ${duration}${tracks.running[slice] === 1 ? ' so far' : ''}${ratio === null ? '' : `, ${ratio.toFixed(1)}x the median`}`;
  const [many, lost] = [counts[slice] ?? 0, failures[slice] ?? 0];
  if (many <= 1) return one;
  return `${many.toLocaleString('en-US')} attempts${lost > 0 ? `, ${lost.toLocaleString('en-US')} failed` : ''}; the longest: ${one}`;
}

/**
 * Slices of the tiles by page of lanes, with those that still run up to `now` (ns after the origin of the lanes). Work: the
 * entries, and a pass over all lanes.
 */
export function tracksOfTiles(answer: TiledLanes, pages: ReadonlyMap<number, TimelineTile>, now: number): TiledTracks {
  const origin = BigInt(answer.fromNs ?? '0');
  const lanes = answer.lanes.key.length;
  const runningOf = new Map<number, { readonly start: number; readonly name: string }[]>();
  for (const slice of answer.running) {
    const list = runningOf.get(slice.lane) ?? [];
    list.push({ start: Number(BigInt(slice.startNs) - origin), name: slice.function });
    runningOf.set(slice.lane, list);
  }
  let size = answer.running.length;
  for (const tile of pages.values()) size += tile.bucket.length;
  const start = new Float64Array(size);
  const end = new Float64Array(size);
  const functionIndex = new Int32Array(size);
  const stateIndex = new Int32Array(size);
  const trackOf = new Int32Array(size);
  const failed = new Uint8Array(size);
  const running = new Uint8Array(size);
  const counts = new Uint32Array(size);
  const failures = new Uint32Array(size);
  const trackBegin = new Int32Array(lanes + 1);
  const functions: string[] = [];
  const locationOf = new Map<string, number>();
  const indexOf = (name: string): number => {
    const known = locationOf.get(name);
    if (known !== undefined) return known;
    locationOf.set(name, functions.length);
    functions.push(name);
    return functions.length - 1;
  };
  let filled = 0;
  for (let lane = 0; lane < lanes; lane++) {
    const first = filled;
    trackBegin[lane] = filled;
    const tile = pages.get(Math.floor(lane / LANE_PAGE));
    if (tile !== undefined) {
      const own = lane % LANE_PAGE;
      const offset = Number(tile.originNs - origin);
      const width = 2 ** tile.resolution;
      // Exact entries stand in order: one pointer walks with them.
      let exact = lowerBound(tile.index, tile.begin[own] ?? 0);
      for (let entry = tile.begin[own] ?? 0; entry < (tile.begin[own + 1] ?? 0); entry++) {
        const bucket = tile.bucket[entry] ?? 0;
        let from = offset + (bucket + (tile.place[entry] ?? 0) / 256) * width;
        let length = unpackLength(tile.length[entry] ?? 0);
        if (tile.index[exact] === entry) {
          from = offset + (tile.start[exact] ?? 0);
          length = tile.duration[exact] ?? 0;
          exact++;
        }
        start[filled] = from;
        end[filled] = from + length;
        functionIndex[filled] = indexOf(tile.functions[tile.function[entry] ?? 0] ?? '');
        stateIndex[filled] = tile.state[entry] ?? 0;
        failures[filled] = tile.failures[entry] ?? 0;
        failed[filled] = (tile.failures[entry] ?? 0) > 0 ? 1 : 0;
        counts[filled] = bucket === CARRY ? 0 : (tile.tasks[entry] ?? 0);
        trackOf[filled] = lane;
        filled++;
      }
    }
    for (const slice of runningOf.get(lane) ?? []) {
      start[filled] = slice.start;
      end[filled] = Math.max(now, slice.start);
      functionIndex[filled] = indexOf(slice.name);
      stateIndex[filled] = 2;
      running[filled] = 1;
      counts[filled] = 1;
      trackOf[filled] = lane;
      filled++;
    }
    // Quantised ends may lie a little behind the next start.
    for (let i = first; i + 1 < filled; i++)
      if ((end[i] ?? 0) > (start[i + 1] ?? 0)) end[i] = Math.max(start[i] ?? 0, start[i + 1] ?? 0);
  }
  trackBegin[lanes] = filled;
  const failedBefore = new Int32Array(filled + 1);
  for (let i = 0; i < filled; i++) failedBefore[i + 1] = (failedBefore[i] ?? 0) + (failed[i] ?? 0);
  const cut = { start: start.subarray(0, filled), end: end.subarray(0, filled) };
  const self = Int32Array.from({ length: filled }, (_, i) => i);
  return {
    tracks: {
      groups: groupsOf(answer),
      tracks: answer.lanes.key.map((_, lane) => ({
        lane,
        depth: answer.lanes.depth[lane] ?? 0,
        label: labelOf(answer.lanes, lane),
      })),
      trackBegin,
      ...cut,
      functionIndex,
      stateIndex,
      attempt: self,
      trackOf,
      failed: failed.subarray(0, filled),
      running: running.subarray(0, filled),
      ...buildLongest(cut.start, cut.end),
      failedBefore,
      sliceOf: self,
      medianNs: new Float64Array(functions.length).fill(Number.NaN),
      neverRan: 0,
      tooDeep: 0,
      extent: { from: 0, to: Math.max(1, Number(BigInt(answer.toNs ?? '1') - origin), runningOf.size > 0 ? now : 0) },
    },
    functions,
    counts,
    failures,
  };
}

function lowerBound(values: Uint32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function groupsOf(answer: TiledLanes): readonly TrackGroup[] {
  const groups: { nodeId: string; label: string; first: number; last: number }[] = [];
  const named = new Map<string, number>();
  for (const { nodeName } of answer.nodes) named.set(nodeName, (named.get(nodeName) ?? 0) + 1);
  answer.lanes.node.forEach((node, lane) => {
    const { nodeId = '', nodeName = '' } = answer.nodes[node] ?? {};
    const open = groups.at(-1);
    if (open !== undefined && open.nodeId === nodeId) {
      open.last = lane + 1;
      return;
    }
    // Two raylets may have one name.
    const label =
      (named.get(nodeName) ?? 0) > 1 || nodeName === '' ? `${nodeName} ${nodeId.slice(0, 8)}`.trim() : nodeName;
    groups.push({ nodeId, label, first: lane, last: lane + 1 });
  });
  return groups;
}

/** All nodes of a tile, or the one at `only`, as one strip of `width` pixels over a range (ns after `originNs`). */
export function densityOfTile(
  tile: TimelineTile,
  lanes: number,
  originNs: bigint,
  range: TimeRange,
  width: number,
  only?: number,
): TrackDensity {
  const begin = only === undefined ? 0 : (tile.begin[only] ?? 0);
  const end = only === undefined ? tile.bucket.length : (tile.begin[only + 1] ?? 0);
  const busyAt = new Float32Array(tile.buckets);
  const failedAt = new Uint8Array(tile.buckets);
  for (let entry = begin; entry < end; entry++) {
    const bucket = tile.bucket[entry] ?? CARRY;
    if (bucket === CARRY) continue;
    busyAt[bucket] = (busyAt[bucket] ?? 0) + (tile.busy[entry] ?? 0);
    if ((tile.failures[entry] ?? 0) > 0) failedAt[bucket] = 1;
  }
  const busy = new Float32Array(width);
  const failed = new Uint8Array(width);
  const offset = Number(tile.originNs - originNs);
  for (let x = 0; x < width; x++) {
    const time = range.from + ((x + 0.5) / width) * (range.to - range.from);
    const bucket = Math.floor((time - offset) / 2 ** tile.resolution);
    busy[x] = Math.min(1, (busyAt[bucket] ?? 0) / Math.max(1, lanes));
    failed[x] = failedAt[bucket] ?? 0;
  }
  return { busy, failed };
}
