/** Use case: the lanes of a job's timeline in the order asked for, and what runs. */
import type { z } from 'zod';
import type { TimelineLanesWire, timelineLanesRoute } from '../../contract/timeline-tile.ts';
import { actorClasses, nodeNames } from '../../store/queries/timeline.ts';
import {
  filteredLaneSums,
  type LaneSums,
  lanesOfColumns,
  timelineFunctions,
  timelineLaneSums,
} from '../../store/queries/timeline-lanes.ts';
import type { Runtime } from '../runtime.ts';
import { type JobLanesAnswer, type JobNames, MOST_LANES } from './held-answers.ts';
import { bareLane, nodeHash } from './job-lanes.ts';
import { findJob, noteFunctions } from './known-lanes.ts';
import { FOREVER, filterOf, isPlain, keyOf } from './slice-filter.ts';

type Compare<T> = (a: T, b: T) => number;
const collator = new Intl.Collator('en', { numeric: true });
const natural = (a: string, b: string): number => (a === b ? 0 : collator.compare(a, b));
const byBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

interface NamedLane extends LaneSums {
  readonly nodeName: string;
  readonly actor: string | null;
}

const compareLanes: Compare<NamedLane> = (a, b) =>
  natural(a.actor ?? '', b.actor ?? '') ||
  Number(a.worker_pid ?? 0) - Number(b.worker_pid ?? 0) ||
  natural(a.worker_id, b.worker_id) ||
  a.depth - b.depth;

/** What a lane, and the best of its lanes a node, is sorted by before names: smaller first. */
function rankOf(order: 'node' | 'failure' | 'longest' | 'name', lane: LaneSums): bigint {
  if (order === 'failure') return BigInt(lane.first_failure_ns);
  if (order === 'longest') return -BigInt(lane.longest_ns);
  return 0n;
}

function sortLanes(lanes: readonly NamedLane[], order: 'node' | 'failure' | 'longest' | 'name'): readonly NamedLane[] {
  const best = new Map<string, bigint>();
  for (const lane of lanes) {
    const rank = rankOf(order, lane);
    const before = best.get(lane.node_id);
    if (before === undefined || rank < before) best.set(lane.node_id, rank);
  }
  return [...lanes].sort(
    (a, b) =>
      (a.node_id === b.node_id
        ? 0
        : byBig(best.get(a.node_id) ?? 0n, best.get(b.node_id) ?? 0n) ||
          natural(a.nodeName, b.nodeName) ||
          natural(a.node_id, b.node_id)) ||
      (order === 'name' ? 0 : byBig(rankOf(order, a), rankOf(order, b))) ||
      compareLanes(a, b),
  );
}

/** Another text whenever a lane comes, goes or grows, in whatever order the lanes come. */
const versionOf = (lanes: readonly LaneSums[]): string =>
  keyOf(lanes.reduce((sum, { lane, tasks }) => BigInt.asUintN(64, sum + lane * BigInt(2 * tasks + 1)), 0n));

export type LanesQuery = z.output<typeof timelineLanesRoute.query>;

/** Throws ProblemError where there is no such job, or several. */
export async function getTimelineLanes(runtime: Runtime, query: LanesQuery): Promise<JobLanesAnswer> {
  const names = await findJob(runtime, query);
  const { which } = names;
  const revision = runtime.timelines.revision(which.session, which.job);
  return { ...which, revision, answer: await lanesOf(runtime, query, names) };
}

async function lanesOf(runtime: Runtime, query: LanesQuery, names: JobNames): Promise<TimelineLanesWire> {
  const { which } = names;
  const [allColumns, matchingColumns, functions, nodes, actors] = await Promise.all([
    runtime.engine.select(timelineLaneSums, which),
    isPlain(query) ? null : runtime.engine.select(filteredLaneSums, { ...which, ...filterOf(query) }),
    runtime.engine.select(timelineFunctions, which),
    runtime.engine.select(nodeNames, { session: which.session }),
    runtime.engine.select(actorClasses, which),
  ]);
  const all = lanesOfColumns(allColumns[0]);
  noteFunctions(names, functions);
  // Of more they are looked up when a tile asks for them.
  if (all.length <= MOST_LANES) for (const { lane, node } of all) names.nodeOf.set(lane, node);
  const matching = matchingColumns === null ? null : lanesOfColumns(matchingColumns[0]);
  const nodeName = new Map(nodes.map((node) => [node.node_id, node.name || node.ip || node.node_id.slice(0, 8)]));
  const actorClass = new Map(actors.map((actor) => [actor.actor_id, actor.class_name]));
  const running = isPlain(query) ? runtime.timelines.open(which.session, which.job) : [];
  const rows = matching ?? all;
  const known = new Set(rows.map((lane) => `${lane.node_id}/${lane.worker_id}`));
  const bare: LaneSums[] = [];
  for (const slice of running) {
    const worker = `${slice.nodeId}/${slice.workerId}`;
    if (known.has(worker)) continue;
    known.add(worker);
    bare.push({
      node: nodeHash(slice.nodeId),
      lane: bareLane(slice.nodeId, slice.workerId),
      node_id: slice.nodeId,
      worker_id: slice.workerId,
      worker_pid: slice.workerPid,
      actor_id: slice.actorId,
      depth: 0,
      tasks: 0,
      failures: 0,
      first_ns: FOREVER.toString(),
      last_ns: '0',
      first_failure_ns: FOREVER.toString(),
      longest_ns: '0',
    });
  }
  const named = [...rows, ...bare].map((lane) => ({
    ...lane,
    nodeName: nodeName.get(lane.node_id) ?? lane.node_id.slice(0, 8),
    actor: lane.actor_id === '' ? null : (actorClass.get(lane.actor_id) ?? lane.actor_id),
  }));
  const sorted = sortLanes(named, query.order);
  const nodeAt = new Map<string, number>();
  const nodeList: TimelineLanesWire['nodes'] = [];
  const place = new Map<string, number>();
  sorted.forEach((lane, index) => {
    if (!nodeAt.has(lane.node_id)) {
      nodeAt.set(lane.node_id, nodeList.length);
      nodeList.push({ nodeId: lane.node_id, nodeName: lane.nodeName, key: keyOf(lane.node) });
    }
    const worker = `${lane.node_id}/${lane.worker_id}`;
    if (!place.has(worker)) place.set(worker, index);
  });
  let [from, to] = [FOREVER, 0n];
  for (const lane of all) {
    if (BigInt(lane.first_ns) < from) from = BigInt(lane.first_ns);
    if (BigInt(lane.last_ns) > to) to = BigInt(lane.last_ns);
  }
  // Where all ended before they began.
  if (from !== FOREVER && to < from) to = from;
  const now = BigInt(Date.now()) * 1_000_000n;
  for (const slice of running) {
    if (slice.startNs < from) from = slice.startNs;
    if (now > to) to = now;
  }
  return {
    fromNs: from === FOREVER ? null : from.toString(),
    toNs: from === FOREVER ? null : to.toString(),
    nowNs: now.toString(),
    functions: functions.map(({ name }) => name),
    nodes: nodeList,
    lanes: {
      key: sorted.map(({ lane }) => keyOf(lane)),
      node: sorted.map(({ node_id }) => nodeAt.get(node_id) ?? 0),
      workerId: sorted.map(({ worker_id }) => worker_id),
      pid: sorted.map(({ worker_pid }) => (worker_pid === null ? null : Number(worker_pid))),
      actor: sorted.map(({ actor }) => actor),
      depth: sorted.map(({ depth }) => depth),
      tasks: sorted.map(({ tasks }) => tasks),
      failures: sorted.map(({ failures }) => failures),
      longestNs: sorted.map(({ longest_ns }) => longest_ns),
    },
    running: running.map((slice) => ({
      lane: place.get(`${slice.nodeId}/${slice.workerId}`) ?? -1,
      taskId: slice.taskId,
      attempt: slice.attempt,
      function: slice.functionName,
      startNs: slice.startNs.toString(),
    })),
    version: versionOf(all),
    isBeingMade: runtime.timelines.isMaking(which.session, which.job),
    matched: rows.reduce((sum, lane) => sum + lane.tasks, 0),
    failures: rows.reduce((sum, lane) => sum + lane.failures, 0),
  };
}
