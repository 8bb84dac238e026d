/**
 * The data directory before the engine opens it: made for its owner alone, writable, in use by nobody else. What is wrong is
 * one sentence (StoreError) that names the directory and what to do.
 *
 * A lock file holds the pid and start time of the X-Ray that has the directory; a lock left by a killed process is taken over.
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './engine.ts';

const LOCK = 'xray.lock';
/** Rights of everybody but the owner. */
const OTHERS = 0o077;
const LOOK_EVERY_MS = 100;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** The sentence for a system error that met the data directory; null where it is none that a directory causes. */
export function directoryFault(directory: string, error: unknown): string | null {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `the data directory ${directory} cannot be read and written by this user (${userName()}): give it back with chown, or set XRAY_DATA_DIR to another directory`;
    case 'EROFS':
      return `the data directory ${directory} is on a file system that is read-only: mount it for writing, or set XRAY_DATA_DIR to another directory`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of the data directory ${directory} is full: free some space on it, or set XRAY_DATA_DIR to a larger disk`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `the data directory ${directory} is not a directory: set XRAY_DATA_DIR to one`;
    default:
      return null;
  }
}

const userName = (): string => `uid ${process.getuid?.() ?? 'unknown'}`;

/** Throws the sentence for what a file call met. */
function orSay<Value>(directory: string, call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    const sentence = directoryFault(directory, error);
    if (sentence === null) throw error;
    throw new StoreError('store-unwritable', sentence, { cause: error });
  }
}

/**
 * Makes the directory, for its owner alone, and tightens one that others can read. Returns a note where it did.
 * Throws StoreError `store-unwritable`.
 */
export function secureDirectory(directory: string): string | null {
  return orSay(directory, () => {
    if (!existsSync(directory)) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      // A mode that is asked for is cut by umask, never widened; parents keep theirs.
      return null;
    }
    const found = statSync(directory);
    if (!found.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    for (const path of [directory, join(directory, 'clickhouse'), join(directory, 'clickhouse', 'store')])
      if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    writeProbe(directory);
    if ((found.mode & OTHERS) === 0) return null;
    try {
      chmodSync(directory, found.mode & 0o700);
    } catch {
      return `${directory} can be read by other users of this machine and belongs to uid ${found.uid}: its owner should run chmod 700 on it`;
    }
    return `${directory} could be read by other users of this machine (mode ${(found.mode & 0o777).toString(8)}): it is 700 now`;
  });
}

/** What keeps this process from writing into the directory, as a sentence; null where nothing does. Writes nothing. */
export async function writeFault(directory: string): Promise<string | null> {
  try {
    for (const path of [directory, join(directory, 'clickhouse')])
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    switch (codeOf(error)) {
      case 'EROFS':
        return `the file system of ${directory} is read-only`;
      case 'EACCES':
      case 'EPERM':
        return `${directory} cannot be read and written by this user (${userName()})`;
      default:
        return null;
    }
  }
}

/** Writes and removes one block, because a full disk still makes empty files. Throws what the file system says. */
export function writeProbe(directory: string): void {
  const file = join(directory, `write-probe.${process.pid}`);
  try {
    writeFileSync(file, new Uint8Array(64 * 1024), { mode: 0o600 });
  } finally {
    rmSync(file, { force: true });
  }
}

/** State and start time (clock ticks since boot) of a process: fields 3 and 22 of /proc/pid/stat; '' where there is no /proc. */
function processFields(pid: number): { readonly state: string; readonly start: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return { state: '', start: '' };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended and waits for its parent to notice holds no file any more.
    return processFields(pid).state !== 'Z';
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Pid of the other live X-Ray that has the directory; null where it is free. */
export function directoryHolder(directory: string): number | null {
  let text: string;
  try {
    text = readFileSync(join(directory, LOCK), 'utf8');
  } catch {
    return null;
  }
  const [pid, start] = text.split(' ');
  const holder = Number(pid);
  if (!Number.isInteger(holder) || holder < 1 || holder === process.pid) return null;
  return isAlive(holder) && processFields(holder).start === (start ?? '') ? holder : null;
}

/**
 * Takes the lock; waits up to `waitMs` for a process that has it, and says so once. Resolves with what gives it back.
 * Rejects with StoreError `store-locked`.
 */
export async function lockDirectory(
  directory: string,
  waitMs: number,
  say: (sentence: string) => void,
): Promise<() => void> {
  const deadline = performance.now() + waitMs;
  let reported = false;
  for (let holder = directoryHolder(directory); holder !== null; holder = directoryHolder(directory)) {
    if (performance.now() >= deadline)
      throw new StoreError(
        'store-locked',
        `the data directory ${directory} is in use by the X-Ray with pid ${holder}: stop it, or set XRAY_DATA_DIR to another directory`,
      );
    if (!reported)
      say(
        `waiting up to ${Math.ceil(waitMs / 1000)} s for the X-Ray with pid ${holder} to end, which has the data directory ${directory}`,
      );
    reported = true;
    await sleep(LOOK_EVERY_MS);
  }
  const file = join(directory, LOCK);
  const mine = `${process.pid} ${processFields(process.pid).start}`;
  orSay(directory, () => writeFileSync(file, mine, { mode: 0o600 }));
  return () => {
    // Whoever took it over meanwhile keeps it.
    try {
      if (readFileSync(file, 'utf8') === mine) rmSync(file, { force: true });
    } catch {
      // The directory is gone.
    }
  };
}
