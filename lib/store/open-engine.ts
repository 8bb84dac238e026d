/**
 * The one way to a store: chdb on this machine, or ClickHouse over HTTP. A chdb directory belongs to one process: a
 * lock file holds its pid and start time, so that a second process is told in one sentence, and a lock left by a
 * killed process is taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openChdb } from './chdb.ts';
import { type Engine, StoreError } from './engine.ts';
import { openRemote, type RemoteStore } from './remote.ts';

/** Start time of a process in clock ticks since boot (field 22 of /proc/pid/stat); '' where there is no /proc. */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function lock(directory: string): () => void {
  const file = join(directory, 'xray.lock');
  try {
    const [pid, start] = readFileSync(file, 'utf8').split(' ');
    const holder = Number(pid);
    if (holder !== process.pid && isAlive(holder) && processStart(holder) === (start ?? ''))
      throw new StoreError(
        'store-locked',
        `the data directory ${directory} is in use by the X-Ray with pid ${holder}: stop it, or set XRAY_DATA_DIR to another directory`,
      );
  } catch (error) {
    if (error instanceof StoreError) throw error;
  }
  writeFileSync(file, `${process.pid} ${processStart(process.pid)}`);
  return () => rmSync(file, { force: true });
}

/** Rejects with StoreError `store-locked` where another live X-Ray has the directory. */
export async function openEngine(dataDirectory: string, remote: RemoteStore | null): Promise<Engine> {
  if (remote) return openRemote(remote);
  mkdirSync(dataDirectory, { recursive: true });
  const unlock = lock(dataDirectory);
  const engine = openChdb(join(dataDirectory, 'clickhouse'));
  return {
    ...engine,
    async close() {
      await engine.close();
      unlock();
    },
  };
}
