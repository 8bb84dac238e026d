/** X-Ray's own metrics of ingest. */
import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Event types of 2.58 that say nothing X-Ray keeps; any other text is counted as `other`, for metrics are for ever. */
export const KNOWN_IGNORED = new Set([
  'PLACEMENT_GROUP_DEFINITION_EVENT',
  'PLACEMENT_GROUP_LIFECYCLE_EVENT',
  'SUBMISSION_JOB_DEFINITION_EVENT',
  'SUBMISSION_JOB_LIFECYCLE_EVENT',
  'PLATFORM_EVENT',
]);

export function ingestMetrics(telemetry: Pick<Telemetry, 'registry'>) {
  const registers = [telemetry.registry];
  return {
    accepted: new Counter({
      name: 'xray_ingest_accepted_total',
      help: 'Records stored.',
      labelNames: ['kind'],
      registers,
    }),
    rejected: new Counter({
      name: 'xray_ingest_rejected_total',
      help: 'Records or requests refused.',
      labelNames: ['kind', 'reason'],
      registers,
    }),
    ignored: new Counter({
      name: 'xray_ingest_ignored_total',
      help: 'Valid records that say nothing X-Ray keeps.',
      labelNames: ['kind', 'type'],
      registers,
    }),
    queued: new Gauge({ name: 'xray_ingest_queue_rows', help: 'Rows waiting to be stored.', registers }),
    waiting: new Gauge({
      name: 'xray_ingest_waiting_bytes',
      help: 'Bytes of rows, estimated until they are parsed, that were let in and are not stored yet.',
      registers,
    }),
    storing: new Gauge({
      name: 'xray_ingest_rate_bytes_per_second',
      help: 'Bytes of rows that are stored per second under load, as estimated for admission.',
      registers,
    }),
  };
}
