/**
 * The timeline's tables again, in granules of 1,024 rows: a tile reads some hundred rows of each of 32 lanes, and paid for
 * 8,192 of each. What they held is not carried over: the indexer finds nothing kept and makes the timelines anew from the
 * attempts. Besides, what lists of jobs and the indexer ask at every look, without reading every attempt:
 *
 *   ray_task_attempts  --MV-->      ray_job_parts (job): parts, when the last came in
 *                      --counted--> ray_job_counts (job): attempts by state and function, as of a moment
 */
import type { Migration } from '../migrate.ts';
import { LEVELS_BEFORE_112, levelColumns } from './timeline.ts';

const GRANULES = 'SETTINGS index_granularity = 1024';
const TTL = 'TTL stored + toIntervalDay({ttl:tasks})';
const KEY = 'session LowCardinality(String), job_id LowCardinality(String)';
const VIEWS = ['timeline_levels_of_slices', 'timeline_lane_sums_of_slices', 'timeline_functions_of_slices'];
const TABLES = ['timeline_slices', 'timeline_levels', 'timeline_lane_sums', 'timeline_functions', 'timeline_lanes'];

export const timelineGranuleMigrations: readonly Migration[] = [
  {
    version: 111,
    name: 'timeline-granules',
    statements: [
      ...[...VIEWS, ...TABLES].map((table) => `DROP TABLE IF EXISTS xray.${table} SYNC`),
      'TRUNCATE TABLE xray.timeline_kept',
      'TRUNCATE TABLE xray.timeline_rebuild',
      `CREATE TABLE IF NOT EXISTS xray.timeline_slices (
        ${KEY}, node UInt64, lane UInt64,
        start_ns Int64 CODEC(Delta, LZ4), end_ns Int64 CODEC(Delta, LZ4), task UInt64 MATERIALIZED cityHash64(task_id), attempt UInt32,
        task_id String CODEC(ZSTD(1)), function LowCardinality(String), function_hash UInt64 MATERIALIZED cityHash64(function),
        failed UInt8, error LowCardinality(String), stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree ORDER BY (session, job_id, node, lane, start_ns, task, attempt) ${TTL} ${GRANULES}`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_levels (
        ${KEY}, level UInt8, node UInt64, lane UInt64,
        bucket Int64 CODEC(Delta, LZ4), longest SimpleAggregateFunction(max, UInt256),
        tasks SimpleAggregateFunction(sum, UInt64), failures SimpleAggregateFunction(sum, UInt64),
        stored SimpleAggregateFunction(max, DateTime) DEFAULT now()
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, level, node, lane, bucket) ${TTL} ${GRANULES}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_levels_of_slices TO xray.timeline_levels AS
        SELECT session, job_id, level, node, lane, ${levelColumns('bitShiftRight(start_ns, level)')}, now() AS stored
        FROM xray.timeline_slices ARRAY JOIN [${LEVELS_BEFORE_112.join(', ')}] AS level GROUP BY session, job_id, level, node, lane, bucket`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_lane_sums (
        ${KEY}, node UInt64, lane UInt64,
        tasks SimpleAggregateFunction(sum, UInt64), failures SimpleAggregateFunction(sum, UInt64),
        first_ns SimpleAggregateFunction(min, Int64), last_ns SimpleAggregateFunction(max, Int64),
        first_failure_ns SimpleAggregateFunction(min, Int64), longest_ns SimpleAggregateFunction(max, Int64),
        stored SimpleAggregateFunction(max, DateTime) DEFAULT now()
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, node, lane) ${TTL}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_lane_sums_of_slices TO xray.timeline_lane_sums AS
        SELECT session, job_id, node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
          min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns, now() AS stored
        FROM xray.timeline_slices GROUP BY session, job_id, node, lane`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_functions (
        ${KEY}, hash UInt64, name String, stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(stored) ORDER BY (session, job_id, hash) ${TTL}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.timeline_functions_of_slices TO xray.timeline_functions AS
        SELECT session, job_id, bitAnd(function_hash, 18446744073709551360) AS hash, any(function) AS name, now() AS stored
        FROM xray.timeline_slices GROUP BY session, job_id, hash`,
      `CREATE TABLE IF NOT EXISTS xray.timeline_lanes (
        ${KEY}, node UInt64, lane UInt64,
        node_id String, worker_id String, worker_pid Nullable(Int64), actor_id String, depth UInt16, generation UInt32,
        retired UInt8, version UInt64, stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(version) ORDER BY (session, job_id, node, lane) ${TTL}`,

      `CREATE TABLE IF NOT EXISTS xray.ray_job_parts (
        ${KEY}, parts SimpleAggregateFunction(sum, UInt64), stored SimpleAggregateFunction(max, DateTime)
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id) ${TTL}`,
      // Made before the view, which adds to it; again from nothing where a start before this one came only so far.
      'DROP TABLE IF EXISTS xray.ray_job_parts_of_attempts SYNC',
      'TRUNCATE TABLE xray.ray_job_parts',
      `INSERT INTO xray.ray_job_parts SELECT session, job_id, count(), max(stored) FROM xray.ray_task_attempts GROUP BY session, job_id`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.ray_job_parts_of_attempts TO xray.ray_job_parts AS
        SELECT session, job_id, count() AS parts, max(stored) AS stored FROM xray.ray_task_attempts GROUP BY session, job_id`,
      `CREATE TABLE IF NOT EXISTS xray.ray_job_counts (
        ${KEY}, until DateTime, attempts UInt64, finished UInt64, failed UInt64, running UInt64, pending UInt64, retries UInt64,
        task_resources Map(String, Float64), user_functions UInt64,
        functions Array(Tuple(String, UInt64, UInt64, UInt64, UInt64)),
        version UInt64, stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(version) ORDER BY (session, job_id) ${TTL}`,
      // Parts that came in since the indexer last looked lie in few granules: the others need not be read.
      'ALTER TABLE xray.ray_task_attempts ADD INDEX IF NOT EXISTS stored_range stored TYPE minmax GRANULARITY 1',
      'ALTER TABLE xray.ray_task_attempts MATERIALIZE INDEX stored_range',
    ],
  },
];
