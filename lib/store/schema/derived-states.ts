/**
 * Room for what is derived rather than told. A timeline file holds spans of Ray's profiler, not states: the states an
 * attempt must have had are kept apart, and read only where no reporter told one (queries/attempts.ts). So importing a
 * timeline beside the events of the same session changes no count and no duration.
 */
import type { Migration } from '../migrate.ts';

const text = 'SimpleAggregateFunction(max, String)';

export const derivedStateMigrations: readonly Migration[] = [
  {
    version: 60,
    name: 'derived-states',
    statements: [
      `ALTER TABLE xray.ray_task_attempts
        ADD COLUMN IF NOT EXISTS derived_ns SimpleAggregateFunction(minMap, Map(String, Int64)),
        ADD COLUMN IF NOT EXISTS derived_error ${text},
        ADD COLUMN IF NOT EXISTS derived_message ${text},
        ADD COLUMN IF NOT EXISTS node_ip ${text}`,
      `ALTER TABLE xray.ray_profile_spans ADD COLUMN IF NOT EXISTS source LowCardinality(String) DEFAULT 'event'`,
    ],
  },
];
