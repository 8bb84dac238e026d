/**
 * A worker that Ray's memory monitor killed, from the exit detail that the raylet wrote for it (ray 2.58,
 * src/ray/raylet/worker_killing_policy*.cc). One breach can kill several workers: each has the whole report as its own
 * exit detail, so only the line with its own worker id counts.
 *
 *   ... Memory on the node (IP: 192.0.2.61, ID: ...) was 4.23GB / 6.00GB (0.704379)
 *   OOM kill reason: Memory usage 4516433920B exceeded threshold of 4509715456B (70.0% of 6442450944B total)
 *   Selected to kill: (Task: job ID=01000000, ..., task name=train_embedding, ..., pid=1213, actual memory used=3.10GB, worker ID=70a1...)
 *   Selected to kill: (Actor(0ddb...): job ID=01000000, ..., task name=feature_cache:FeatureCache.__init__, ...)
 *   Selected to kill: (Worker with no lease granted: pid=1304, actual memory used=0.06GB, worker ID=253f...)
 */
import type { OutOfMemoryKill } from '../../model/task.ts';
import { gibibytes } from '../../model/units.ts';
import { momentOfMs } from './state-values.ts';
import type { WorkerWire } from './wire.ts';

const EXIT_TYPE = 'NODE_OUT_OF_MEMORY';

/** Null where the worker ended in another way, or still lives. The raylet's "GB" are 1024^3 bytes. */
export function decodeWorkerKill(session: string, row: WorkerWire): OutOfMemoryKill | null {
  const time = momentOfMs(row.end_time_ms);
  if (row.exit_type !== EXIT_TYPE || time === undefined) return null;
  const detail = row.exit_detail ?? '';
  const own = detail.split('\n').find((line) => line.startsWith('Selected to kill:') && line.includes(row.worker_id));
  const actorId = own?.match(/Actor\(([0-9a-f]+)\)/)?.[1] ?? '';
  const name = own?.match(/task name=(.*?), required resources=/)?.[1] ?? '';
  const used = own?.match(/actual memory used=([\d.]+)GB/)?.[1];
  const node = detail.match(/Memory usage (\d+)B exceeded threshold of \d+B \([\d.]+% of (\d+)B total\)/);
  return {
    session,
    time,
    nodeId: row.node_id ?? '',
    kind: actorId ? 'actor' : own === undefined || own.includes('Task:') ? 'task' : 'idle_worker',
    name,
    jobId: own?.match(/job ID=([0-9a-f]+)/)?.[1] ?? '',
    taskId: '',
    attempt: 0,
    actorId,
    workerId: row.worker_id,
    pid: row.pid ?? 0,
    usedBytes: used === undefined ? null : gibibytes(Number(used)),
    nodeUsedBytes: node ? Number(node[1]) : null,
    nodeTotalBytes: node ? Number(node[2]) : null,
    source: 'state-api',
    message: detail,
  };
}
