/** A process told apart by its id and its start time, so that a reused id is never taken for the process of before. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat (clock ticks since boot) on Linux, `ps -o lstart=` elsewhere. */
  readonly started: string;
}

/** Null where no such process lives (a zombie does not count). */
export function identifyProcess(pid: number): ProcessIdentity | null {
  if (!Number.isInteger(pid) || pid < 2) return null;
  try {
    if (process.platform !== 'linux') {
      const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
      return started === '' ? null : { pid, started };
    }
    // The name in parentheses may hold anything; fields count from behind the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const started = fields[19];
    return fields[0] === 'Z' || started === undefined ? null : { pid, started };
  } catch {
    return null;
  }
}

/** Ends exactly that process: SIGTERM, then SIGKILL after `graceMs`. True where it was there. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  const alive = () => identifyProcess(identity.pid)?.started === identity.started;
  if (!alive()) return false;
  process.kill(identity.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (alive() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  if (alive()) process.kill(identity.pid, 'SIGKILL');
  while (alive()) await new Promise((resolve) => setTimeout(resolve, 20));
  return true;
}
