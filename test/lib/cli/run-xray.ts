/** Runs the command line as a child process, as a shell would. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runXray(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: Buffer } = {},
): Promise<Ran> {
  const { PORT: _port, XRAY_URL: _url, XRAY_AUTH_TOKEN: _token, ...clean } = process.env;
  const child = spawn(process.execPath, ['lib/cli/xray.ts', ...args], {
    cwd: root,
    env: { ...clean, ...options.env },
    stdio: 'pipe',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? Buffer.alloc(0));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) =>
      done({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}
