/** Answers of the ingest endpoints that are X-Ray's own (OTLP answers are those of the OTLP specification). */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { ClusterName } from './parameters.ts';
import { Flag } from './wire-values.ts';

/**
 * The query string of POST /v1/events and /v1/traces. Exporters add parameters of their own, so what is not named here is let
 * pass unread.
 */
export const IngestQuery = z.object({
  /** Name of the cluster; without it the session is its own cluster. */
  cluster: ClusterName.optional(),
  /** Of /v1/traces: the spans are a recording, kept for the retention from now on however old they are. */
  import: Flag,
});

/** POST /v1/events and POST /api/import/*. */
export const IngestReport = z.object({
  accepted: z.number(),
  /** Understood as valid but of no use to X-Ray (counted by type). */
  ignored: z.number(),
  rejected: z.number(),
  /** The first few, with their position and reason; all are in the table of rejects. */
  rejects: z.array(z.object({ position: z.number(), reason: z.string() })),
  /** The first few records that were kept without something that could not be read; absent where there are none. */
  notes: z.array(z.object({ position: z.number(), reason: z.string() })).optional(),
  /** The types of `ignored`, by name; absent where there are none. */
  ignoredTypes: byKey(z.number()).optional(),
});
export type IngestReportWire = z.infer<typeof IngestReport>;
