/** What a frame of the timeline is drawn from: what there is, and what part of it is looked at. */
import type { TrackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import type { TimelineTracks } from '../../lib/chart/timeline/timeline-lanes.ts';
import type { TimelineLayout } from '../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';

/** A phase inside an attempt, offsets in ns. */
export interface DrawnPhase {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface TimelineScene {
  readonly tracks: TimelineTracks;
  readonly layout: TimelineLayout;
  /** Whether nodes can be folded. */
  readonly folds: boolean;
  /** One packed colour per slice. */
  readonly colours: Uint32Array;
  readonly functions: readonly string[];
  readonly originNs: string;
  /** What the answer covers: outside it nothing is known, and the picture says so. */
  readonly loaded: TimeRange;
  /** What is known of single tracks where that differs; null: nothing. */
  readonly loadedOf?: (track: number) => TimeRange | null;
  /** The same for the headers of nodes, by place of the group; null: as `loaded`. */
  readonly loadedHeads?: (group: number) => TimeRange | null;
  /** Density of a folded node where its tracks do not hold all of it; null: from the tracks. */
  readonly densityOf?: (group: number, range: TimeRange, width: number) => TrackDensity | null;
  /** Phases by place in the columns; only those of wide slices are asked for. */
  readonly phases: ReadonlyMap<number, readonly DrawnPhase[]>;
  readonly selected: number;
  /** Slices of the same task, the selected among them. */
  readonly chain: readonly number[];
  /** From the slice that submitted a task to the slice of that task. */
  readonly links?: readonly { readonly from: number; readonly to: number }[];
}

export interface Frame {
  readonly range: TimeRange;
  readonly scrollTop: number;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly labels: number;
  readonly scale: number;
}

/** What stands over the slices: changes without painting them anew. */
export interface Marks {
  readonly hover: number;
  /** The slice the keyboard is on. */
  readonly focus: number;
  /** A box being drawn, offsets in ns. */
  readonly box: TimeRange | null;
  /** Two points in time, in either order; the same where only the first is set. */
  readonly measure: TimeRange | null;
}
