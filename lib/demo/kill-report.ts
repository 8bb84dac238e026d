/** The words of Ray's memory monitor when it kills a task (raylet, ray 2.58). */
import type { Attempt } from './attempt.ts';
import { NODE_MEMORY, OOM_THRESHOLD } from './model.ts';

const gigabytes = (bytes: number): string => (bytes / 1024 ** 3).toFixed(2);

/** Error message of a killed attempt; sizes in bytes. "GB" is 1024^3, as in Ray. */
export function killMessage(attempt: Attempt, nodeUsed: number, taskUsed: number): string {
  const node = attempt.worker.node;
  const threshold = Math.floor(NODE_MEMORY * OOM_THRESHOLD);
  return [
    `1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: ${node.ip}, ID: ${node.nodeId}) was ${gigabytes(nodeUsed)}GB / ${gigabytes(NODE_MEMORY)}GB (${(nodeUsed / NODE_MEMORY).toFixed(6)})`,
    `OOM kill reason: Memory usage ${Math.round(nodeUsed)}B exceeded threshold of ${threshold}B (${(OOM_THRESHOLD * 100).toFixed(1)}% of ${NODE_MEMORY}B total)`,
    'Ray killed 1 worker(s) based on the killing policy',
    'Considered workers: [',
    `Selected to kill: (Task: job ID=${attempt.jobId}, lease ID=${attempt.taskId.slice(0, 8)}${attempt.jobId}${'f'.repeat(40)}, task name=${attempt.functionName}, required resources={CPU: ${attempt.cpus}}, pid=${attempt.worker.pid}, actual memory used=${gigabytes(taskUsed)}GB, worker ID=${attempt.worker.workerId})`,
    ']',
    'Total non-selected idle workers: 0',
    'Total non-selected idle workers USS bytes: 0.00GB',
    `To see more information about memory usage on this node, use \`ray logs raylet.out -ip ${node.ip}\``,
    'Top 10 memory users: PID\tMEM(GB)\tCOMMAND',
    `${attempt.worker.pid}\t${gigabytes(taskUsed)}\tray::${attempt.functionName}`,
    'Refer to the documentation on how to address the out of memory issue: https://docs.ray.io/en/latest/ray-observability/user-guides/debug-apps/debug-memory.html.',
  ].join('\n');
}
