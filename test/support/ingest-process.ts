/** Starts test/run/ingest-server.ts as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const script = new URL('../run/ingest-server.ts', import.meta.url).pathname;

export interface IngestProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Sends the signal and waits for the end. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

/** Rejects with what it wrote to stderr where it ends before it is ready. */
export async function startIngestProcess(
  dataDirectory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<IngestProcess> {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, XRAY_DATA_DIR: dataDirectory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exit = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const ready = /^ready (\d+)$/.exec(line);
      if (ready) resolve(Number(ready[1]));
    });
    void exit.then(() => reject(new Error(errors)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    async end(signal) {
      child.kill(signal);
      await exit;
    },
  };
}
