/** One Ray cluster that X-Ray can ask: its State API and Jobs API behind the dashboard's address. */
import type { SourceHealthWire } from '../contract/health.ts';

export interface RaySource {
  readonly cluster: string;
  readonly url: string;
  /** Sessions this address has shown, newest first. */
  readonly sessions: () => readonly string[];
  readonly health: () => SourceHealthWire;
  /** Text of the driver's log (Jobs API). */
  readonly jobLog: (submissionId: string, signal?: AbortSignal) => Promise<string>;
  /** Last lines of one attempt's stdout or stderr (State API). */
  readonly taskLog: (
    request: {
      readonly taskId: string;
      readonly attempt: number;
      readonly stream: 'out' | 'err';
      readonly lines: number;
    },
    signal?: AbortSignal,
  ) => Promise<string>;
  /** GET below the dashboard's address, unparsed JSON (placement groups, datasets, ...). */
  readonly api: (path: string, signal?: AbortSignal) => Promise<unknown>;
  readonly close: () => Promise<void>;
}
