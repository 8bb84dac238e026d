/** The way in for everything that is pushed: bounded, batched, acknowledged only when it is in the store. */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { IngestReportWire } from '../../contract/ingest.ts';
import type { RayFacts } from '../../model/task.ts';

export interface IngestBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Cluster name given with the request (`?cluster=`), or null. */
  readonly cluster: string | null;
  /** Of spans: a recording, kept for the retention from now on (`?import=1`). */
  readonly isImport?: boolean;
  /** Address of the sender, who has its share of ingest; absent: a caller in this process, who is never refused for others. */
  readonly peer?: string;
  /** Fires when the sender is gone: what is not stored by then is dropped. */
  readonly signal?: AbortSignal;
}

/** What a request says of its body before it is read. */
export type IngestHead = Pick<IngestBody, 'contentType' | 'contentEncoding' | 'cluster' | 'peer'>;

export type IngestKind = 'otlp' | 'ray-events' | 'ray-timeline';

export interface TimelineBody extends IngestBody {
  /** Ray's session to merge into, or null: the file becomes a session of its own, named by its content. */
  readonly session: string | null;
  /** Job id of spans that say none (8 hex digits), or null. */
  readonly job: string | null;
}

export interface Ingest {
  /** Throws ProblemError 429 with Retry-After, and counts it, where a body of so many bytes could not be stored in time; 503 at the end. */
  readonly check: (head: IngestHead, kind: IngestKind, bytes: number) => void;
  /**
   * Reads a request's body, within limits of bytes and time; refuses before it is read what could not be stored in time.
   * Rejects with ProblemError 408, 413, 415, 429, 503.
   */
  readonly receive: (request: Request, kind: IngestKind) => Promise<IngestBody>;
  /** OTLP/HTTP body. Resolves when stored. */
  readonly traces: (body: IngestBody) => Promise<{ rejectedSpans: number; reason: string; acceptedSpans: number }>;
  /** Ray event export body. Resolves when stored; bad records are set aside, not thrown. */
  readonly rayEvents: (body: IngestBody) => Promise<IngestReportWire>;
  /** Ray's timeline files, formats A and B (sources/ray/decode-timeline.ts). Resolves when stored. */
  readonly rayTimeline: (body: TimelineBody) => Promise<IngestReportWire>;
  /** Facts from polling. Resolves when stored. */
  readonly rayFacts: (facts: Partial<RayFacts>) => Promise<void>;
  /**
   * Whether events define the tasks of a job, so that nobody need ask Ray for them; without a job: whether this session
   * sends events at all. Known of what came since the start. A job counts when its driver exports: raylets and workers
   * may export while the driver, whose tasks are most, does not.
   */
  readonly hearsEvents: (session: string, jobId?: string) => boolean;
  /** When the insert that goes on began, Unix ms; null where none does. */
  readonly writingSince: () => number | null;
  readonly health: () => readonly SourceHealthWire[];
  readonly close: () => Promise<void>;
}
