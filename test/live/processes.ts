/** Processes of the live test: started in its folder, and none of them, nor what they started, is left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Processes {
  /** Its output goes to `<folder>/<name>.log`. */
  readonly start: (
    name: string,
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    cwd?: string,
  ) => ChildProcess;
  /** Ends what still runs, newest first, then every process that was started by one of them and outlived it. */
  readonly endAll: () => Promise<void>;
}

/** Every process gets HOME=`folder`, which nothing else has: so its descendants are known. */
export function processesIn(folder: string): Processes {
  const children: ChildProcess[] = [];
  return {
    start(name, command, args, env, cwd = folder) {
      const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
      const child = spawn(command, args, { cwd, env: { ...env, HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
      children.push(child);
      return child;
    },
    async endAll() {
      for (const child of children.splice(0).reverse()) await stop(child);
      for (let i = 0; i < 50; i++) {
        const left = descendants(folder);
        if (left.length === 0) return;
        for (const pid of left) end(pid, i < 20 ? 'SIGTERM' : 'SIGKILL');
        await sleep(200);
      }
    },
  };
}

export const isOver = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

export const ended = (child: ChildProcess): Promise<number | null> =>
  isOver(child) ? Promise.resolve(child.exitCode) : new Promise((done) => child.once('exit', (code) => done(code)));

/** Asks it to end, and insists after 40 s: Ray drains a node for up to 30 s. */
export async function stop(child: ChildProcess): Promise<void> {
  if (isOver(child)) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 40_000);
  await ended(child);
  clearTimeout(timer);
}

/** Only Linux tells the environment of another process; elsewhere Ray's and X-Ray's own clean-up has to do. */
function descendants(folder: string): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`HOME=${folder}`)
          ? [Number(name)]
          : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended since.
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
