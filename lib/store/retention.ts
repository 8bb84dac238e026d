/**
 * Retention follows the configuration at each start: migrations give a table its TTL only when they make it. A table whose
 * TTL says other days gets the new one (ALTER TABLE ... MODIFY TTL; the engine drops what is too old in the background).
 * A row lives on while anything is told of its subject, because parts merge to the newest `stored`.
 */
import { z } from 'zod';
import type { Engine, Query } from './engine.ts';
import type { RetentionDays } from './migrate.ts';
import { TRANSITION_CLOCK } from './schema/expiry.ts';

interface Rule {
  readonly table: string;
  readonly clock: string;
  readonly days: keyof RetentionDays;
}

const RULES: readonly Rule[] = [
  { table: 'otel_traces', clock: 'toDateTime(Timestamp)', days: 'traces' },
  { table: 'collective_spans', clock: 'hour', days: 'traces' },
  { table: 'alert_transitions', clock: TRANSITION_CLOCK, days: 'alerts' },
  ...[
    'ray_task_attempts',
    'ray_profile_spans',
    'ray_nodes',
    'ray_actors',
    'ray_workers',
    'ray_jobs',
    'ray_oom_kills',
    'ray_completeness',
    'timeline_slices',
    'timeline_levels',
    'timeline_lane_sums',
    'timeline_functions',
    'timeline_lanes',
    'ray_job_parts',
    'ray_job_counts',
  ].map((table) => ({ table, clock: 'stored', days: 'tasks' }) as const),
];

const tables: Query<{ name: string; ttl_days: number }> = {
  name: 'table-retention',
  // `TTL <clock> + toIntervalDay(30)`; 0 where the table has no TTL.
  sql: `SELECT name, toUInt32OrZero(extract(create_table_query, ' TTL .*toIntervalDay\\\\((\\\\d+)\\\\)')) AS ttl_days
    FROM system.tables WHERE database = 'xray'`,
  row: z.object({ name: z.string(), ttl_days: z.number() }),
};

/** The tables whose TTL was changed, with the days they have now. */
export async function applyRetention(
  engine: Engine,
  retention: RetentionDays,
): Promise<readonly { readonly table: string; readonly days: number }[]> {
  const now = new Map((await engine.select(tables)).map((row) => [row.name, row.ttl_days]));
  const changed: { table: string; days: number }[] = [];
  for (const { table, clock, days } of RULES) {
    const before = now.get(table);
    if (before === undefined || before === retention[days]) continue;
    await engine.command(`ALTER TABLE xray.${table} MODIFY TTL ${clock} + toIntervalDay(${retention[days]})`);
    changed.push({ table, days: retention[days] });
  }
  return changed;
}
