/** Puts ended attempts on lanes: new ones where they fit, changed ones by laying all of their worker anew. */
import type { Counter } from 'prom-client';
import type { Engine } from '../../store/engine.ts';
import {
  attemptsOfTasks,
  type KeptSlice,
  keptAround,
  keptOfLanes,
  type MergedAttempt,
} from '../../store/queries/timeline-keeper.ts';
import {
  freshGeneration,
  intervalOf,
  type JobLanes,
  keyOf,
  type LaneRow,
  openSlice,
  type Placed,
  place,
  sliceOfAttempt,
  sliceOfKept,
  type Told,
  type WorkerLanes,
  workerOf,
} from './job-lanes.ts';

/** Slices of one insert. */
const BATCH = 20_000;

export interface SliceWriter {
  /** Slices first, names of lanes last: a lane without a name is not shown, and is found at the next start. */
  readonly insert: (
    job: JobLanes,
    slices: readonly Placed[],
    lanes: readonly LaneRow[],
    told: ReadonlyMap<WorkerLanes, Told>,
  ) => Promise<void>;
  /** All slices of a worker on new lanes, without some and with others; the old lanes count no more. */
  readonly relay: (
    job: JobLanes,
    worker: WorkerLanes,
    without: ReadonlySet<string>,
    more: readonly MergedAttempt[],
  ) => Promise<void>;
  /** Attempts as they stand now, and what is kept of the same attempts. */
  readonly settle: (job: JobLanes, rows: readonly MergedAttempt[], keptRows: readonly KeptSlice[]) => Promise<void>;
}

export function createSliceWriter(
  engine: Engine,
  counters: { readonly kept: Counter; readonly relaid: Counter },
  nextVersion: () => bigint,
): SliceWriter {
  async function insert(
    job: JobLanes,
    slices: readonly Placed[],
    lanes: readonly LaneRow[],
    told: ReadonlyMap<WorkerLanes, Told>,
  ): Promise<void> {
    const which = { session: job.session, job_id: job.job };
    for (let from = 0; from < slices.length; from += BATCH)
      await engine.insert(
        'xray.timeline_slices',
        slices.slice(from, from + BATCH).map(({ worker, depth, ...slice }) => ({
          ...which,
          node: worker.node,
          lane: depth.lane,
          ...slice,
        })),
      );
    await engine.insert(
      'xray.timeline_lanes',
      lanes.map(({ worker, ...lane }) => {
        const one = told.get(worker);
        return {
          ...which,
          ...lane,
          node: worker.node,
          node_id: worker.nodeId,
          worker_id: worker.workerId,
          worker_pid: one?.worker_pid ?? null,
          actor_id: one?.actor_id ?? '',
          version: nextVersion(),
        };
      }),
    );
    counters.kept.inc(slices.length);
  }

  async function relay(
    job: JobLanes,
    worker: WorkerLanes,
    without: ReadonlySet<string>,
    more: readonly MergedAttempt[],
  ): Promise<void> {
    const { session } = job;
    const before = worker.depths;
    const lanes = before.map(({ lane }) => lane);
    const stay = (await engine.select(keptOfLanes, { session, job: job.job, node: worker.node, lanes })).filter(
      (slice) => !without.has(keyOf(slice)),
    );
    const all = [...stay.map(sliceOfKept), ...more.map(sliceOfAttempt)].sort((a, b) =>
      a.start_ns < b.start_ns ? -1 : a.start_ns > b.start_ns ? 1 : 0,
    );
    const was = worker.generation;
    worker.generation = freshGeneration(was);
    worker.depths = [];
    const made: LaneRow[] = [];
    const placed = all.map((slice) => place(job, worker, slice, made));
    before.forEach(({ lane }, depth) => {
      job.retired.add(lane);
      job.workerOfLane.delete(lane);
      made.push({ worker, lane, depth, generation: was, retired: 1 });
    });
    const told = await toldOf(job, worker, all[0], more);
    await insert(job, placed, made, told);
    for (const { track } of worker.depths) track.forget();
    counters.relaid.inc();
  }

  /** Process and actor of a worker, from any attempt of it. */
  async function toldOf(
    job: JobLanes,
    worker: WorkerLanes,
    slice: { readonly task_id: string } | undefined,
    more: readonly MergedAttempt[],
  ): Promise<ReadonlyMap<WorkerLanes, MergedAttempt>> {
    const rows =
      more.length > 0 || slice === undefined
        ? more
        : await engine.select(attemptsOfTasks, { session: job.session, job: job.job, tasks: [slice.task_id] });
    const one = rows.find((row) => row.worker_id === worker.workerId && row.node_id === worker.nodeId);
    return new Map(one ? [[worker, one]] : []);
  }

  async function settle(job: JobLanes, rows: readonly MergedAttempt[], keptRows: readonly KeptSlice[]): Promise<void> {
    const keptOf = new Map<string, KeptSlice>();
    for (const slice of keptRows) if (!job.retired.has(slice.lane)) keptOf.set(keyOf(slice), slice);
    const fresh = new Map<WorkerLanes, MergedAttempt[]>();
    const changed = new Map<WorkerLanes, { readonly without: Set<string>; readonly more: MergedAttempt[] }>();
    const changedOf = (worker: WorkerLanes) => {
      const one = changed.get(worker) ?? { without: new Set<string>(), more: [] };
      changed.set(worker, one);
      return one;
    };
    for (const row of rows) {
      const key = keyOf(row);
      if (row.end_ns === 0n) {
        job.open.set(key, openSlice(row));
        continue;
      }
      job.open.delete(key);
      const worker = workerOf(job, row.node_id, row.worker_id);
      const before = keptOf.get(key);
      if (before === undefined) {
        const list = fresh.get(worker) ?? [];
        list.push(row);
        fresh.set(worker, list);
        continue;
      }
      const home = job.workerOfLane.get(before.lane);
      const same =
        home === worker &&
        before.start_ns === row.start_ns &&
        before.end_ns === row.end_ns &&
        before.function === row.function_name &&
        before.failed === row.failed &&
        before.error === row.error_type;
      if (same) continue;
      if (home) changedOf(home).without.add(key);
      changedOf(worker).more.push(row);
    }
    for (const [worker, { without, more }] of changed) {
      await relay(job, worker, without, [...more, ...(fresh.get(worker) ?? [])]);
      fresh.delete(worker);
    }
    if (fresh.size === 0) return;
    await knowThePast(job, fresh);
    const made: LaneRow[] = [];
    const placed: Placed[] = [];
    const told = new Map<WorkerLanes, MergedAttempt>();
    for (const [worker, list] of fresh) {
      const [first] = list;
      if (first) told.set(worker, first);
      for (const row of list) placed.push(place(job, worker, sliceOfAttempt(row), made));
    }
    await insert(job, placed, made, told);
    for (const worker of fresh.keys()) for (const { track } of worker.depths) track.forget();
  }

  /** Loads what lies around slices that start before the last one of their worker's first depth ended. */
  async function knowThePast(job: JobLanes, fresh: ReadonlyMap<WorkerLanes, readonly MergedAttempt[]>): Promise<void> {
    const late = new Set<WorkerLanes>();
    let from = 0n;
    for (const [worker, list] of fresh) {
      const [depth] = worker.depths;
      for (const row of list) {
        if (depth === undefined || !depth.track.isLate(row.start_ns)) continue;
        late.add(worker);
        if (from === 0n || row.start_ns < from) from = row.start_ns;
      }
    }
    if (late.size === 0) return;
    const workers = [...late];
    const around = await engine.select(keptAround, {
      session: job.session,
      job: job.job,
      nodes: [...new Set(workers.map(({ node }) => node))],
      lanes: workers.flatMap(({ depths }) => depths.map(({ lane }) => lane)),
      from,
    });
    const byLane = new Map<bigint, { start: bigint; end: bigint }[]>();
    for (const slice of around) {
      const list = byLane.get(slice.lane) ?? [];
      list.push(intervalOf(slice));
      byLane.set(slice.lane, list);
    }
    for (const worker of workers) for (const { lane, track } of worker.depths) track.know(from, byLane.get(lane) ?? []);
  }

  return { insert, relay, settle };
}
