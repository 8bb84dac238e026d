/** Every migration, in one list. */
import type { Migration } from '../migrate.ts';
import { clusterMigrations } from './clusters.ts';
import { coarseStateMigrations } from './coarse-states.ts';
import { collectiveMigrations, collectiveNameMigrations } from './collectives.ts';
import { derivedStateMigrations } from './derived-states.ts';
import { expiryMigrations } from './expiry.ts';
import { fieldKindMigrations } from './field-kinds.ts';
import { oomKillMigrations } from './oom-kills.ts';
import { opsMigrations } from './ops.ts';
import { otelMigrations } from './otel.ts';
import { rayMigrations } from './ray.ts';
import { raySourceMigrations } from './ray-source.ts';
import { retentionMigrations } from './retention.ts';
import { shareMigrations } from './shares.ts';
import { timelineMigrations } from './timeline.ts';
import { timelineGranuleMigrations } from './timeline-granules.ts';
import { timelineLevelMigrations } from './timeline-levels.ts';

export const MIGRATIONS: readonly Migration[] = [
  ...otelMigrations,
  ...rayMigrations,
  ...opsMigrations,
  ...retentionMigrations,
  ...derivedStateMigrations,
  ...shareMigrations,
  ...oomKillMigrations,
  ...collectiveMigrations,
  ...clusterMigrations,
  ...raySourceMigrations,
  ...timelineMigrations,
  ...timelineGranuleMigrations,
  ...timelineLevelMigrations,
  ...expiryMigrations,
  ...coarseStateMigrations,
  ...fieldKindMigrations,
  ...collectiveNameMigrations,
];
