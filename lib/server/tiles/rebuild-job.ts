/** Makes a job's timeline anew inside the engine, and walks the tasks of a job in the order of their ids. */
import { Depth } from '../../analysis/lane-depths.ts';
import type { Engine } from '../../store/engine.ts';
import {
  endedInRange,
  openInRange,
  REBUILD,
  rangeEnd,
  rebuiltNodes,
  rebuiltOfWorker,
  rebuiltSlices,
  rebuiltWorkers,
  SLICES,
} from '../../store/queries/timeline-keeper.ts';
import {
  freshGeneration,
  type JobLanes,
  keyOf,
  type LaneRow,
  laneOf,
  nodeHash,
  type OpenSlice,
  openSlice,
  place,
  sliceOfAttempt,
  type Told,
  type WorkerLanes,
  workerOf,
} from './job-lanes.ts';
import type { SliceWriter } from './slice-writer.ts';

/** Parts per step that only the engine holds. */
const ENGINE_STEP = 200_000;
/** Workers named in one statement, whose text the engine limits. */
const WORKERS = 1_000;

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
 * after the other never pass through this process.
 */
export async function rebuildJob(engine: Engine, writer: SliceWriter, job: JobLanes): Promise<void> {
  const which = { session: job.session, job: job.job };
  await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
  const open = new Map<string, OpenSlice>();
  await eachRange(engine, job.session, job.job, ENGINE_STEP, async (range) => {
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
      await writer.insert(job, placed, [], told);
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
  await writer.insert(job, [], lanes, told);
  job.open = open;
  await engine.command('TRUNCATE TABLE xray.timeline_rebuild');
}
