/** Lanes of a job's timeline with their sums, and the names that go with them (lib/store/schema/timeline.ts). */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { FILTER, Hash, OF_JOB } from './timeline-parts.ts';

export interface LaneSums {
  readonly node: bigint;
  readonly lane: bigint;
  readonly node_id: string;
  readonly worker_id: string;
  readonly worker_pid: string | null;
  readonly actor_id: string;
  readonly depth: number;
  readonly tasks: number;
  readonly failures: number;
  readonly first_ns: string;
  readonly last_ns: string;
  readonly first_failure_ns: string;
  readonly longest_ns: string;
}

const Texts = z.array(z.string());
const Numbers = z.array(z.number());
/** Lanes in columns, one row: a hundred thousand rows would cost seconds to check one by one. `worker_pid`: '' where unknown. */
const LaneColumns = z.object({
  node: Texts,
  lane: Texts,
  node_id: Texts,
  worker_id: Texts,
  worker_pid: Texts,
  actor_id: Texts,
  depth: Numbers,
  tasks: Numbers,
  failures: Numbers,
  first_ns: Texts,
  last_ns: Texts,
  first_failure_ns: Texts,
  longest_ns: Texts,
});
type LaneColumnsValue = z.infer<typeof LaneColumns>;

export const lanesOfColumns = (columns: LaneColumnsValue | undefined): LaneSums[] =>
  columns === undefined
    ? []
    : columns.lane.map((lane, i) => ({
        node: BigInt(columns.node[i] ?? 0),
        lane: BigInt(lane),
        node_id: columns.node_id[i] ?? '',
        worker_id: columns.worker_id[i] ?? '',
        worker_pid: columns.worker_pid[i] || null,
        actor_id: columns.actor_id[i] ?? '',
        depth: columns.depth[i] ?? 0,
        tasks: columns.tasks[i] ?? 0,
        failures: columns.failures[i] ?? 0,
        first_ns: columns.first_ns[i] ?? '0',
        last_ns: columns.last_ns[i] ?? '0',
        first_failure_ns: columns.first_failure_ns[i] ?? '0',
        longest_ns: columns.longest_ns[i] ?? '0',
      }));

/** In one order, whatever the engine reads first. */
const inColumns = (
  lanes: string,
): string => `SELECT groupArray(toString(node)) AS node, groupArray(toString(lane)) AS lane, groupArray(node_id) AS node_id,
    groupArray(worker_id) AS worker_id, groupArray(ifNull(toString(worker_pid), '')) AS worker_pid, groupArray(actor_id) AS actor_id,
    groupArray(toUInt32(depth)) AS depth, groupArray(toFloat64(tasks)) AS tasks, groupArray(toFloat64(failures)) AS failures,
    groupArray(toString(first_ns)) AS first_ns, groupArray(toString(last_ns)) AS last_ns,
    groupArray(toString(first_failure_ns)) AS first_failure_ns, groupArray(toString(longest_ns)) AS longest_ns FROM (${lanes} ORDER BY node_id, worker_id, depth)`;

const LANES = `SELECT node, lane, node_id, worker_id, max(worker_pid) OVER (PARTITION BY node_id, worker_id) AS worker_pid,
    max(actor_id) OVER (PARTITION BY node_id, worker_id) AS actor_id, depth, tasks, failures, first_ns, last_ns, first_failure_ns, longest_ns
  FROM (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}) AS lanes INNER JOIN`;

export const timelineLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-lane-sums',
  sql: inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, sum(tasks) AS tasks, sum(failures) AS failures, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
      min(first_failure_ns) AS first_failure_ns, max(longest_ns) AS longest_ns FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  row: LaneColumns,
};

/** The same of slices that a filter leaves; lanes without one are left out. */
export const filteredLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-filtered-lane-sums',
  sql: inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
      min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${FILTER} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  row: LaneColumns,
};

/** Nodes of lanes, those that are retired among them. */
export const nodesOfLanes: Query<{ node: bigint; lane: bigint }> = {
  name: 'timeline-nodes-of-lanes',
  sql: `SELECT DISTINCT node, lane FROM xray.timeline_lanes WHERE ${OF_JOB} AND lane IN {lanes:Array(UInt64)}`,
  row: z.object({ node: Hash, lane: Hash }),
};

export const nodesOfLanesThatCount: Query<{ node: bigint }> = {
  name: 'timeline-nodes',
  sql: `SELECT DISTINCT node FROM xray.timeline_lanes FINAL WHERE ${OF_JOB} AND retired = 0`,
  row: z.object({ node: Hash }),
};

export const timelineFunctions: Query<{ hash: bigint; name: string }> = {
  name: 'timeline-functions',
  sql: `SELECT hash, any(name) AS name FROM xray.timeline_functions WHERE ${OF_JOB} GROUP BY hash ORDER BY name LIMIT 65535`,
  row: z.object({ hash: Hash, name: z.string() }),
};
