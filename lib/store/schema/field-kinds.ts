/**
 * Room for what real systems send: how much a node may use before the memory monitor kills, when spans were imported, when a transition of
 * an alert was stored, and what was received and set aside, day by day.
 *
 * Spans expire by their own time; those of a recording that is older than the retention would be gone at once. `Imported` is when X-Ray
 * imported a span, by the clock that retention believes, and the epoch for one that came live: retention.ts keeps it from then on.
 * A transition of an alert counts from when it was stored, because an alert may have begun to fire long before.
 */
import type { Migration } from '../migrate.ts';
import { COLLECTIVE_COLUMNS, collectiveSelect } from './collectives.ts';
import { TRANSITION_CLOCK } from './expiry.ts';

export const fieldKindMigrations: readonly Migration[] = [
  {
    version: 160,
    name: 'imported-and-set-aside',
    statements: [
      `ALTER TABLE xray.ray_oom_kills
        ADD COLUMN IF NOT EXISTS node_threshold_bytes SimpleAggregateFunction(max, Nullable(Float64))`,
      `ALTER TABLE xray.alert_transitions ADD COLUMN IF NOT EXISTS stored DateTime DEFAULT ${TRANSITION_CLOCK}`,
      'ALTER TABLE xray.otel_traces ADD COLUMN IF NOT EXISTS Imported DateTime DEFAULT toDateTime(0) CODEC(ZSTD(1))',
      'ALTER TABLE xray.collective_spans ADD COLUMN IF NOT EXISTS imported DateTime DEFAULT toDateTime(0) CODEC(ZSTD(1))',
      'DROP VIEW IF EXISTS xray.collective_spans_from_traces',
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.collective_spans_from_traces TO xray.collective_spans AS
        SELECT ${COLLECTIVE_COLUMNS}, imported FROM (${collectiveSelect('Imported AS imported')})`,
      // By session ('' for spans), so that a job's page can say what was received of it and is of no use.
      `CREATE TABLE IF NOT EXISTS xray.set_aside (
        door LowCardinality(String), session String, what String, day Date DEFAULT today(), records SimpleAggregateFunction(sum, UInt64),
        reason SimpleAggregateFunction(max, String), first SimpleAggregateFunction(min, DateTime) DEFAULT now(),
        stored SimpleAggregateFunction(max, DateTime) DEFAULT now()
      ) ENGINE = AggregatingMergeTree ORDER BY (door, session, what, day)`,
    ],
  },
];
