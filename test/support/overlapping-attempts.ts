/** Bodies of Ray's event export that no cluster sends: many attempts that overlap, begin at one instant, or never end. Synthetic. */
import { gzipSync } from 'node:zlib';
import type { Runtime } from '../../lib/server/runtime/runtime.ts';

export const OVERLAPPING = { session: 'session_synthetic_overlap', jobId: '0b000000' } as const;
const ORIGIN_MS = 1_790_000_000_000;
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const id = (value: number, bytes: number): string => value.toString(16).padStart(bytes * 2, '0');

export interface HostileAttempt {
  /** ms after the origin. */
  readonly start: number;
  /** null: goes on. */
  readonly end: number | null;
  readonly worker: number;
  readonly node?: number;
  readonly name?: string;
  readonly job?: number;
}

const at = (ms: number): string => new Date(ORIGIN_MS + ms).toISOString();

/** One record of the export: a lifecycle event. */
function event(attempt: HostileAttempt, index: number): object {
  const job = attempt.job === undefined ? OVERLAPPING.jobId : id(attempt.job, 4);
  return {
    eventId: base64(id(index, 28)),
    sourceType: 'CORE_WORKER',
    eventType: 'TASK_LIFECYCLE_EVENT',
    timestamp: at(0),
    severity: 'INFO',
    sessionName: OVERLAPPING.session,
    taskLifecycleEvent: {
      taskId: base64(`${id(index + 1, 20)}${job}`),
      stateTransitions: [
        { state: 'RUNNING', timestamp: at(attempt.start) },
        ...(attempt.end === null ? [] : [{ state: 'FINISHED', timestamp: at(attempt.end) }]),
      ],
      jobId: base64(job),
      taskAttempt: 0,
      nodeId: base64(id(attempt.node ?? 1, 28)),
      workerId: base64(id(attempt.worker + 1, 28)),
      workerPid: 5,
    },
    nodeId: base64(id(attempt.node ?? 1, 28)),
    message: '',
  };
}

/** The body as it comes over HTTP: gzip. `first`: number of the first task. */
export function hostileBody(attempts: readonly HostileAttempt[], first = 0): Uint8Array {
  return gzipSync(`[${attempts.map((one, i) => JSON.stringify(event(one, first + i))).join(',')}]`, { level: 1 });
}

export const postHostile = (runtime: Pick<Runtime, 'ingest'>, bytes: Uint8Array) =>
  runtime.ingest.rayEvents({ bytes, contentType: 'application/json', contentEncoding: 'gzip', cluster: null });
