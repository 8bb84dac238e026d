/** When a row was stored, for tables that had no such column: retention (retention.ts) counts from it. */
import type { Migration } from '../migrate.ts';

const MERGED = ['ray_nodes', 'ray_actors', 'ray_workers', 'ray_jobs', 'ray_completeness'];

export const retentionMigrations: readonly Migration[] = [
  {
    version: 70,
    name: 'stored',
    statements: [
      ...MERGED.map(
        (table) =>
          `ALTER TABLE xray.${table} ADD COLUMN IF NOT EXISTS stored SimpleAggregateFunction(max, DateTime) DEFAULT now()`,
      ),
      'ALTER TABLE xray.ray_oom_kills ADD COLUMN IF NOT EXISTS stored DateTime DEFAULT now()',
    ],
  },
];
