/**
 * Kills by Ray's memory monitor, one row per killed process. Every message that tells of a kill is a part; parts merge
 * in the table as those of attempts do (lib/decisions/0002), so order and repetition change nothing.
 *
 * The table of version 10 was keyed by (kind, worker, task, attempt, pid), under which the worker's and the task's
 * message of one kill are two rows. Nothing ever wrote to it, so it is replaced.
 */
import type { Migration } from '../migrate.ts';

const text = 'SimpleAggregateFunction(max, String)';
const number = 'SimpleAggregateFunction(max, Nullable(Float64))';
const integer = 'SimpleAggregateFunction(max, Nullable(Int64))';

export const oomKillMigrations: readonly Migration[] = [
  {
    version: 50,
    name: 'oom-kills',
    statements: [
      'DROP TABLE IF EXISTS xray.ray_oom_kills',
      `CREATE TABLE IF NOT EXISTS xray.ray_oom_kills (
        session LowCardinality(String), victim String,
        time_ns SimpleAggregateFunction(min, Int64), kind ${text}, name ${text}, node_id ${text}, node_ip ${text},
        job_id ${text}, task_id ${text}, attempt ${integer}, actor_id ${text}, worker_id ${text}, pid ${integer},
        used_bytes ${number}, used_reported_bytes ${number}, node_used_bytes ${number}, node_total_bytes ${number},
        others ${text}, sources SimpleAggregateFunction(groupUniqArrayArray, Array(String)), message ${text}
      ) ENGINE = AggregatingMergeTree ORDER BY (session, victim)
      TTL toDateTime(intDiv(time_ns, 1000000000)) + toIntervalDay({ttl:tasks})`,
    ],
  },
];
