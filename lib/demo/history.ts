/**
 * Sends the past of the demo, in a thread of its own: what it takes is given back when it ends. Its data are `HistoryTask`; it
 * posts the share that has been acknowledged, 0 to 1, each time a hundredth more has.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chosenWorlds } from './clusters/incidents.ts';
import { createDelivery } from './deliver.ts';
import type { World } from './world/model.ts';

export interface HistoryTask {
  readonly seed: number;
  readonly anchor: number;
  readonly gpus: number;
  readonly incident: string | null;
  readonly gpuModel: string;
  readonly xray: string;
  /** Unix ms; from the start of the session where that is later. */
  readonly from: number;
  readonly to: number;
}

const task: HistoryTask = workerData;
const worlds = chosenWorlds(task);
/** What share of each cluster's past has been acknowledged: of all of it, that of the one that is least far. */
const shares = worlds.map(() => 0);
let reported = -1;
const send = (world: World, index: number): Promise<void> =>
  createDelivery(world, task.xray, new AbortController().signal, process.env.XRAY_AUTH_TOKEN || null).history(
    Math.max(world.boot, task.from),
    Math.min(world.end ?? Number.POSITIVE_INFINITY, task.to),
    (share) => {
      shares[index] = share;
      const percent = Math.floor(Math.min(...shares) * 100);
      if (percent > reported) parentPort?.postMessage(percent / 100);
      reported = Math.max(reported, percent);
    },
  );
await Promise.all(worlds.map(send));
