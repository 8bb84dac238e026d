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
}

export interface Ingest {
  /** OTLP/HTTP body. Resolves when stored. */
  readonly traces: (body: IngestBody) => Promise<{ rejectedSpans: number; reason: string; acceptedSpans: number }>;
  /** Ray event export body. Resolves when stored; bad records are set aside, not thrown. */
  readonly rayEvents: (body: IngestBody) => Promise<IngestReportWire>;
  /** `ray timeline` files, formats A and B. */
  readonly rayTimeline: (body: IngestBody) => Promise<IngestReportWire>;
  /** Facts from polling. Resolves when stored. */
  readonly rayFacts: (facts: Partial<RayFacts>) => Promise<void>;
  /**
   * Whether events define the tasks of a job, so that nobody need ask Ray for them; without a job: whether this session
   * sends events at all. Known of what came since the start. A job counts when its driver exports: raylets and workers
   * may export while the driver, whose tasks are most, does not.
   */
  readonly hearsEvents: (session: string, jobId?: string) => boolean;
  readonly health: () => readonly SourceHealthWire[];
  readonly close: () => Promise<void>;
}
