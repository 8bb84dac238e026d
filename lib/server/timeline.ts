/** Use case of a job's timeline: all attempts in columns, lanes by node and worker. */
import type { TimelineWire } from '../contract/jobs.ts';
import { actorClasses, nodeNames, phaseRows, timelineRows } from '../store/queries/timeline.ts';
import { completenessOf, type JobQuery, resolveJob } from './jobs.ts';
import type { Runtime } from './runtime.ts';

/** Gives each distinct text an index in the order of its first appearance. */
function dictionary(): { readonly values: string[]; readonly indexOf: (text: string) => number } {
  const indices = new Map<string, number>();
  const values: string[] = [];
  return {
    values,
    indexOf(text) {
      const known = indices.get(text);
      if (known !== undefined) return known;
      indices.set(text, values.length);
      values.push(text);
      return values.length - 1;
    },
  };
}

interface TimelineQuery extends JobQuery {
  readonly function?: string | undefined;
  readonly state?: string | undefined;
  readonly phases?: boolean | undefined;
  readonly limit: number;
}

export async function getTimeline(runtime: Runtime, query: TimelineQuery): Promise<TimelineWire> {
  const job = await resolveJob(runtime, query);
  const which = { session: job.session, job: job.job_id };
  const filters = { function: query.function ?? '', state: query.state ?? '', limit: query.limit };
  const [rows, nodes, actors, phases, completeness] = await Promise.all([
    runtime.engine.select(timelineRows, { ...which, ...filters }),
    runtime.engine.select(nodeNames, { session: job.session }),
    runtime.engine.select(actorClasses, which),
    query.phases === false ? [] : runtime.engine.select(phaseRows, { ...which, task: '', limit: 3 * query.limit }),
    completenessOf(runtime, job),
  ]);
  const nodeName = new Map(nodes.map((node) => [node.node_id, node.name || node.ip || node.node_id.slice(0, 8)]));
  const actorClass = new Map(actors.map((actor) => [actor.actor_id, actor.class_name]));
  const functions = dictionary();
  const states = dictionary();
  const lanes: TimelineWire['lanes'] = [];
  const laneOf = new Map<string, number>();
  const first = rows.reduce(
    (least, row) =>
      row.created_ns !== '0' && (least === 0n || BigInt(row.created_ns) < least) ? BigInt(row.created_ns) : least,
    0n,
  );
  const now = BigInt(Date.now()) * 1_000_000n;
  const origin = first === 0n ? BigInt(job.start_ns ?? now) : first;
  const offset = (ns: string): number | null => (ns === '0' ? null : Number(BigInt(ns) - origin));
  const columns: TimelineWire['columns'] = {
    taskId: [],
    attempt: [],
    function: [],
    state: [],
    lane: [],
    start: [],
    end: [],
    created: [],
    error: [],
  };
  const rowOf = new Map<string, number>();
  let last = origin;
  rows.forEach((row, index) => {
    const key = `${row.node_id}/${row.worker_id}`;
    let lane = row.start_ns === '0' || row.worker_id === '' ? -1 : (laneOf.get(key) ?? -2);
    if (lane === -2) {
      lane = lanes.length;
      laneOf.set(key, lane);
      lanes.push({
        nodeId: row.node_id,
        nodeName: nodeName.get(row.node_id) ?? row.node_id.slice(0, 8),
        workerId: row.worker_id,
        pid: row.worker_pid === null ? null : Number(row.worker_pid),
        actor: row.actor_id === '' ? null : (actorClass.get(row.actor_id) ?? row.actor_id),
      });
    }
    columns.taskId.push(row.task_id);
    columns.attempt.push(row.attempt);
    columns.function.push(functions.indexOf(row.function_name));
    columns.state.push(states.indexOf(row.state));
    columns.lane.push(lane);
    columns.start.push(offset(row.start_ns));
    columns.end.push(offset(row.end_ns));
    columns.created.push(offset(row.created_ns));
    columns.error.push(row.error_type);
    rowOf.set(`${row.task_id}.${row.attempt}`, index);
    if (row.end_ns !== '0' && BigInt(row.end_ns) > last) last = BigInt(row.end_ns);
  });
  const phaseNames = dictionary();
  const phaseColumns: Omit<TimelineWire['phases'], 'names'> = { row: [], name: [], start: [], end: [] };
  for (const phase of phases) {
    const row = rowOf.get(`${phase.task_id}.${phase.attempt}`);
    if (row === undefined) continue;
    phaseColumns.row.push(row);
    phaseColumns.name.push(phaseNames.indexOf(phase.name));
    phaseColumns.start.push(Number(BigInt(phase.start_ns) - origin));
    phaseColumns.end.push(Number(BigInt(phase.end_ns) - origin));
  }
  const isOpen = columns.start.some((start, i) => start !== null && columns.end[i] === null);
  return {
    originNs: origin.toString(),
    fromNs: origin.toString(),
    toNs: (isOpen && now > last ? now : last).toString(),
    nowNs: now.toString(),
    functions: functions.values,
    states: states.values,
    lanes,
    columns,
    phases: { names: phaseNames.values, ...phaseColumns },
    matched: rows.length,
    limited: rows.length === query.limit,
    completeness,
  };
}
