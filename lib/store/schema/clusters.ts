/** Which source heard which session, and when: a cluster stays known after every source has forgotten it. */
import type { Migration } from '../migrate.ts';

export const clusterMigrations: readonly Migration[] = [
  {
    version: 90,
    name: 'ray_heard',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.ray_heard (
        session String, source LowCardinality(String),
        first_ns SimpleAggregateFunction(min, Nullable(Int64)), last_ns SimpleAggregateFunction(max, Nullable(Int64))
      ) ENGINE = AggregatingMergeTree ORDER BY (session, source)`,
    ],
  },
];
