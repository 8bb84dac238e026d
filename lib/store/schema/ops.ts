/** X-Ray's own records: shares, alert transitions, rejected ingest records, kept logs. */
import type { Migration } from '../migrate.ts';

export const opsMigrations: readonly Migration[] = [
  {
    version: 20,
    name: 'ops',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.shares (
        id String, path String, title String, note String, created DateTime64(3), expires Nullable(DateTime64(3)),
        bytes UInt64, responses String CODEC(ZSTD(3))
      ) ENGINE = ReplacingMergeTree ORDER BY id`,
      `CREATE TABLE IF NOT EXISTS xray.share_events (
        id String, time DateTime64(3) DEFAULT now64(3), event LowCardinality(String)
      ) ENGINE = MergeTree ORDER BY (id, time)`,
      `CREATE TABLE IF NOT EXISTS xray.alert_transitions (
        fingerprint String, name LowCardinality(String), state LowCardinality(String), time_ns Int64,
        labels String, annotations String, value Nullable(Float64)
      ) ENGINE = ReplacingMergeTree ORDER BY (fingerprint, time_ns, state)
      TTL toDateTime(intDiv(time_ns, 1000000000)) + toIntervalDay({ttl:alerts})`,
      `CREATE TABLE IF NOT EXISTS xray.ingest_rejects (
        time DateTime64(3) DEFAULT now64(3), endpoint LowCardinality(String), position UInt32, reason String, record String
      ) ENGINE = MergeTree ORDER BY time TTL toDateTime(time) + toIntervalDay(7)`,
      `CREATE TABLE IF NOT EXISTS xray.kept_logs (
        session String, job_id String, stored DateTime64(3) DEFAULT now64(3), text String CODEC(ZSTD(3))
      ) ENGINE = ReplacingMergeTree(stored) ORDER BY (session, job_id)`,
    ],
  },
  {
    version: 180,
    name: 'kept-log-bytes',
    // All kept logs together are bounded: their lengths, without reading their texts.
    statements: ['ALTER TABLE xray.kept_logs ADD COLUMN IF NOT EXISTS bytes UInt32 DEFAULT length(text)'],
  },
];
