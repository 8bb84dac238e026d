/**
 * Sends the past of the demo, in a thread of its own: what it takes is given back when it ends. Its data are `HistoryTask`; it
 * posts the share that has been acknowledged, 0 to 1, each time a hundredth more has.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createDelivery } from './deliver.ts';
import { chosenWorld } from './incidents.ts';

export interface HistoryTask {
  readonly seed: number;
  readonly anchor: number;
  readonly gpus: number;
  readonly incident: string | null;
  readonly xray: string;
  /** Unix ms; from the start of the session where that is later. */
  readonly from: number;
  readonly to: number;
}

const task: HistoryTask = workerData;
const world = chosenWorld(task);
const delivery = createDelivery(world, task.xray, new AbortController().signal, process.env.XRAY_AUTH_TOKEN || null);
let told = -1;
await delivery.history(Math.max(world.boot, task.from), task.to, (share) => {
  const percent = Math.floor(share * 100);
  if (percent > told) parentPort?.postMessage(percent / 100);
  told = Math.max(told, percent);
});
