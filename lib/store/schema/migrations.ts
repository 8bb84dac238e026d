/** Every migration, in one list. */
import type { Migration } from '../migrate.ts';
import { opsMigrations } from './ops.ts';
import { otelMigrations } from './otel.ts';
import { rayMigrations } from './ray.ts';
import { raySourceMigrations } from './ray-source.ts';

export const MIGRATIONS: readonly Migration[] = [
  ...otelMigrations,
  ...rayMigrations,
  ...opsMigrations,
  ...raySourceMigrations,
];
