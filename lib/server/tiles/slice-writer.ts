/**
 * Puts ended attempts on lanes: new ones where they fit, changed ones by laying all of their workers anew. Of many jobs at once,
 * because an insert costs the same for one row and for a thousand.
 */
import type { Counter } from 'prom-client';
import { type Interval, laterOf } from '../../analysis/lane-depths.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import { type Engine, encodeRows } from '../../store/engine.ts';
import {
  type KeptSlice,
  keptAround,
  keptOfLanes,
  type MergedAttempt,
  slicesOfLanes,
} from '../../store/queries/timeline/timeline-indexer.ts';
import {
  createPlacer,
  holdOpen,
  type JobLanes,
  keyOf,
  type LaneRow,
  type Placed,
  retireLanes,
  type Slice,
  sliceOfAttempt,
  sliceOfKept,
  type WorkerLanes,
  workerOf,
} from './job-lanes.ts';

/** Slices of one insert. */
const BATCH = 20_000;
/** Rows that are encoded without a look at the clock. */
const ENCODED = 200;
/** Slices that are looked at to find a gap among them; beyond it slices go behind the last one of a lane. */
const AROUND = 500_000;
/** Slices that move to new lanes through this process; beyond it the job's timeline is made anew. */
export const MOST_RELAID = 100_000;
const ROW_BYTES = 24;

/** What is to be written of one job. */
export interface News {
  readonly job: JobLanes;
  /** As they stand now, by start. */
  readonly attempts: readonly MergedAttempt[];
  /** What is kept of the same attempts. */
  readonly kept: readonly KeptSlice[];
}

export interface SliceWriter {
  /** Slices first, names of lanes last: a lane without a name is not shown, and its slices are no one's. */
  readonly insert: (slices: readonly Placed[], lanes: readonly LaneRow[]) => Promise<void>;
  /** Resolves with the jobs of which so much changed that their timeline must be made anew instead. */
  readonly settle: (news: readonly News[]) => Promise<readonly JobLanes[]>;
  /** All slices of workers on new lanes; the old lanes count no more. False where they are too many. */
  readonly relay: (job: JobLanes, workers: readonly WorkerLanes[]) => Promise<boolean>;
}

interface Change {
  readonly without: Set<string>;
  readonly more: Slice[];
}
const byStart = (a: Slice, b: Slice): number => (a.start_ns < b.start_ns ? -1 : a.start_ns > b.start_ns ? 1 : 0);

export function createSliceWriter(
  engine: Engine,
  counters: { readonly kept: Counter; readonly relaid: Counter },
  nextVersion: () => bigint,
): SliceWriter {
  async function insertRows<Row>(table: string, all: readonly Row[], rowOf: (row: Row) => object): Promise<void> {
    const turn = takeTurns();
    for (let from = 0; from < all.length; from += BATCH) {
      const until = Math.min(all.length, from + BATCH);
      const lines: Uint8Array[] = [];
      for (let at = from; at < until; at += ENCODED) {
        lines.push(encodeRows(all.slice(at, Math.min(until, at + ENCODED)).map(rowOf)).lines);
        await turn();
      }
      await engine.insert(table, { count: until - from, lines: Buffer.concat(lines) });
    }
  }

  async function insert(slices: readonly Placed[], lanes: readonly LaneRow[]): Promise<void> {
    await insertRows('xray.timeline_slices', slices, ({ job, node, lane, slice }) => ({
      session: job.session,
      job_id: job.job,
      node,
      lane,
      ...slice,
    }));
    await insertRows('xray.timeline_lanes', lanes, ({ job, worker, ...lane }) => ({
      session: job.session,
      job_id: job.job,
      ...lane,
      node: worker.node,
      node_id: worker.nodeId,
      worker_id: worker.workerId,
      worker_pid: worker.workerPid,
      actor_id: worker.actorId,
      version: nextVersion(),
    }));
    counters.kept.inc(slices.length);
  }

  const nodesOf = (workers: readonly WorkerLanes[]): readonly bigint[] => [...new Set(workers.map(({ node }) => node))];
  const lanesOf = (workers: readonly WorkerLanes[]): readonly bigint[] =>
    workers.flatMap(({ depths, deeper }) => [...depths, ...deeper].map(({ lane }) => lane));

  /** False, and nothing done, where too many slices would move. */
  async function relayChanged(job: JobLanes, changes: ReadonlyMap<WorkerLanes, Change>): Promise<boolean> {
    const workers = [...changes.keys()];
    const which = { session: job.session, job: job.job, nodes: nodesOf(workers), lanes: lanesOf(workers) };
    const [held] = which.lanes.length === 0 ? [] : await engine.select(slicesOfLanes, which);
    if ((held?.slices ?? 0) > MOST_RELAID) return false;
    const turn = takeTurns();
    const stay = new Map<WorkerLanes, Slice[]>(workers.map((worker) => [worker, []]));
    for (const slice of which.lanes.length === 0 ? [] : await engine.select(keptOfLanes, which)) {
      const worker = job.workerOfLane.get(slice.lane);
      if (worker === undefined || changes.get(worker)?.without.has(keyOf(slice))) continue;
      stay.get(worker)?.push(sliceOfKept(slice));
      await turn();
    }
    const made: LaneRow[] = [];
    const placed: Placed[] = [];
    for (const [worker, { more }] of changes) {
      retireLanes(job, worker, made);
      const all = [...(stay.get(worker) ?? []), ...more].sort(byStart);
      const location = createPlacer(job, worker, all.length, new Map(), made);
      for (const slice of all) {
        placed.push(location(slice));
        await turn();
      }
    }
    await insert(placed, made);
    counters.relaid.inc(workers.length);
    return true;
  }

  /** What of the news of a job is new, and what changed. */
  function sort({ job, attempts, kept }: News) {
    const keptOf = new Map<string, KeptSlice>();
    for (const slice of kept) if (job.workerOfLane.has(slice.lane)) keptOf.set(keyOf(slice), slice);
    const fresh = new Map<WorkerLanes, Slice[]>();
    const changed = new Map<WorkerLanes, Change>();
    const changeOf = (worker: WorkerLanes): Change => {
      const one = changed.get(worker) ?? { without: new Set<string>(), more: [] };
      changed.set(worker, one);
      return one;
    };
    for (const row of attempts) {
      const key = keyOf(row);
      if (row.end_ns === 0n) {
        holdOpen(job, row);
        continue;
      }
      job.open.delete(key);
      const worker = workerOf(job, row);
      const before = keptOf.get(key);
      if (before === undefined) {
        const list = fresh.get(worker) ?? [];
        list.push(sliceOfAttempt(row));
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
      if (home) changeOf(home).without.add(key);
      changeOf(worker).more.push(sliceOfAttempt(row));
    }
    for (const [worker, { more }] of changed) {
      for (const slice of fresh.get(worker) ?? []) more.push(slice);
      fresh.delete(worker);
    }
    return { fresh, changed };
  }

  async function settle(news: readonly News[]): Promise<readonly JobLanes[]> {
    const turn = takeTurns();
    const anew: JobLanes[] = [];
    const made: LaneRow[] = [];
    const placed: Placed[] = [];
    for (const one of news) {
      const { job } = one;
      const { fresh, changed } = sort(one);
      if (changed.size > 0 && !(await relayChanged(job, changed))) {
        anew.push(job);
        continue;
      }
      const around = await slicesAround(job, fresh);
      for (const [worker, slices] of fresh) {
        const location = createPlacer(job, worker, slices.length, around.get(worker) ?? null, made);
        for (const slice of slices) {
          placed.push(location(slice));
          await turn();
        }
      }
    }
    if (placed.length > 0 || made.length > 0) await insert(placed, made);
    return anew;
  }

  /**
   * What stands around new slices, by worker and lane, where one of them starts before the last one of its worker's first depth
   * ended; others need not be looked for.
   */
  async function slicesAround(
    job: JobLanes,
    fresh: ReadonlyMap<WorkerLanes, readonly Slice[]>,
  ): Promise<ReadonlyMap<WorkerLanes, ReadonlyMap<bigint, readonly Interval[]>>> {
    const late: WorkerLanes[] = [];
    let [from, until] = [0n, 0n];
    for (const [worker, slices] of fresh) {
      const [depth] = worker.depths;
      const [first] = slices;
      if (depth === undefined || first === undefined || first.start_ns >= depth.end) continue;
      if (late.length === 0 || first.start_ns < from) from = first.start_ns;
      late.push(worker);
      for (const { start_ns, end_ns } of slices) {
        until = laterOf(until, laterOf(start_ns, end_ns) + 1n);
      }
    }
    const found = new Map<WorkerLanes, Map<bigint, Interval[]>>();
    if (late.length === 0) return found;
    const bytes = await engine.selectBytes(keptAround, {
      session: job.session,
      job: job.job,
      nodes: nodesOf(late),
      lanes: late.flatMap(({ depths }) => depths.map(({ lane }) => lane)),
      from,
      until,
      most: AROUND,
    });
    const count = bytes.byteLength / ROW_BYTES;
    // Not all of it: then none of it counts, and slices go where they certainly fit.
    if (count >= AROUND) return found;
    for (const worker of late) found.set(worker, new Map());
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const turn = takeTurns();
    for (let at = 0; at < bytes.byteLength; at += ROW_BYTES) {
      const lane = view.getBigUint64(at, true);
      const [start, ends] = [view.getBigInt64(at + 8, true), view.getBigInt64(at + 16, true)];
      const worker = job.workerOfLane.get(lane);
      const held = worker === undefined ? undefined : found.get(worker);
      if (held === undefined) continue;
      const list = held.get(lane) ?? [];
      list.push({ start, end: laterOf(start, ends) });
      held.set(lane, list);
      await turn();
    }
    return found;
  }

  return {
    insert,
    settle,
    relay: (job, workers) =>
      relayChanged(job, new Map(workers.map((worker) => [worker, { without: new Set<string>(), more: [] }]))),
  };
}
