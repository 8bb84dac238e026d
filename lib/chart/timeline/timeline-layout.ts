/**
 * Where groups and tracks stand from top to bottom. A node has a header row; a folded node is its header alone, which
 * then carries the density of all its tracks.
 *
 *   y 0    [v] sim-node-0        header
 *   y 22       worker 2556       track 0
 *   y 40                         track 1 (depth 1 of the same worker)
 *   y 58   [>] sim-node-1 .:::.  header, folded: density of tracks 2..17
 */
import type { TimelineTracks } from './timeline-lanes.ts';

export interface LayoutRow {
  /** Place of the node in `tracks.groups`. */
  readonly group: number;
  /** -1: the header of the group. */
  readonly track: number;
  readonly folded: boolean;
  readonly top: number;
  readonly height: number;
}

export interface TimelineLayout {
  readonly rows: readonly LayoutRow[];
  readonly height: number;
  /** Row of each track; the header's where its group is folded. */
  readonly rowOfTrack: Int32Array;
}

/** The axis above the rows. */
export const AXIS_HEIGHT = 26;
export const HEADER_HEIGHT = 22;
export const TRACK_HEIGHT = 18;

/** `folded` holds node ids. Heights are CSS pixels. */
export function layoutRows(tracks: TimelineTracks, folded: ReadonlySet<string>): TimelineLayout {
  const rows: LayoutRow[] = [];
  const rowOfTrack = new Int32Array(tracks.tracks.length);
  let top = 0;
  tracks.groups.forEach((group, index) => {
    const isFolded = folded.has(group.nodeId);
    rows.push({ group: index, track: -1, folded: isFolded, top, height: HEADER_HEIGHT });
    top += HEADER_HEIGHT;
    for (let track = group.first; track < group.last; track++) {
      rowOfTrack[track] = isFolded ? rows.length - 1 : rows.length;
      if (isFolded) continue;
      rows.push({ group: index, track, folded: false, top, height: TRACK_HEIGHT });
      top += TRACK_HEIGHT;
    }
    if (isFolded) rowOfTrack.fill(rows.length - 1, group.first, group.last);
  });
  return { rows, height: top, rowOfTrack };
}

/** Place of the row at a height; -1 above the first and below the last. O(log n). */
export function rowAt(layout: TimelineLayout, y: number): number {
  let low = 0;
  let high = layout.rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = layout.rows[middle];
    if (row !== undefined && row.top + row.height <= y) low = middle + 1;
    else high = middle;
  }
  const found = layout.rows[low];
  return found !== undefined && y >= found.top ? low : -1;
}

/** Rows that touch [top, bottom). */
export function rowsBetween(layout: TimelineLayout, top: number, bottom: number): readonly LayoutRow[] {
  const first = Math.max(0, rowAt(layout, Math.max(0, top)));
  let last = first;
  while (last < layout.rows.length && (layout.rows[last]?.top ?? 0) < bottom) last++;
  return layout.rows.slice(first, last);
}

/** CSS px of the names at the left of a timeline so wide. */
export const labelsWidth = (width: number): number => (width < 620 ? 92 : 190);

/** CSS px of the tallest canvas of lanes in a window so high; with more rows it scrolls. */
export const tallestLanes = (windowHeight: number): number => Math.max(280, Math.round(windowHeight * 0.56));
/** Below the last row. */
export const FOOT = 6;
