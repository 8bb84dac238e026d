/**
 * What Ray says. Rows of parts are merged by the tables themselves: every column but the key is a
 * SimpleAggregateFunction that is commutative, associative and idempotent (lib/decisions/0002).
 */
import type { Migration } from '../migrate.ts';

const text = 'SimpleAggregateFunction(max, String)';
const first = 'SimpleAggregateFunction(min, Nullable(Int64))';
const last = 'SimpleAggregateFunction(max, Nullable(Int64))';

export const rayMigrations: readonly Migration[] = [
  {
    version: 10,
    name: 'ray',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.ray_task_attempts (
        session LowCardinality(String), job_id LowCardinality(String), task_id String, attempt UInt32,
        type ${text}, function_name ${text}, name ${text}, actor_id ${text}, parent_task_id ${text},
        placement_group_id ${text}, language ${text}, required_resources ${text}, runtime_env ${text}, call_site ${text},
        node_id ${text}, worker_id ${text}, worker_pid ${last},
        state_ns SimpleAggregateFunction(minMap, Map(String, Int64)),
        error_type ${text}, error_message ${text}, logs ${text},
        sources SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
        stored SimpleAggregateFunction(max, DateTime)
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, task_id, attempt)
      TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE TABLE IF NOT EXISTS xray.ray_profile_spans (
        session LowCardinality(String), job_id LowCardinality(String), task_id String, attempt UInt32,
        name LowCardinality(String), start_ns Int64, end_ns Int64,
        component_type LowCardinality(String), worker_id String, node_ip LowCardinality(String), extra String,
        stored DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree ORDER BY (session, job_id, task_id, attempt, name, start_ns, end_ns)
      TTL stored + toIntervalDay({ttl:tasks})`,
      `CREATE TABLE IF NOT EXISTS xray.ray_nodes (
        session LowCardinality(String), node_id String,
        ip ${text}, name ${text}, hostname ${text}, is_head ${last}, resources ${text}, labels ${text},
        start_ns ${first}, end_ns ${first}, death_reason ${text}, alive_ns ${last}, seen_ns ${last}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, node_id)`,
      `CREATE TABLE IF NOT EXISTS xray.ray_actors (
        session LowCardinality(String), job_id LowCardinality(String), actor_id String,
        class_name ${text}, name ${text}, namespace ${text}, is_detached ${last}, placement_group_id ${text},
        required_resources ${text}, state_ns SimpleAggregateFunction(maxMap, Map(String, Int64)),
        node_id ${text}, worker_id ${text}, pid ${last}, restarts ${last}, death_cause ${text}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, actor_id)`,
      `CREATE TABLE IF NOT EXISTS xray.ray_workers (
        session LowCardinality(String), worker_id String,
        node_id ${text}, pid ${last}, type ${text}, start_ns ${first}, end_ns ${first}, exit_type ${text}, exit_detail ${text}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, worker_id)`,
      `CREATE TABLE IF NOT EXISTS xray.ray_jobs (
        session LowCardinality(String), job_id String,
        submission_id ${text}, type ${text}, status_ns SimpleAggregateFunction(maxMap, Map(String, Int64)),
        entrypoint ${text}, message ${text}, error_type ${text}, start_ns ${first}, end_ns ${last},
        metadata ${text}, driver_node_id ${text}, driver_pid ${last}, driver_exit_code ${last}, runtime_env ${text},
        is_internal ${last}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id)`,
      `CREATE TABLE IF NOT EXISTS xray.ray_oom_kills (
        session LowCardinality(String), time_ns Int64, node_id String, kind LowCardinality(String), name String,
        job_id String, task_id String, attempt UInt32, actor_id String, worker_id String, pid Int64,
        used_bytes Nullable(Float64), node_used_bytes Nullable(Float64), node_total_bytes Nullable(Float64),
        source LowCardinality(String), message String
      ) ENGINE = ReplacingMergeTree ORDER BY (session, kind, worker_id, task_id, attempt, pid)`,
      `CREATE TABLE IF NOT EXISTS xray.ray_sessions (
        session String, cluster ${text}, ray_version ${text}, first_ns ${first}, last_ns ${last}
      ) ENGINE = AggregatingMergeTree ORDER BY session`,
      `CREATE TABLE IF NOT EXISTS xray.ray_completeness (
        session LowCardinality(String), job_id String, source LowCardinality(String),
        reported ${last}, dropped ${last}, truncated ${last}, reason ${text}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, job_id, source)`,
    ],
  },
];
