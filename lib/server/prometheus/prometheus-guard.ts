/**
 * Runs one Prometheus and never lets it outlive X-Ray: the guard holds an IPC channel to X-Ray, and when that closes
 * (X-Ray ended, however) Prometheus is told to stop and killed 700 ms later. On an orderly 'stop' it gets 10 s.
 * Started as `node prometheus-guard.ts <binary> <arguments...>`; sends `{pid}` when Prometheus runs.
 */
import { spawn } from 'node:child_process';

const [binary = '', ...args] = process.argv.slice(2);
const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'inherit'] });

let ending = false;
function end(graceMs: number): void {
  if (!ending) child.kill('SIGTERM');
  ending = true;
  setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
}

process.on('disconnect', () => end(700));
process.on('message', (message) => {
  if (message === 'stop') end(10_000);
});
process.on('SIGTERM', () => end(10_000));
process.on('SIGINT', () => end(10_000));

child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code) => process.exit(code ?? 1));
if (child.pid !== undefined && process.connected) process.send?.({ pid: child.pid });
