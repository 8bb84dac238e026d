/** One Ray cluster that X-Ray can ask: its State API and Jobs API behind the dashboard's address. */
import type { SourceHealthWire } from '../../contract/health.ts';

/** The end of a log. */
export interface LogText {
  readonly text: string;
  /** Bytes before it that were not read into memory. */
  readonly cutBytes: number;
}

export interface RaySource {
  readonly cluster: string;
  readonly url: string;
  /** Sessions this address has shown since X-Ray started, newest first. */
  readonly sessions: () => readonly string[];
  readonly health: () => SourceHealthWire;
  /** The driver's log (Jobs API). Rejects with an Error that has `code` 'ray-down' | 'ray-refused', `status`. */
  readonly jobLog: (submissionId: string, signal?: AbortSignal) => Promise<LogText>;
  /** Last lines of one attempt's stdout or stderr (State API). Rejects like jobLog. */
  readonly taskLog: (
    request: {
      readonly taskId: string;
      readonly attempt: number;
      readonly stream: 'out' | 'err';
      readonly lines: number;
    },
    signal?: AbortSignal,
  ) => Promise<LogText>;
  /** Last lines of an actor's stdout or stderr: tasks of an actor have no log of their own. Rejects like jobLog. */
  readonly actorLog: (
    request: { readonly actorId: string; readonly stream: 'out' | 'err'; readonly lines: number },
    signal?: AbortSignal,
  ) => Promise<LogText>;
  /** GET below the dashboard's address, unparsed JSON (placement groups, datasets, ...). Rejects like jobLog. */
  readonly api: (path: string, signal?: AbortSignal) => Promise<unknown>;
  readonly close: () => Promise<void>;
}
