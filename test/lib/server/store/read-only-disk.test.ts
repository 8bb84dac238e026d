/**
 * A disk that becomes read-only while X-Ray runs: nothing is acknowledged that is not stored, the health says why in one sentence, also
 * before anything is sent, and X-Ray goes on by itself when it can write again. In a mount namespace of the server's own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'xray-read-only-'));
const data = join(directory, 'data');
mkdirSync(data, { mode: 0o700 });
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const script = new URL('../../../run/store-server.ts', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
const unshare = isRoot ? ['-m'] : ['-rm'];
const canMount = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', directory]).status === 0;

interface Answer {
  readonly stored?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly state?: string;
  readonly reason?: string | null;
  readonly whatToDo?: string | null;
  readonly spans?: number;
}

// Skipped where no file system can be mounted: a container without CAP_SYS_ADMIN and without user namespaces.
it.skipIf(!canMount)(
  'is said, acknowledges nothing, and is over when it can be written again',
  async () => {
    const steps = `mount -t tmpfs -o size=2g tmpfs ${data} && exec ${process.execPath} ${script}`;
    const server = spawn('unshare', [...unshare, 'sh', '-c', steps], {
      env: { ...process.env, XRAY_DATA_DIR: data },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    server.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const exit = once(server, 'exit');
    const port = await new Promise<number>((resolve, reject) => {
      createInterface(server.stdout).on('line', (line) => {
        const ready = /^ready (\d+)$/.exec(line);
        if (ready) resolve(Number(ready[1]));
      });
      void exit.then(() => reject(new Error(errors)));
    });
    const mount = (...options: string[]): void => {
      const namespace = isRoot ? [] : [`--user=/proc/${server.pid}/ns/user`, '--preserve-credentials'];
      const { status, stderr } = spawnSync(
        'nsenter',
        [`--mount=/proc/${server.pid}/ns/mnt`, ...namespace, 'mount', ...options],
        { encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([0, '']);
    };
    const ask = async (method: string): Promise<Answer> =>
      (await (await fetch(`http://127.0.0.1:${port}`, { method })).json()) as Answer;
    try {
      expect(await ask('POST')).toEqual({ stored: true });
      expect(await ask('GET')).toMatchObject({ state: 'up', spans: 1 });

      // A remount of the whole is refused while the engine has a file open: the path alone becomes read-only.
      mount('--bind', data, data);
      mount('-o', 'remount,bind,ro', data);
      expect(await ask('GET')).toMatchObject({
        state: 'down',
        reason: `nothing can be stored: the file system of ${data} is read-only`,
        whatToDo: expect.stringContaining('make it writable'),
        spans: 1,
      });
      for (let i = 0; i < 3; i++)
        expect(await ask('POST')).toEqual({
          stored: false,
          code: 'store-unwritable',
          message: 'insert of 1 rows into xray.otel_traces failed: the file system of the store is read-only',
        });
      expect(await ask('GET')).toMatchObject({ state: 'down', spans: 1 });

      mount('-o', 'remount,bind,rw', data);
      expect(await ask('GET')).toMatchObject({ state: 'up', reason: null });
      expect(await ask('POST')).toEqual({ stored: true });
      expect(await ask('GET')).toMatchObject({ state: 'up', spans: 2 });
    } finally {
      server.kill('SIGTERM');
      await exit;
    }
  },
  60_000,
);
