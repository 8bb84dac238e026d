/**
 * What one timeline is drawn from, wherever it comes from: all attempts in one answer (`whole/`), or tiles of those in view
 * (`tiles/`). The page (`timeline-body.tsx`) knows only this.
 */
import type { ReactNode } from 'react';
import type { TrackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import type { TimelineJump } from '../charts/timeline-input.ts';
import type { TimelineScene } from '../charts/timeline-scene.ts';
import type { TimelineClock } from './timeline-live.ts';
import type { Spread } from './timeline-spread.tsx';
import type { NamedSum } from './timeline-sums.tsx';

/** An attempt as a row of the table. */
export interface AttemptRow {
  /** Unix time. */
  readonly startNs: bigint;
  readonly functionName: string;
  readonly attempt: number;
  readonly state: string;
  readonly durationNs: number;
  /** Duration over the function's median; null where there is none. */
  readonly overMedian: number | null;
  readonly where: string;
  readonly error: string;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

export interface AttemptRows {
  /** Null: not known yet. */
  readonly count: number | null;
  /** Undefined while it is on its way. */
  readonly row: (index: number) => AttemptRow | undefined;
  /** The rows in view changed: first and last. */
  readonly onRows?: (first: number, last: number) => void;
  /** What of the window has no row. */
  readonly notice: string;
  readonly problem: string | null;
}

/** The attempt that is selected, with what the panel beside the lanes does not ask for itself. */
export interface SelectedAttempt {
  readonly taskId: string;
  readonly attempt: number;
  /** Where it ran; '' while that is not known. */
  readonly lane: string;
  readonly nodeName: string | null;
  readonly actor: string | null;
  readonly spreadOf: (functionName: string) => Spread | null;
  readonly onAttempt: (attempt: number) => void;
  readonly onTask: (taskId: string) => void;
}

export interface TimelineSource {
  readonly clock: TimelineClock;
  /** The window in view, and where the hand last rested; offsets in ns from the scene's origin. */
  readonly range: TimeRange;
  readonly settled: TimeRange;
  /** Of the whole job. */
  readonly extent: TimeRange;
  readonly scene: TimelineScene;
  /** Density of all lanes, for the strip above them. */
  readonly densityOf: (all: TimeRange, pixels: number) => TrackDensity;
  readonly counts: { readonly attempts: number; readonly lanes: number; readonly nodes: number };
  /** What the attempts that are counted are: tiles hold those that ended. */
  readonly noun: 'attempt' | 'ended attempt';
  /** Says to when the lanes are true where that is not now; null: they follow the clock. */
  readonly asOf: string | null;
  /** Why nothing is drawn; null where something is. */
  readonly empty: { readonly title: string; readonly text: string } | null;

  readonly toolbar: {
    readonly functions: readonly string[];
    readonly states: readonly string[];
    readonly nodes: readonly { readonly key: string; readonly nodeName: string; readonly nodeId: string }[];
    /** Workers can be searched for. */
    readonly isWhole: boolean;
    /** Matches of the search; null where nothing is searched for. */
    readonly found: number | null;
    /** Index of the selection among the matches; -1: not among them. */
    readonly at: number;
    readonly failures: number;
  };
  /** What the lanes do not hold, said above them. */
  readonly incomplete: ReactNode;
  /** What goes on, or the answer to a jump; '' for neither. */
  readonly status: string;
  /** A part that could not be loaded. */
  readonly problem: string | null;

  /** The slice in words, and the lines beside the pointer. */
  readonly label: (slice: number) => string;
  readonly tooltip: (slice: number) => readonly string[];
  readonly states: readonly string[];
  readonly focus: number;
  readonly focusKey?: object | null;
  readonly onFocus: (slice: number) => void;
  readonly onTracks?: (first: number, last: number) => void;
  /** -1: nothing. */
  readonly select: (slice: number) => void;
  readonly step: (way: 1 | -1) => void;
  readonly jump: (to: TimelineJump) => void;

  readonly rows: AttemptRows;
  readonly selected: SelectedAttempt | null;
  readonly sums: readonly NamedSum[] | null;
  readonly sumsProblem: string | null;
}
