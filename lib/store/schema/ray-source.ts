/**
 * Completeness as it was last told. The first table kept the maximum of every column: a warning that was over would have
 * stayed, and of two reasons the one later in the alphabet would have won. Nothing had written to it.
 */
import type { Migration } from '../migrate.ts';

export const raySourceMigrations: readonly Migration[] = [
  {
    version: 30,
    name: 'ray-completeness-last-told',
    statements: [
      'DROP TABLE IF EXISTS xray.ray_completeness',
      `CREATE TABLE IF NOT EXISTS xray.ray_completeness (
        session LowCardinality(String), job_id String, source LowCardinality(String),
        reported Nullable(Int64), dropped Nullable(Int64), truncated Nullable(Int64), reason String,
        told DateTime64(3) DEFAULT now64(3)
      ) ENGINE = ReplacingMergeTree(told) ORDER BY (session, job_id, source)`,
    ],
  },
];
