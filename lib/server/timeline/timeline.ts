/** Use cases of a job's timeline: all attempts in columns, and the phases of a window. */
import type { PhasesWire, TimelineWire } from '../../contract/timeline.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import {
  ALWAYS,
  actorClasses,
  type LaneRow,
  nodeNames,
  phaseRows,
  timelineLanes,
  timelineWindow,
} from '../../store/queries/timeline/timeline.ts';
import { ProblemError } from '../http/problem.ts';
import { completenessOf, type JobQuery, resolveJob } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { dictionary } from '../tiles/dictionary.ts';
import { nodeHash } from '../tiles/job-lanes.ts';
import { keyOf } from '../tiles/slice-filter.ts';

interface TimelineQuery extends JobQuery {
  readonly function?: string | undefined;
  readonly state?: string | undefined;
  readonly phases?: boolean | undefined;
  /** Unix ns: the attempts on workers that touch [from, to); all of the job without either. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit: number;
}

/** Bytes of an answer, about: of more attempts the earliest are answered, as beyond `limit`. */
const MOST_BYTES = 14e6;
/** Of an attempt and of a lane beside their texts. */
const ATTEMPT_BYTES = 48;
const LANE_BYTES = 120;

/** Bytes of the answer that is made of these, about. */
function answerBytes(rows: readonly LaneRow[]): number {
  const workers = new Set<string>();
  const functions = new Set<string>();
  let bytes = 0;
  for (const { node_id, worker_id, task_ids, functions: names } of rows) {
    const worker = `${node_id}/${worker_id}`;
    if (!workers.has(worker)) bytes += LANE_BYTES + 2 * node_id.length + worker_id.length;
    workers.add(worker);
    for (const name of names) {
      if (!functions.has(name)) bytes += name.length;
      functions.add(name);
    }
    for (const id of task_ids) bytes += ATTEMPT_BYTES + id.length;
  }
  return bytes;
}

/** Whether an attempt that starts then is answered. */
type Keeps = (second: number, restNs: number) => boolean;

/** Which attempts the bytes of an answer hold: the earliest; null where they hold all. */
function cutOf(rows: readonly LaneRow[]): Keeps | null {
  const bytes = answerBytes(rows);
  if (bytes <= MOST_BYTES) return null;
  // A quarter of a microsecond is as exact as seconds of today are: of attempts that start together any may be left out.
  const startOf = (second: number, restNs: number): number => second + restNs / 1e9;
  const starts = new Float64Array(rows.reduce((sum, { task_ids }) => sum + task_ids.length, 0));
  let at = 0;
  for (const row of rows)
    for (const [i, second] of row.start_s.entries()) starts[at++] = startOf(second, row.start_rest_ns[i] ?? 0);
  starts.sort();
  const kept = Math.max(1, Math.floor((starts.length * MOST_BYTES) / bytes));
  const last = starts[kept - 1] ?? 0;
  let atLast = kept - starts.indexOf(last);
  return (second, restNs) => {
    const start = startOf(second, restNs);
    if (start !== last) return start < last;
    atLast -= 1;
    return atLast >= 0;
  };
}

/** Names of attempts that came without a definition (restarts of actors), from the attempt that has one. */
function namesOfTasks(rows: readonly LaneRow[]): ReadonlyMap<string, string> {
  const nameless = new Set<string>();
  for (const row of rows)
    row.functions.forEach((name, i) => {
      if (name === '') nameless.add(row.task_ids[i] ?? '');
    });
  const names = new Map<string, string>();
  if (nameless.size === 0) return names;
  for (const row of rows)
    row.functions.forEach((name, i) => {
      const task = row.task_ids[i] ?? '';
      if (name !== '' && nameless.has(task)) names.set(task, name);
    });
  return names;
}

/** Whole seconds of the first start, in Unix s; null where nothing ran. */
function firstSecond(rows: readonly LaneRow[]): number | null {
  let least: number | null = null;
  for (const row of rows)
    for (const second of row.start_s) if (second > 0 && (least === null || second < least)) least = second;
  return least;
}

async function allRows({ engine }: Pick<Runtime, 'engine'>, params: Readonly<Record<string, string | number>>) {
  return { rows: await engine.select(timelineLanes, params), isCut: false };
}

/** Attempts that ended so long ago are in the slices. */
const RECENT_MS = 60_000;

/** What ended, from the kept slices, and what runs, each a row of its own; both as `timelineLanes` has them. */
async function windowRows(
  { engine, timelines }: Pick<Runtime, 'engine' | 'timelines'>,
  { session, job_id }: { readonly session: string; readonly job_id: string },
  query: TimelineQuery,
): Promise<{ readonly rows: readonly LaneRow[]; readonly isCut: boolean }> {
  const { from = ALWAYS.from, to = ALWAYS.to, limit, function: wanted = '', state = '' } = query;
  // What ended before that has long been indexed, or the answer says that it has not.
  if (to > BigInt(Date.now() - RECENT_MS) * 1_000_000n) await timelines.caughtUp(session, job_id);
  const [ended, { slices, limited }] = await Promise.all([
    engine.select(timelineWindow, { session, job: job_id, from, to, function: wanted, state, limit }),
    timelines.running(session, job_id),
  ]);
  const running = slices.filter(
    ({ startNs, functionName }) =>
      startNs < to && (wanted === '' || wanted === functionName) && (state === '' || state === 'RUNNING'),
  );
  const rows = [
    ...ended,
    ...running.map(
      (slice): LaneRow => ({
        node_id: slice.nodeId,
        worker_id: slice.workerId,
        worker_pid: slice.workerPid,
        actor_id: slice.actorId,
        task_ids: [slice.taskId],
        attempts: [slice.attempt],
        functions: [slice.functionName],
        states: ['RUNNING'],
        start_s: [Number(slice.startNs / 1_000_000_000n)],
        start_rest_ns: [Number(slice.startNs % 1_000_000_000n)],
        duration_ns: [null],
        errors: [''],
      }),
    ),
  ];
  // More run than are known, or much of the job waits to be indexed.
  return { rows, isCut: limited || timelines.isMaking(session, job_id) };
}

export async function getTimeline(runtime: Runtime, query: TimelineQuery): Promise<TimelineWire> {
  const job = await resolveJob(runtime, query);
  const which = { session: job.session, job: job.job_id };
  const wanted = query.function ?? '';
  const filters = { function: wanted, state: query.state ?? '', limit: query.limit };
  const isOfWindow = query.from !== undefined || query.to !== undefined;
  const [{ rows, isCut }, nodes, actors, phases, completeness] = await Promise.all([
    isOfWindow ? windowRows(runtime, job, query) : allRows(runtime, { ...which, ...filters }),
    runtime.engine.select(nodeNames, { session: job.session }),
    runtime.engine.select(actorClasses, which),
    query.phases === true
      ? runtime.engine.select(phaseRows, { ...which, ...ALWAYS, task: '', limit: 3 * query.limit })
      : [],
    completenessOf(runtime, job),
  ]);
  const nodeName = new Map(nodes.map((node) => [node.node_id, node.name || node.ip || node.node_id.slice(0, 8)]));
  const actorClass = new Map(actors.map((actor) => [actor.actor_id, actor.class_name]));
  const functions = dictionary();
  const states = dictionary();
  const errors = dictionary('');
  const lanes: TimelineWire['lanes'] = [];
  const now = BigInt(Date.now()) * 1_000_000n;
  const started = firstSecond(rows);
  const originS = started ?? Number(BigInt(job.start_ns ?? now) / 1_000_000_000n);
  const origin = BigInt(originS) * 1_000_000_000n;
  const columns: TimelineWire['columns'] = {
    taskId: [],
    attempt: [],
    function: [],
    state: [],
    lane: [],
    start: [],
    end: [],
    error: [],
  };
  const names = namesOfTasks(rows);
  const keeps = cutOf(rows);
  const rowOf = new Map<string, number>();
  const laneOf = new Map<string, number>();
  const laneOfWorker = (row: LaneRow): TimelineWire['lanes'][number] => ({
    nodeId: row.node_id,
    nodeName: nodeName.get(row.node_id) ?? row.node_id.slice(0, 8),
    nodeKey: keyOf(nodeHash(row.node_id)),
    workerId: row.worker_id,
    pid: row.worker_pid === null ? null : Number(row.worker_pid),
    actor: row.actor_id === '' ? null : (actorClass.get(row.actor_id) ?? row.actor_id),
  });
  const turn = takeTurns();
  let received = 0;
  let last = 0;
  let isOpen = false;
  for (const row of rows) {
    received += row.task_ids.length;
    const worker = `${row.node_id}/${row.worker_id}`;
    let lane = row.worker_id === '' ? -1 : laneOf.get(worker);
    await turn();
    for (let i = 0; i < row.task_ids.length; i++) {
      const taskId = row.task_ids[i] ?? '';
      const name = row.functions[i] || (names.get(taskId) ?? '');
      const second = row.start_s[i] ?? 0;
      const restNs = row.start_rest_ns[i] ?? 0;
      if (keeps?.(second, restNs) === false || (wanted !== '' && name !== wanted)) continue;
      if (lane === undefined) {
        lane = lanes.push(laneOfWorker(row)) - 1;
        laneOf.set(worker, lane);
      }
      const start = second === 0 ? null : (second - originS) * 1e9 + restNs;
      const duration = row.duration_ns[i] ?? null;
      const end = start === null || duration === null ? null : start + duration;
      if (start !== null && end === null) isOpen = true;
      if (end !== null && end > last) last = end;
      if (query.phases === true) rowOf.set(`${taskId}.${row.attempts[i]}`, columns.taskId.length);
      columns.taskId.push(taskId);
      columns.attempt.push(row.attempts[i] ?? 0);
      columns.function.push(functions.indexOf(name));
      columns.state.push(states.indexOf(row.states[i] ?? ''));
      columns.lane.push(lane);
      columns.start.push(start);
      columns.end.push(end);
      columns.error.push(errors.indexOf(row.errors[i] ?? ''));
    }
  }
  const phaseNames = dictionary();
  const phaseColumns: Omit<TimelineWire['phases'], 'names'> = { row: [], name: [], start: [], end: [] };
  for (const phase of phases) {
    await turn();
    const row = rowOf.get(`${phase.task_id}.${phase.attempt}`);
    if (row === undefined) continue;
    phaseColumns.row.push(row);
    phaseColumns.name.push(phaseNames.indexOf(phase.name));
    phaseColumns.start.push(Number(BigInt(phase.start_ns) - origin));
    phaseColumns.end.push(Number(BigInt(phase.end_ns) - origin));
  }
  const end = origin + BigInt(last);
  return {
    originNs: origin.toString(),
    fromNs: origin.toString(),
    toNs: (isOpen && now > end ? now : end).toString(),
    nowNs: now.toString(),
    functions: functions.values,
    states: states.values,
    errors: errors.values,
    lanes,
    columns,
    phases: { names: phaseNames.values, ...phaseColumns },
    matched: columns.taskId.length,
    limited: isCut || keeps !== null || received === query.limit,
    completeness,
  };
}

/** Phases that touch [from, to); the first `limit` by start. */
export async function getPhases(
  runtime: Runtime,
  query: JobQuery & { readonly from: bigint; readonly to: bigint; readonly limit: number },
): Promise<PhasesWire> {
  if (query.to <= query.from)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "to" is ${query.to}: it must be after "from", ${query.from}`,
    );
  const job = await resolveJob(runtime, query);
  const rows = await runtime.engine.select(phaseRows, {
    session: job.session,
    job: job.job_id,
    task: '',
    from: query.from,
    to: query.to,
    limit: query.limit,
  });
  const names = dictionary();
  const offset = (ns: string): number => Number(BigInt(ns) - query.from);
  return {
    fromNs: query.from.toString(),
    taskId: rows.map((row) => row.task_id),
    attempt: rows.map((row) => row.attempt),
    name: rows.map((row) => names.indexOf(row.name)),
    start: rows.map((row) => offset(row.start_ns)),
    end: rows.map((row) => offset(row.end_ns)),
    names: names.values,
    limited: rows.length === query.limit,
  };
}
