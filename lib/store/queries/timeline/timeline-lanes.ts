/** Lanes of a job's timeline with their sums, and the names that go with them (lib/store/schema/timeline.ts). */
import { z } from 'zod';
import { DEPTHS } from '../../../model/timeline-tile.ts';
import type { Query } from '../../engine.ts';
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
  readonly first_failure_ns: string;
  readonly longest_ns: string;
}

/** Lanes that one answer holds. */
export const MOST_ANSWERED = 20_000;

const Texts = z.array(z.string());
const Numbers = z.array(z.number());
const Count = z.coerce.number();
/**
 * Lanes in columns, one row: a hundred thousand rows would cost seconds to check one by one. `worker_pid`: '' where unknown. Columns hold
 * the first MOST_ANSWERED lanes that are drawn; sums are of all of them.
 */
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
  first_failure_ns: Texts,
  longest_ns: Texts,
  /** Lanes that are drawn. */
  all_lanes: Count,
  all_tasks: Count,
  all_failures: Count,
  /** Ended attempts that lie deeper. */
  deeper: Count,
  first_ns: z.string(),
  last_ns: z.string(),
  version: z.string(),
});
type LaneColumnsValue = z.infer<typeof LaneColumns>;

/** Sums over all lanes; times are decimal ns. `version`: another one whenever a lane comes, goes or grows. */
export interface AllLanes {
  readonly lanes: number;
  readonly tasks: number;
  readonly failures: number;
  readonly deeper: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly version: bigint;
}

export function allLanes(columns: LaneColumnsValue | undefined): AllLanes {
  return {
    lanes: columns?.all_lanes ?? 0,
    tasks: columns?.all_tasks ?? 0,
    failures: columns?.all_failures ?? 0,
    deeper: columns?.deeper ?? 0,
    firstNs: BigInt(columns?.first_ns ?? 0),
    lastNs: BigInt(columns?.last_ns ?? 0),
    version: BigInt(columns?.version ?? 0),
  };
}

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
        first_failure_ns: columns.first_failure_ns[i] ?? '0',
        longest_ns: columns.longest_ns[i] ?? '0',
      }));

const COLUMNS: readonly (readonly [string, string])[] = [
  ['node', 'toString(node)'],
  ['lane', 'toString(lane)'],
  ['node_id', 'node_id'],
  ['worker_id', 'worker_id'],
  ['worker_pid', "ifNull(toString(worker_pid), '')"],
  ['actor_id', 'actor_id'],
  ['depth', 'toUInt32(depth)'],
  ['tasks', 'toFloat64(tasks)'],
  ['failures', 'toFloat64(failures)'],
  ['first_failure_ns', 'toString(first_failure_ns)'],
  ['longest_ns', 'toString(longest_ns)'],
];

/** In one order, whatever the engine reads first: parameter `order`, which lanes stand in the answer where it does not hold all. */
const inColumns = (lanes: string): string => `SELECT
    ${COLUMNS.map(([name, value]) => `groupArrayIf(${MOST_ANSWERED})(${value}, depth < ${DEPTHS}) AS ${name}_column`).join(', ')},
    countIf(depth < ${DEPTHS}) AS all_lanes, sum(tasks) AS all_tasks, sum(failures) AS all_failures, sumIf(tasks, depth >= ${DEPTHS}) AS deeper,
    toString(min(first_ns)) AS from_ns, toString(max(last_ns)) AS to_ns, toString(sum(lane * (2 * tasks + 1))) AS version
  FROM (${lanes} ORDER BY multiIf({order:String} = 'failure', first_failure_ns, {order:String} = 'longest', -longest_ns, toInt64(0)), node_id, worker_id, depth)`;
const named = (columns: string): string => `SELECT ${COLUMNS.map(([name]) => `${name}_column AS ${name}`).join(', ')},
    all_lanes, all_tasks, all_failures, deeper, from_ns AS first_ns, to_ns AS last_ns, version FROM (${columns})`;

const LANES = `SELECT node, lane, node_id, worker_id, max(worker_pid) OVER (PARTITION BY node_id, worker_id) AS worker_pid,
    max(actor_id) OVER (PARTITION BY node_id, worker_id) AS actor_id, depth, tasks, failures, first_ns, last_ns, first_failure_ns, longest_ns
  FROM (SELECT * FROM xray.timeline_lanes FINAL WHERE ${OF_JOB}) AS lanes INNER JOIN`;

export const timelineLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-lane-sums',
  sql: named(
    inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, sum(tasks) AS tasks, sum(failures) AS failures, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
      min(first_failure_ns) AS first_failure_ns, max(longest_ns) AS longest_ns FROM xray.timeline_lane_sums WHERE ${OF_JOB} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  ),
  row: LaneColumns,
};

/** The same of slices that a filter leaves; lanes without one are left out. */
export const filteredLaneSums: Query<LaneColumnsValue> = {
  name: 'timeline-filtered-lane-sums',
  sql: named(
    inColumns(`SELECT * FROM (${LANES} (SELECT node, lane, count() AS tasks, sum(failed) AS failures, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
      min(if(failed = 1, start_ns, 9223372036854775807)) AS first_failure_ns, max(end_ns - start_ns) AS longest_ns
      FROM xray.timeline_slices WHERE ${OF_JOB} AND ${FILTER} GROUP BY node, lane) AS sums
    ON lanes.node = sums.node AND lanes.lane = sums.lane WHERE retired = 0)`),
  ),
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

/** Functions of the ended attempts, by name. */
export const timelineFunctions: Query<{ hash: bigint; name: string }> = {
  name: 'timeline-functions',
  sql: `SELECT hash, any(name) AS name FROM xray.timeline_functions WHERE ${OF_JOB} GROUP BY hash ORDER BY name LIMIT {most:UInt32}`,
  row: z.object({ hash: Hash, name: z.string() }),
};

/** Of hashes without their lowest 11 bits, which tiles do not hold: the names. */
export const functionsOfKeys: Query<{ hash: bigint; name: string }> = {
  name: 'timeline-functions-of-keys',
  sql: `SELECT hash, any(name) AS name FROM xray.timeline_functions WHERE ${OF_JOB} AND bitShiftRight(hash, 11) IN {keys:Array(UInt64)} GROUP BY hash`,
  row: z.object({ hash: Hash, name: z.string() }),
};
