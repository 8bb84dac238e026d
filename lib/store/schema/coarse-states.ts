/**
 * Room for states of which the millisecond is all that is known: Ray's State API cuts what its events tell in nanoseconds. They are
 * kept apart, and read only of states that no event told (queries/attempts.ts): the earlier of both would be the cut one, and an
 * attempt of 0.4 ms would last 0 ms or 1.
 */
import type { Migration } from '../migrate.ts';

export const coarseStateMigrations: readonly Migration[] = [
  {
    version: 131,
    name: 'coarse-states',
    statements: [
      `ALTER TABLE xray.ray_task_attempts
        ADD COLUMN IF NOT EXISTS coarse_ns SimpleAggregateFunction(minMap, Map(String, Int64))`,
    ],
  },
];
