/** Timelines of jobs, kept up with what is stored (tiles/indexer.ts). */

/** A running attempt, with the lane it will most likely end on. */
export interface OpenSlice {
  readonly taskId: string;
  readonly attempt: number;
  readonly functionName: string;
  readonly nodeId: string;
  readonly workerId: string;
  readonly workerPid: string | null;
  readonly actorId: string;
  readonly startNs: bigint;
}

export interface RunningSlices {
  readonly slices: readonly OpenSlice[];
  /** True where more run than are held. */
  readonly limited: boolean;
}

export interface TimelineIndexer {
  /**
   * Running attempts of a job; nothing where they are not known within a second. Somebody looks at the job: what comes in of it is
   * indexed soon for a while.
   */
  readonly running: (session: string, job: string) => Promise<RunningSlices>;
  /** Resolves when what came in of a job is indexed, or after a second; somebody looks at it, as above. */
  readonly caughtUp: (session: string, job: string) => Promise<void>;
  /** True while much of a job waits to be indexed: what timelines hold of it is not all. */
  readonly isMaking: (session: string, job: string) => boolean;
  /** Another number whenever slices or lanes of a job may have changed; while they change, too. */
  readonly revision: (session: string, job: string) => number;
  /** Does what there is to do now; resolves when the timeline holds every attempt that was stored before the call. */
  readonly keep: () => Promise<void>;
  /** Resolves when no job is being counted (job-counts.ts). */
  readonly counted: () => Promise<void>;
  readonly close: () => Promise<void>;
}
