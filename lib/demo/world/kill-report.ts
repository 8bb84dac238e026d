/** The words of Ray's memory monitor when it kills a task (raylet, ray 2.58). Sizes are in bytes; its "GB" is 1024^3. */
import type { Attempt } from './attempt.ts';
import { NODE_MEMORY, OOM_THRESHOLD } from './model.ts';

export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  readonly used: number;
}

const MOST_USERS = 10;
const gigabytes = (bytes: number): string => (bytes / 1024 ** 3).toFixed(2);

/** One task among the workers that the killing policy considered. */
const considered = ({ attempt, used }: { attempt: Attempt; used: number }): string =>
  `(Task: job ID=${attempt.jobId}, lease ID=${attempt.taskId.slice(0, 8)}${attempt.jobId}${'f'.repeat(40)}, task name=${attempt.functionName}, required resources={CPU: ${attempt.cpus}}, pid=${attempt.worker.pid}, actual memory used=${gigabytes(used)}GB, worker ID=${attempt.worker.workerId})`;

/** Error message of the killed attempt: it, the task that was considered and spared, and the node's largest processes. */
export function killMessage(breach: {
  readonly attempt: Attempt;
  readonly nodeUsed: number;
  readonly taskUsed: number;
  readonly spared: { readonly attempt: Attempt; readonly used: number };
  /** The other processes of the node. */
  readonly processes: readonly ProcessMemory[];
}): string {
  const { attempt, nodeUsed, taskUsed, spared, processes } = breach;
  const node = attempt.worker.node;
  const threshold = Math.floor(NODE_MEMORY * OOM_THRESHOLD);
  const killed = { attempt, used: taskUsed };
  const tasks = [killed, spared].map((one) => ({
    pid: one.attempt.worker.pid,
    command: `ray::${one.attempt.functionName}`,
    used: one.used,
  }));
  const users = [...tasks, ...processes].toSorted((a, b) => b.used - a.used || a.pid - b.pid).slice(0, MOST_USERS);
  return [
    `1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: ${node.ip}, ID: ${node.nodeId}) was ${gigabytes(nodeUsed)}GB / ${gigabytes(NODE_MEMORY)}GB (${(nodeUsed / NODE_MEMORY).toFixed(6)})`,
    `OOM kill reason: Memory usage ${Math.round(nodeUsed)}B exceeded threshold of ${threshold}B (${(OOM_THRESHOLD * 100).toFixed(1)}% of ${NODE_MEMORY}B total)`,
    'Ray killed 1 worker(s) based on the killing policy',
    'Considered workers: [',
    `Selected to kill: ${considered(killed)}`,
    considered(spared),
    ']',
    'Total non-selected idle workers: 0',
    'Total non-selected idle workers USS bytes: 0.00GB',
    `To see more information about memory usage on this node, use \`ray logs raylet.out -ip ${node.ip}\``,
    'Top 10 memory users: PID\tMEM(GB)\tCOMMAND',
    ...users.map(({ pid, used, command }) => `${pid}\t${gigabytes(used)}\t${command}`),
    'Refer to the documentation on how to address the out of memory issue: https://docs.ray.io/en/latest/ray-observability/user-guides/debug-apps/debug-memory.html.',
  ].join('\n');
}
