/**
 * Keeps the timeline's slices and levels (lib/store/schema/timeline.ts, lib/decisions/0011) up with the attempts: asks which
 * attempts came in since it last looked, gives each ended one a lane, and inserts it once. Attempts that still run are held
 * in memory and answered beside the levels.
 *
 *   ray_task_attempts --touched since--> merged attempts --not kept yet--> depth on its worker --> timeline_slices
 *                                                        --kept, differs-> its worker gets new lanes
 *                                                        --no end yet----> open
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import { Depth } from '../analysis/lane-depths.ts';
import type { Engine } from '../store/engine.ts';
import {
  attemptsOfTasks,
  brokenLanes,
  endedInRange,
  endedJobs,
  type KeptSlice,
  keptAround,
  keptLanes,
  keptOfLanes,
  keptOfTouched,
  keptUntil,
  type MergedAttempt,
  openInRange,
  REBUILD,
  rangeEnd,
  rebuiltNodes,
  rebuiltOfWorker,
  rebuiltSlices,
  rebuiltWorkers,
  SLICES,
  touchedAttempts,
  touchedJobs,
  unsettledJobs,
} from '../store/queries/timeline-keeper.ts';
import { LEVELS } from '../store/schema/timeline.ts';
import type { Telemetry } from './telemetry.ts';

const PAUSE_MS = 1_000;
/** Jobs whose lanes stay in memory when nothing of them runs. */
const JOBS_HELD = 100;
/** The keeper works at most a fifth of the time. */
const REST = 4;
/** `stored` is in whole seconds and set when an insert begins: what came in so shortly before is asked for again. */
const SLACK_S = 2;
/** Attempts per step: bounds memory. */
const STEP = 20_000;
/** Workers named in one statement, whose text the engine limits. */
const WORKERS = 1_000;
/** The same where only the engine holds them. */
const ENGINE_STEP = 200_000;
/** Beyond this share of a job, making its timeline anew is cheaper than looking for what is new. */
const MUCH = 0.2;

/** A running attempt, with the lane it will most likely end on. */
export interface OpenSlice {
  readonly taskId: string;
  readonly attempt: number;
  readonly functionName: string;
  readonly nodeId: string;
  readonly workerId: string;
  readonly workerPid: string | null;
  readonly actorId: string;
  readonly startNs: bigint;
}

interface LaneDepth {
  readonly lane: bigint;
  readonly track: Depth;
}

interface WorkerLanes {
  readonly node: bigint;
  readonly nodeId: string;
  readonly workerId: string;
  generation: number;
  depths: LaneDepth[];
}

interface JobLanes {
  readonly session: string;
  readonly job: string;
  readonly workers: Map<string, WorkerLanes>;
  /** Lanes that no longer count. */
  readonly retired: Set<bigint>;
  readonly workerOfLane: Map<bigint, WorkerLanes>;
  open: Map<string, OpenSlice>;
  /** Parts that had come in, and all that there were, when it was last made anew. */
  rebuiltOf: string;
}

export interface TimelineKeeper {
  /** Running attempts of a job that the keeper has seen. */
  readonly open: (session: string, job: string) => readonly OpenSlice[];
  /** Does what there is to do now; resolves when the timeline holds every attempt that was stored before the call. */
  readonly keep: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** 64 bits of SHA-256 over parts: ids of nodes and lanes. */
function id64(...parts: readonly (string | number)[]): bigint {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readBigUInt64BE(0);
}

export const nodeHash = (nodeId: string): bigint => id64('node', nodeId);

/** Never one that a process before this may have used: what it left half done must not be added to. */
const freshGeneration = (before: number): number => Math.max(before + 1, Math.floor(Date.now() / 1000));
const laneOf = (worker: Pick<WorkerLanes, 'nodeId' | 'workerId' | 'generation'>, depth: number): bigint =>
  id64('lane', worker.nodeId, worker.workerId, worker.generation, depth);

const keyOf = (slice: { readonly task_id: string; readonly attempt: number }) => `${slice.task_id}.${slice.attempt}`;
const laterOf = (a: bigint, b: bigint): bigint => {
  if (a > b) return a;
  return b;
};
const endOf = (slice: { readonly start_ns: bigint; readonly end_ns: bigint }): bigint =>
  laterOf(slice.start_ns, slice.end_ns);
const intervalOf = (slice: { readonly start_ns: bigint; readonly end_ns: bigint }) => ({
  start: slice.start_ns,
  end: endOf(slice),
});

interface Placed {
  readonly worker: WorkerLanes;
  readonly depth: LaneDepth;
  readonly task_id: string;
  readonly attempt: number;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly function: string;
  readonly failed: number;
  readonly error: string;
}

/** `writingSince`: when the insert that goes on began, Unix ms, because its rows may carry that moment and not be there yet. */
export function createTimelineKeeper(
  engine: Engine,
  telemetry: Telemetry,
  writingSince: () => number | null,
): TimelineKeeper {
  const jobs = new Map<string, JobLanes>();
  const registers = [telemetry.registry];
  const kept = new Counter({ name: 'xray_timeline_slices_total', help: 'Slices kept for timelines.', registers });
  const relaid = new Counter({
    name: 'xray_timeline_relaid_workers_total',
    help: 'Workers whose slices got new lanes, because what was kept of them changed.',
    registers,
  });
  const rebuilt = new Counter({
    name: 'xray_timeline_rebuilt_jobs_total',
    help: 'Jobs whose timeline was made anew.',
    registers,
  });
  new Gauge({
    name: 'xray_timeline_behind_seconds',
    help: 'Age of the newest moment up to which timelines hold everything that was stored.',
    registers,
    collect() {
      this.set(Date.now() / 1000 - (since ?? Date.now() / 1000));
    },
  });
  let since: number | null = null;
  let version = 0n;
  const nextVersion = (): bigint => {
    const now = BigInt(Date.now()) * 1000n;
    version = now > version ? now : version + 1n;
    return version;
  };

  async function jobLanes(session: string, job: string): Promise<JobLanes> {
    const key = `${session}/${job}`;
    const known = jobs.get(key);
    if (known) {
      // The newest last.
      jobs.delete(key);
      jobs.set(key, known);
      return known;
    }
    const made: JobLanes = {
      session,
      job,
      workers: new Map(),
      retired: new Set(),
      workerOfLane: new Map(),
      open: new Map(),
      rebuiltOf: '',
    };
    for (const row of await engine.select(keptLanes, { session, job })) {
      if (row.retired === 1) {
        made.retired.add(row.lane);
        continue;
      }
      const worker = workerOf(made, row.node_id, row.worker_id);
      worker.generation = row.generation;
      worker.depths[row.depth] = { lane: row.lane, track: new Depth(row.last_ns) };
      made.workerOfLane.set(row.lane, worker);
    }
    for (const worker of made.workers.values()) worker.depths = worker.depths.filter((depth) => depth !== undefined);
    const broken = await engine.select(brokenLanes, { session, job, levels: LEVELS.length });
    const lost = new Set(
      broken.map(({ lane }) => made.workerOfLane.get(lane)).filter((worker) => worker !== undefined),
    );
    for (const { lane } of broken) if (!made.workerOfLane.has(lane)) made.retired.add(lane);
    if (lost.size > 0) telemetry.log('warn', 'timeline-repair', { session, job, workers: lost.size });
    for (const worker of lost) await relay(made, worker, new Set(), []);
    // What ran when the process before this one ended may not have been heard of since.
    if (
      made.workerOfLane.size > 0 &&
      (await engine.select(endedJobs, { jobs: [job] })).every((one) => one.session !== session)
    )
      await eachRange(session, job, STEP, async (range) => {
        for (const row of await engine.select(openInRange, range)) made.open.set(keyOf(row), openSlice(row));
      });
    jobs.set(key, made);
    return made;
  }

  /** The tasks of a job in the order of their ids, some parts at a time. */
  async function eachRange(
    session: string,
    job: string,
    count: number,
    work: (range: { session: string; job: string; after: string; until: string }) => Promise<void>,
  ): Promise<void> {
    for (let after = ''; ; ) {
      const [end] = await engine.select(rangeEnd, { session, job, after, count });
      const until = end?.until ?? '';
      if (until === '') return;
      await work({ session, job, after, until });
      after = until;
    }
  }

  function workerOf(job: JobLanes, nodeId: string, workerId: string): WorkerLanes {
    const key = `${nodeId}/${workerId}`;
    const known = job.workers.get(key);
    if (known) return known;
    const made = { node: nodeHash(nodeId), nodeId, workerId, generation: freshGeneration(0), depths: [] };
    job.workers.set(key, made);
    return made;
  }

  function place(job: JobLanes, worker: WorkerLanes, row: Omit<Placed, 'worker' | 'depth'>, made: LaneRow[]): Placed {
    const interval = intervalOf(row);
    let depth = worker.depths.find(({ track }) => track.isFree(interval));
    if (depth === undefined) {
      const lane = laneOf(worker, worker.depths.length);
      depth = { lane, track: new Depth(0n) };
      made.push({ worker, lane, depth: worker.depths.length, generation: worker.generation, retired: 0 });
      worker.depths.push(depth);
      job.workerOfLane.set(lane, worker);
    }
    depth.track.put(interval);
    return { ...row, worker, depth };
  }

  interface Told {
    readonly worker_pid: string | null;
    readonly actor_id: string;
  }

  interface LaneRow {
    readonly worker: WorkerLanes;
    readonly lane: bigint;
    readonly depth: number;
    readonly generation: number;
    readonly retired: 0 | 1;
  }

  /** Slices first, names of lanes last: a lane without a name is not shown, and is found at the next start. */
  async function insert(
    job: JobLanes,
    slices: readonly Placed[],
    lanes: readonly LaneRow[],
    told: ReadonlyMap<WorkerLanes, Told>,
  ): Promise<void> {
    const which = { session: job.session, job_id: job.job };
    for (let from = 0; from < slices.length; from += STEP)
      await engine.insert(
        'xray.timeline_slices',
        slices.slice(from, from + STEP).map(({ worker, depth, ...slice }) => ({
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
    kept.inc(slices.length);
  }

  /** All slices of a worker on new lanes, without some and with others; the old lanes count no more. */
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
    relaid.inc();
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

  /**
   * A job's timeline made anew, inside the engine: all its workers get new lanes. Slices of workers that run one attempt
   * after the other never pass through this process.
   */
  async function rebuild(job: JobLanes): Promise<void> {
    const which = { session: job.session, job: job.job };
    await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
    const open = new Map<string, OpenSlice>();
    await eachRange(job.session, job.job, ENGINE_STEP, async (range) => {
      await engine.insertFrom(REBUILD, endedInRange, range);
      for (const row of await engine.select(openInRange, range)) open.set(keyOf(row), openSlice(row));
    });
    const lanes: LaneRow[] = [];
    for (const worker of job.workers.values()) {
      worker.depths.forEach(({ lane }, depth) => {
        job.retired.add(lane);
        job.workerOfLane.delete(lane);
        lanes.push({ worker, lane, depth, generation: worker.generation, retired: 1 });
      });
      worker.depths = [];
      worker.generation = freshGeneration(worker.generation);
    }
    const told = new Map<WorkerLanes, Told>();
    for (const { node_id: nodeId } of await engine.select(rebuiltNodes)) {
      const calm: WorkerLanes[] = [];
      for (const row of await engine.select(rebuiltWorkers, { nodeId })) {
        const worker = workerOf(job, nodeId, row.worker_id);
        told.set(worker, row);
        if (row.overlapping === 0) {
          const lane = laneOf(worker, 0);
          worker.depths = [{ lane, track: new Depth(row.last_ns) }];
          job.workerOfLane.set(lane, worker);
          lanes.push({ worker, lane, depth: 0, generation: worker.generation, retired: 0 });
          calm.push(worker);
          continue;
        }
        const rows = await engine.select(rebuiltOfWorker, { nodeId, worker: row.worker_id }, { maxRows: 20_000_000 });
        const placed = rows.map((one) => place(job, worker, sliceOfAttempt(one), lanes));
        await insert(job, placed, [], told);
        for (const { track } of worker.depths) track.forget();
      }
      for (let from = 0; from < calm.length; from += WORKERS) {
        const some = calm.slice(from, from + WORKERS);
        await engine.insertFrom(SLICES, rebuiltSlices, {
          ...which,
          nodeId,
          node: nodeHash(nodeId),
          workers: some.map(({ workerId }) => workerId),
          lanes: some.map(({ depths }) => depths[0]?.lane ?? 0n),
        });
      }
    }
    await insert(job, [], lanes, told);
    job.open = open;
    await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
    rebuilt.inc();
  }

  async function keepJob(session: string, name: string, since: number, touched: number, rows: number): Promise<void> {
    const job = await jobLanes(session, name);
    const which = { session, job: name };
    await guarded(job, async () => {
      // What came in seconds ago is asked for twice: not a second time for all of it.
      if (touched > STEP && touched > rows * MUCH && job.rebuiltOf !== `${touched}/${rows}`) {
        job.rebuiltOf = `${touched}/${rows}`;
        await rebuild(job);
        return;
      }
      const parts = Math.max(1, Math.ceil(touched / STEP));
      for (let part = 0; part < parts; part++) {
        const share = { ...which, since, parts, part };
        const attempts = await engine.select(touchedAttempts, share);
        // Not side by side: what comes in between must not be among the attempts and missing here.
        const keptRows = job.workerOfLane.size === 0 ? [] : await engine.select(keptOfTouched, share);
        await settle(job, attempts, keptRows);
      }
    });
  }

  /** Where it fails, what is in memory may be ahead of what was stored: it is read again, and checked, next time. */
  async function guarded(job: JobLanes, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      jobs.delete(`${job.session}/${job.job}`);
      throw error;
    }
  }

  /** Open attempts of jobs that ended, ended with them; nothing need have come in of the attempts themselves. */
  async function endWithJobs(): Promise<void> {
    const open = [...jobs.values()].filter((job) => job.open.size > 0);
    if (open.length === 0) return;
    const ended = await engine.select(endedJobs, { jobs: [...new Set(open.map(({ job }) => job))] });
    for (const { session, job_id } of ended) {
      const job = jobs.get(`${session}/${job_id}`);
      if (job === undefined || job.open.size === 0) continue;
      const tasks = [...new Set([...job.open.values()].map(({ taskId }) => taskId))];
      await guarded(job, async () => {
        for (let from = 0; from < tasks.length; from += 2000) {
          const some = tasks.slice(from, from + 2000);
          const attempts = await engine.select(attemptsOfTasks, { session, job: job_id, tasks: some });
          // Earlier attempts of the same tasks are kept already.
          await settle(
            job,
            attempts.filter((row) => job.open.has(keyOf(row))),
            [],
          );
        }
      });
    }
  }

  /** Where the process before this one left off; what ran then may have ended with its job since. */
  async function takeOver(): Promise<number> {
    const until = (await engine.select(keptUntil))[0]?.until ?? 0;
    for (const { session, job_id, ended, rows } of await engine.select(unsettledJobs, { since: until })) {
      if (ended === 1) await keepJob(session, job_id, 0, rows, rows);
      else await jobLanes(session, job_id);
    }
    return until;
  }

  async function look(): Promise<void> {
    const began = Math.floor((writingSince() ?? Date.now()) / 1000);
    since ??= await takeOver();
    for (const { session, job_id, touched, rows } of await engine.select(touchedJobs, { since }))
      await keepJob(session, job_id, since, touched, rows);
    await endWithJobs();
    for (const [key, job] of jobs) {
      if (jobs.size <= JOBS_HELD) break;
      if (job.open.size === 0) jobs.delete(key);
    }
    const until = Math.max(0, began - SLACK_S);
    if (until > since) {
      await engine.insert('xray.timeline_kept', [{ id: 1, until, version: nextVersion() }]);
      since = until;
    }
  }

  let closed = false;
  const stop = new AbortController();
  let working: Promise<void> = Promise.resolve();
  /** One look after the other, whoever asks. */
  function keep(): Promise<void> {
    const next = working.then(look);
    working = next.catch(() => {});
    return next;
  }
  async function loop(): Promise<void> {
    let failures = 0;
    while (!closed) {
      const began = performance.now();
      try {
        await keep();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!closed) telemetry.log('error', 'timeline-keeper', { error: String(error), failures });
      }
      const spent = performance.now() - began;
      const pause = Math.max(PAUSE_MS, spent * REST, failures > 0 ? Math.min(60_000, 1000 * 2 ** failures) : 0);
      await sleep(pause, undefined, { signal: stop.signal }).catch(() => {});
    }
  }
  const looping = loop();

  return {
    open: (session, job) => [...(jobs.get(`${session}/${job}`)?.open.values() ?? [])],
    keep,
    async close() {
      closed = true;
      stop.abort();
      await looping;
      await working;
    },
  };
}

const openSlice = (row: MergedAttempt): OpenSlice => ({
  taskId: row.task_id,
  attempt: row.attempt,
  functionName: row.function_name,
  nodeId: row.node_id,
  workerId: row.worker_id,
  workerPid: row.worker_pid,
  actorId: row.actor_id,
  startNs: row.start_ns,
});
const sliceOfKept = (slice: KeptSlice) => ({
  task_id: slice.task_id,
  attempt: slice.attempt,
  start_ns: slice.start_ns,
  end_ns: slice.end_ns,
  function: slice.function,
  failed: slice.failed,
  error: slice.error,
});
const sliceOfAttempt = (row: MergedAttempt) => ({
  task_id: row.task_id,
  attempt: row.attempt,
  start_ns: row.start_ns,
  end_ns: row.end_ns,
  function: row.function_name,
  failed: row.failed,
  error: row.error_type,
});
