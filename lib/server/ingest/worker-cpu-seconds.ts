/** CPU time of a worker's thread, asked from outside while it works. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

const SAYS_WITHIN_MS = 1_000;

/** CPU seconds of the worker's thread so far; null where it does not say in time. */
export async function workerCpuSeconds(worker: Worker): Promise<number | null> {
  const used = worker.cpuUsage().then(
    ({ user, system }) => (user + system) / 1e6,
    () => null,
  );
  return Promise.race([used, sleep(SAYS_WITHIN_MS, null, { ref: false })]);
}
