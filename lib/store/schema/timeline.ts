/**
 * The timeline at scale (lib/decisions/0011): one row per ended attempt, and of these, materialised as they are inserted,
 * the levels of detail, the sums of each lane and the names of functions.
 *
 *   timeline_slices (lane, start)  --MV-->  timeline_levels (level, lane, bucket): longest, tasks, failed
 *                                  --MV-->  timeline_lane_sums (lane): tasks, failed, first, last, first failure, longest
 *                                  --MV-->  timeline_functions: hash -> name
 *
 * Sums are not idempotent, so a slice is inserted once: lib/server/tiles/indexer.ts sees to it. Slices of one lane never
 * overlap. What changes after it was stored gets its worker new lanes; `timeline_lanes` says which lanes count.
 */
import type { Migration } from '../migrate.ts';

/** Bucket width of each level as a power of two, ns: 8 ms, 34 ms, 0.13 s, 0.5 s, 2 s, 9 s, 34 s, 2.3 min, 9 min, 37 min. */
export const LEVELS = [23, 25, 27, 29, 31, 33, 35, 37, 39, 41] as const;
/** The levels before migration 112 (timeline-levels.ts): what the migrations before it made. */
export const LEVELS_BEFORE_112 = [23, 26, 29, 32, 35, 38, 41] as const;

/**
 * Slices compare by what stands in front: duration, then the earlier start, then arbitrary but fixed.
 * Bits 192-255 duration ns, 128-191 2^63-1 - start, 72-127 hash of the function, 64 failed, 0-63 hash of the task id.
 */
const longest = `max(bitShiftLeft(toUInt256(greatest(end_ns - start_ns, 0)), 192)
  + bitShiftLeft(toUInt256(9223372036854775807 - start_ns), 128)
  + bitShiftLeft(toUInt256(bitAnd(function_hash, 18446744073709551360) + failed), 64) + toUInt256(task))`;

/** The levels of these slices: as a view of inserts, and as a question to slices that a filter leaves. */
export const levelColumns = (bucket: string): string =>
  `${bucket} AS bucket, ${longest} AS longest, count() AS tasks, sum(failed) AS failures`;

export const timelineMigrations: readonly Migration[] = [
  {
    version: 110,
    name: 'timeline',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.timeline_slices (
        session LowCardinality(String), job_id LowCardinality(String), node UInt64, lane UInt64,
        start_ns Int64 CODEC(Delta, ZSTD(1)), end_ns Int64 CODEC(Delta, ZSTD(1)), task UInt64 MATERIALIZED cityHash64(task_id), attempt UInt32,
        task_id String CODEC(ZSTD(1)), function LowCardinality(String), function_hash UInt64 MATERIALIZED cityHash64(function),
        failed UInt8, error LowCardinality(String), stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree ORDER BY (session, job_id, node, lane, start_ns, task, attempt)
      TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_levels (
        session LowCardinality(String), job_id LowCardinality(String), level UInt8, node UInt64, lane UInt64,
        bucket Int64 CODEC(Delta, ZSTD(1)), longest SimpleAggregateFunction(max, UInt256),
        tasks SimpleAggregateFunction(sum, UInt64), failures SimpleAggregateFunction(sum, UInt64),
        stored SimpleAggregateFunction(max, DateTime) DEFAULT now()
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, level, node, lane, bucket)
      TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_levels_of_slices TO xray.timeline_levels AS
        SELECT session, job_id, level, node, lane, ${levelColumns('bitShiftRight(start_ns, level)')}, now() AS stored
        FROM xray.timeline_slices ARRAY JOIN [${LEVELS_BEFORE_112.join(', ')}] AS level GROUP BY session, job_id, level, node, lane, bucket`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_lane_sums (
        session LowCardinality(String), job_id LowCardinality(String), node UInt64, lane UInt64,
        tasks SimpleAggregateFunction(sum, UInt64), failures SimpleAggregateFunction(sum, UInt64),
        first_ns SimpleAggregateFunction(min, Int64), last_ns SimpleAggregateFunction(max, Int64),
        first_failure_ns SimpleAggregateFunction(min, Int64), longest_ns SimpleAggregateFunction(max, Int64),
        stored SimpleAggregateFunction(max, DateTime) DEFAULT now()
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, node, lane)
      TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_lane_sums_of_slices TO xray.timeline_lane_sums AS
        SELECT session, job_id, node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
          min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns, now() AS stored
        FROM xray.timeline_slices GROUP BY session, job_id, node, lane`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_functions (
        session LowCardinality(String), job_id LowCardinality(String), hash UInt64, name String, stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(stored) ORDER BY (session, job_id, hash) TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_functions_of_slices TO xray.timeline_functions AS
        SELECT session, job_id, bitAnd(function_hash, 18446744073709551360) AS hash, any(function) AS name, now() AS stored
        FROM xray.timeline_slices GROUP BY session, job_id, hash`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_lanes (
        session LowCardinality(String), job_id LowCardinality(String), node UInt64, lane UInt64,
        node_id String, worker_id String, worker_pid Nullable(Int64), actor_id String, depth UInt16, generation UInt32,
        retired UInt8, version UInt64, stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(version) ORDER BY (session, job_id, node, lane) TTL stored + toIntervalDay({ttl:tasks})`,
      // What a job's timeline is made anew from: ended attempts by worker and start, for as long as that takes.
      `CREATE TABLE IF NOT EXISTS xray.timeline_rebuild (
        node_id String, worker_id String, start_ns Int64, end_ns Int64, task_id String, attempt UInt32, function LowCardinality(String),
        failed UInt8, error LowCardinality(String), worker_pid Nullable(Int64), actor_id String
      ) ENGINE = MergeTree ORDER BY (node_id, worker_id, start_ns)`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_kept (id UInt8, until DateTime, version UInt64)
        ENGINE = ReplacingMergeTree(version) ORDER BY id`,
      // When a part came in, not when it was written down: the indexer asks what is new since it last looked.
      'ALTER TABLE xray.ray_task_attempts MODIFY COLUMN stored SimpleAggregateFunction(max, DateTime) DEFAULT now()',
    ],
  },
];
