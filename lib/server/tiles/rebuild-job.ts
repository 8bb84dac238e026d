/** Makes a job's timeline anew inside the engine, and walks the tasks of a job in the order of their ids. */

import { takeTurns } from '../../sources/http/event-loop-turns.ts';
import type { Engine } from '../../store/engine.ts';
import { type MergedAttempt, openInRange } from '../../store/queries/timeline/timeline-indexer.ts';
import {
  endedInRange,
  REBUILD,
  rangeEnd,
  rebuiltOverlapping,
  rebuiltPage,
  rebuiltSlices,
  rebuiltWorkers,
  SLICES,
} from '../../store/queries/timeline/timeline-rebuild.ts';
import {
  createPlacer,
  holdOpen,
  type JobLanes,
  type LaneRow,
  laneOf,
  MOST_OPEN,
  type Placed,
  retireLanes,
  type Slice,
  sliceOfAttempt,
  type WorkerLanes,
  workerOf,
} from './job-lanes.ts';
import type { SliceWriter } from './slice-writer.ts';

/** Parts per step that only the engine holds. */
const ENGINE_STEP = 200_000;
/** Workers of a page, which are named in one statement, and slices: what a page sorts and inserts. */
const PAGE_WORKERS = 1_000;
const PAGE_SLICES = 200_000;
/** Slices of overlapping workers that pass through this process at a time. */
const STREAMED = 50_000;
const FIRST_NS = -9_223_372_036_854_775_808n;

interface LocationOfWorker {
  readonly node: string;
  readonly worker: string;
}

/** The tasks of a job in the order of their ids, some parts at a time. */
export async function eachRange(
  engine: Engine,
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

/**
 * A job's timeline made anew, inside the engine: all its workers get new lanes. Slices of workers that run one attempt
 * after the other never pass through this process; those of others do, some thousand at a time.
 */
export async function rebuildJob(engine: Engine, writer: SliceWriter, job: JobLanes): Promise<void> {
  await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
  const open: MergedAttempt[] = [];
  await eachRange(engine, job.session, job.job, ENGINE_STEP, async (range) => {
    await engine.insertFrom(REBUILD, endedInRange, range);
    const most = MOST_OPEN + 1 - open.length;
    if (most > 0) for (const row of await engine.select(openInRange, { ...range, most })) open.push(row);
  });
  const lanes: LaneRow[] = [];
  const turn = takeTurns();
  for (const worker of job.workers.values()) {
    retireLanes(job, worker, lanes);
    await turn();
  }
  for (let after: LocationOfWorker | null = { node: '', worker: '' }; after !== null; )
    after = await rebuildPage(engine, writer, job, after, lanes);
  await writer.insert([], lanes);
  job.open = new Map();
  job.isOpenLimited = false;
  for (const row of open) holdOpen(job, row);
  await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
}

/** The workers behind `after`, up to the one that it resolves with; null: all are done. */
async function rebuildPage(
  engine: Engine,
  writer: SliceWriter,
  job: JobLanes,
  after: LocationOfWorker,
  lanes: LaneRow[],
): Promise<LocationOfWorker | null> {
  const behind = { afterNode: after.node, afterWorker: after.worker };
  let slices = 0;
  let last: LocationOfWorker | null = null;
  for (const row of await engine.select(rebuiltPage, { ...behind, count: PAGE_WORKERS })) {
    slices += row.slices;
    if (last !== null && slices > PAGE_SLICES) break;
    last = { node: row.node_id, worker: row.worker_id };
  }
  if (last === null) return null;
  const page = { session: job.session, job: job.job, ...behind, untilNode: last.node, untilWorker: last.worker };
  const turn = takeTurns();
  const calm: { readonly id: bigint; readonly worker: WorkerLanes; readonly lane: bigint }[] = [];
  const overlapping = new Map<bigint, (slice: Slice) => Placed>();
  for (const row of await engine.select(rebuiltWorkers, page)) {
    const worker = workerOf(job, row);
    if (row.overlapping > 0) {
      overlapping.set(row.worker, createPlacer(job, worker, row.slices, new Map(), lanes));
      continue;
    }
    const lane = laneOf(worker, 0);
    worker.depths = [{ lane, end: row.last_ns }];
    job.workerOfLane.set(lane, worker);
    lanes.push({ job, worker, lane, depth: 0, generation: worker.generation, retired: 0 });
    calm.push({ id: row.worker, worker, lane });
    await turn();
  }
  if (calm.length > 0)
    await engine.insertFrom(SLICES, rebuiltSlices, {
      ...page,
      workers: calm.map(({ id }) => id),
      nodes: calm.map(({ worker }) => worker.node),
      lanes: calm.map(({ lane }) => lane),
    });
  const workers = [...overlapping.keys()];
  let from = { lastWorker: 0n, lastNs: FIRST_NS, lastTask: '', lastAttempt: -1 };
  for (let isMore = workers.length > 0; isMore; ) {
    const rows = await engine.select(rebuiltOverlapping, { ...page, ...from, workers, count: STREAMED });
    const placed: Placed[] = [];
    for (const row of rows) {
      const one = overlapping.get(row.worker)?.(sliceOfAttempt(row));
      if (one !== undefined) placed.push(one);
      await turn();
    }
    await writer.insert(placed, []);
    isMore = rows.length === STREAMED;
    const end = rows.at(-1);
    if (end !== undefined)
      from = { lastWorker: end.worker, lastNs: end.start_ns, lastTask: end.task_id, lastAttempt: end.attempt };
  }
  return last;
}
