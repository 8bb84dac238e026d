/** Use case: the lanes of a job's timeline in the order asked for, and what runs. */
import type { z } from 'zod';
import type { TimelineLanesWire, timelineLanesRoute } from '../../contract/timeline-tile.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import { actorClasses, nodeNames } from '../../store/queries/timeline/timeline.ts';
import {
  type AllLanes,
  allLanes,
  filteredLaneSums,
  type LaneSums,
  lanesOfColumns,
  MOST_ANSWERED,
  timelineFunctions,
  timelineLaneSums,
} from '../../store/queries/timeline/timeline-lanes.ts';
import { type JobLanesAnswer, type JobNames, MOST_LANES } from '../runtime/held-answers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { bareLane, nodeHash } from './job-lanes.ts';
import { findJob, noteFunctions } from './known-lanes.ts';
import { FOREVER, filterOf, isPlain, keyOf } from './slice-filter.ts';

/** Names of functions that the answer holds. */
const MOST_FUNCTIONS = 2_000;

const collator = new Intl.Collator('en', { numeric: true });
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

interface NamedLane extends LaneSums {
  readonly nodeName: string;
  readonly actor: string | null;
}

type Order = LanesQuery['order'];

/** What a lane, and the best of its lanes a node, is sorted by before names: smaller first. */
function rankOf(order: Order, lane: LaneSums): bigint {
  if (order === 'failure') return BigInt(lane.first_failure_ns);
  if (order === 'longest') return -BigInt(lane.longest_ns);
  return 0n;
}

/** Place of each name in the order that people expect: a comparison of names costs a hundred times one of numbers. */
function locationsOf(names: Iterable<string>): ReadonlyMap<string, number> {
  const sorted = [...new Set(names)].sort((a, b) => collator.compare(a, b) || byText(a, b));
  return new Map(sorted.map((name, position) => [name, position]));
}

function sortLanes(lanes: readonly NamedLane[], order: Order): readonly NamedLane[] {
  const best = new Map<string, bigint>();
  const nameOf = new Map<string, string>();
  for (const lane of lanes) {
    const rank = rankOf(order, lane);
    const before = best.get(lane.node_id);
    if (before === undefined || rank < before) best.set(lane.node_id, rank);
    nameOf.set(lane.node_id, lane.nodeName);
  }
  const nodeNameLocation = locationsOf(nameOf.values());
  const nodes = [...nameOf].sort(
    ([a, nameA], [b, nameB]) =>
      byBig(best.get(a) ?? 0n, best.get(b) ?? 0n) ||
      (nodeNameLocation.get(nameA) ?? 0) - (nodeNameLocation.get(nameB) ?? 0) ||
      byText(a, b),
  );
  const nodeLocation = new Map(nodes.map(([id], position) => [id, position]));
  const actorLocation = locationsOf(lanes.map(({ actor }) => actor ?? ''));
  return lanes
    .map((lane) => ({
      lane,
      node: nodeLocation.get(lane.node_id) ?? 0,
      rank: order === 'name' ? 0n : rankOf(order, lane),
      actor: actorLocation.get(lane.actor ?? '') ?? 0,
      pid: Number(lane.worker_pid ?? 0),
    }))
    .sort(
      (a, b) =>
        a.node - b.node ||
        byBig(a.rank, b.rank) ||
        a.actor - b.actor ||
        a.pid - b.pid ||
        byText(a.lane.worker_id, b.lane.worker_id) ||
        a.lane.depth - b.lane.depth,
    )
    .map(({ lane }) => lane);
}

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
  const order = { order: query.order };
  const [allColumns, matchingColumns, functions, nodes, actors] = await Promise.all([
    runtime.engine.select(timelineLaneSums, { ...which, ...order }),
    isPlain(query) ? null : runtime.engine.select(filteredLaneSums, { ...which, ...order, ...filterOf(query) }),
    runtime.engine.select(timelineFunctions, { ...which, most: MOST_FUNCTIONS + 1 }),
    runtime.engine.select(nodeNames, { session: which.session }),
    runtime.engine.select(actorClasses, which),
  ]);
  const turn = takeTurns();
  const all = allLanes(allColumns[0]);
  const rows = lanesOfColumns(matchingColumns === null ? allColumns[0] : matchingColumns[0]);
  const matching: AllLanes = matchingColumns === null ? all : allLanes(matchingColumns[0]);
  noteFunctions(names, functions);
  // Of more they are looked up when a tile asks for them.
  if (names.nodeOf.size + rows.length <= MOST_LANES) for (const { lane, node } of rows) names.nodeOf.set(lane, node);
  const nodeName = new Map(nodes.map((node) => [node.node_id, node.name || node.ip || node.node_id.slice(0, 8)]));
  const actorClass = new Map(actors.map((actor) => [actor.actor_id, actor.class_name]));
  const { slices: running, limited: isRunningLimited } = isPlain(query)
    ? await runtime.timelines.running(which.session, which.job)
    : { slices: [], limited: false };
  const known = new Set(rows.map((lane) => `${lane.node_id}/${lane.worker_id}`));
  const bare: LaneSums[] = [];
  for (const slice of running) {
    const worker = `${slice.nodeId}/${slice.workerId}`;
    if (known.has(worker) || rows.length + bare.length >= MOST_ANSWERED) continue;
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
      first_failure_ns: FOREVER.toString(),
      longest_ns: '0',
    });
  }
  await turn();
  const named = [...rows, ...bare].map((lane) => ({
    ...lane,
    nodeName: nodeName.get(lane.node_id) ?? lane.node_id.slice(0, 8),
    actor: lane.actor_id === '' ? null : (actorClass.get(lane.actor_id) ?? lane.actor_id),
  }));
  await turn();
  const sorted = sortLanes(named, query.order);
  await turn();
  const nodeAt = new Map<string, number>();
  const nodeList: TimelineLanesWire['nodes'] = [];
  const location = new Map<string, number>();
  sorted.forEach((lane, index) => {
    if (!nodeAt.has(lane.node_id)) {
      nodeAt.set(lane.node_id, nodeList.length);
      nodeList.push({ nodeId: lane.node_id, nodeName: lane.nodeName, key: keyOf(lane.node) });
    }
    const worker = `${lane.node_id}/${lane.worker_id}`;
    if (!location.has(worker)) location.set(worker, index);
  });
  let [from, to] = all.tasks === 0 ? [FOREVER, 0n] : [all.firstNs, all.lastNs];
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
    functions: functions.slice(0, MOST_FUNCTIONS).map(({ name }) => name),
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
      lane: location.get(`${slice.nodeId}/${slice.workerId}`) ?? -1,
      taskId: slice.taskId,
      attempt: slice.attempt,
      function: slice.functionName,
      startNs: slice.startNs.toString(),
    })),
    version: keyOf(all.version),
    isBeingMade: runtime.timelines.isMaking(which.session, which.job),
    matched: matching.tasks,
    failures: matching.failures,
    deeper: matching.deeper,
    omitted: {
      lanes: Math.max(0, matching.lanes - rows.length),
      moreRunning: isRunningLimited,
      moreFunctions: functions.length > MOST_FUNCTIONS,
    },
  };
}
