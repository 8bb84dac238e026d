/**
 * Spans of one trace -> tracks of the timeline: a service and its process, then thread, then depth. Spans of one lane that
 * overlap go one depth down, so that what nests in time stands below what it nests in.
 *
 *   torch rank 0
 *     thread 22497   depth 0  |------------ProfilerStep#1-------------|
 *                    depth 1    |--forward--|  |------backward-------|
 */
import type { TraceColumns } from '../../model/trace-columns.ts';
import { mixColours, packColour } from '../colour/timeline-colours.ts';
import { DepthPacker } from '../timeline/depth-packer.ts';
import { buildLongest, type TimelineTracks, type Track, type TrackGroup } from '../timeline/timeline-lanes.ts';

const DIM = 0.62;

export interface TraceTracks {
  readonly tracks: TimelineTracks;
  /** Spans that stand deeper than DEPTHS (lib/model/timeline-tile.ts). */
  readonly tooDeep: number;
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Work: spans, and for each the logarithm of the depths. `attempt` of the tracks is the span's place in the columns. */
export function traceTracks(columns: TraceColumns): TraceTracks {
  const count = columns.id.length;
  const lanes = columns.lanes.length;
  // A lane is a thread within a group.
  const used = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const key = (columns.group[i] ?? 0) * lanes + (columns.lane[i] ?? 0);
    used.set(key, (used.get(key) ?? 0) + 1);
  }
  const order = [...used.keys()]
    .map((key) => {
      const group = Math.floor(key / lanes);
      const { service = '', process = '' } = columns.groups[group] ?? {};
      return { key, group, label: `${service} ${process}`.trim(), thread: columns.lanes[key % lanes] ?? '' };
    })
    .sort((a, b) => compare(a.label, b.label) || a.group - b.group || compare(a.thread, b.thread));
  const laneOf = new Map(order.map(({ key }, lane) => [key, lane]));
  const lane = new Int32Array(count);
  for (let i = 0; i < count; i++) lane[i] = laneOf.get((columns.group[i] ?? 0) * lanes + (columns.lane[i] ?? 0)) ?? 0;

  // Spans come by start: each gets the first depth that is free when it starts.
  const packers = order.map(() => new DepthPacker());
  const depth = new Int32Array(count);
  let tooDeep = 0;
  for (let i = 0; i < count; i++) {
    const start = columns.start[i] ?? 0;
    // A span without a length takes its place all the same: two at one instant must both be seen.
    const level = packers[lane[i] ?? 0]?.place(start, start + Math.max(columns.duration[i] ?? 0, 1)) ?? -1;
    depth[i] = level;
    if (level === -1) tooDeep++;
  }
  const firstTrack = new Int32Array(order.length + 1);
  for (let own = 0; own < order.length; own++)
    firstTrack[own + 1] = (firstTrack[own] ?? 0) + (packers[own]?.depths ?? 0);
  const tracks: Track[] = [];
  const groups: { nodeId: string; label: string; first: number; last: number }[] = [];
  order.forEach(({ group, label, thread }, own) => {
    const open = groups.at(-1);
    if (open === undefined || open.nodeId !== String(group))
      groups.push({ nodeId: String(group), label, first: tracks.length, last: tracks.length });
    for (let level = 0; level < (packers[own]?.depths ?? 0); level++)
      tracks.push({ lane: own, depth: level, label: thread === '' ? 'spans' : thread });
    const last = groups.at(-1);
    if (last !== undefined) last.last = tracks.length;
  });
  return { tracks: slicesOf(columns, { tracks, groups, firstTrack, lane, depth, tooDeep }), tooDeep };
}

interface Placed {
  readonly tracks: readonly Track[];
  readonly groups: readonly TrackGroup[];
  readonly firstTrack: Int32Array;
  readonly lane: Int32Array;
  readonly depth: Int32Array;
  readonly tooDeep: number;
}

/** Sorts spans by track; their order by start stays. */
function slicesOf(columns: TraceColumns, { tracks, groups, firstTrack, lane, depth, tooDeep }: Placed): TimelineTracks {
  const count = columns.id.length;
  const size = count - tooDeep;
  const trackBegin = new Int32Array(tracks.length + 1);
  const trackOfSpan = (i: number): number => (firstTrack[lane[i] ?? 0] ?? 0) + (depth[i] ?? 0);
  for (let i = 0; i < count; i++)
    if (depth[i] !== -1) trackBegin[trackOfSpan(i) + 1] = (trackBegin[trackOfSpan(i) + 1] ?? 0) + 1;
  for (let track = 0; track < tracks.length; track++)
    trackBegin[track + 1] = (trackBegin[track + 1] ?? 0) + (trackBegin[track] ?? 0);
  const filled = trackBegin.slice();
  const attempt = new Int32Array(size);
  const start = new Float64Array(size);
  const end = new Float64Array(size);
  const functionIndex = new Int32Array(size);
  const failed = new Uint8Array(size);
  const trackOf = new Int32Array(size);
  const sliceOf = new Int32Array(count).fill(-1);
  for (let i = 0; i < count; i++) {
    if (depth[i] === -1) continue;
    const track = trackOfSpan(i);
    const slice = filled[track] ?? 0;
    filled[track] = slice + 1;
    attempt[slice] = i;
    start[slice] = columns.start[i] ?? 0;
    end[slice] = (columns.start[i] ?? 0) + (columns.duration[i] ?? 0);
    functionIndex[slice] = columns.name[i] ?? 0;
    failed[slice] = columns.failed[i] ?? 0;
    trackOf[slice] = track;
    sliceOf[i] = slice;
  }
  const failedBefore = new Int32Array(size + 1);
  for (let i = 0; i < size; i++) failedBefore[i + 1] = (failedBefore[i] ?? 0) + (failed[i] ?? 0);
  return {
    groups,
    tracks,
    trackBegin,
    start,
    end,
    functionIndex,
    stateIndex: new Int32Array(size),
    attempt,
    trackOf,
    failed,
    running: new Uint8Array(size),
    ...buildLongest(start, end),
    failedBefore,
    sliceOf,
    medianNs: new Float64Array(columns.names.length).fill(Number.NaN),
    neverRan: 0,
    tooDeep,
    extent: { from: 0, to: Math.max(1, columns.durationNs) },
  };
}

/**
 * One packed colour per slice. What `lit` leaves out (1: lit, by span) is mixed towards the background: it stays to be seen,
 * and what is lit stands out.
 */
export function traceSliceColours(
  tracks: TimelineTracks,
  colourOf: (span: number) => string,
  lit: Uint8Array | null,
  background: number,
): Uint32Array {
  const packed = new Map<string, { readonly full: number; readonly dim: number }>();
  const colours = new Uint32Array(tracks.start.length);
  for (let i = 0; i < colours.length; i++) {
    const span = tracks.attempt[i] ?? 0;
    const text = colourOf(span);
    let pair = packed.get(text);
    if (pair === undefined) {
      const full = packColour(text);
      pair = { full, dim: mixColours(full, background, DIM) };
      packed.set(text, pair);
    }
    colours[i] = lit === null || lit[span] === 1 ? pair.full : pair.dim;
  }
  return colours;
}
