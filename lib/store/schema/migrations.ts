/** Every migration, in one list. */
import type { Migration } from '../migrate.ts';
import { collectiveMigrations } from './collectives.ts';
import { opsMigrations } from './ops.ts';
import { otelMigrations } from './otel.ts';
import { rayMigrations } from './ray.ts';

export const MIGRATIONS: readonly Migration[] = [
  ...otelMigrations,
  ...rayMigrations,
  ...opsMigrations,
  ...collectiveMigrations,
];
