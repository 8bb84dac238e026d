/** `xray up`: what `npm start` does, with options instead of environment variables. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './usage-error.ts';
import { watchParents } from './watch-parents.mjs';

export interface UpOptions {
  readonly port: string | undefined;
  readonly host: string | undefined;
  readonly dataDirectory: string | undefined;
  readonly demo: boolean | undefined;
  readonly dev: boolean;
}

/** Environment of the server that these options mean. Throws UsageError. `from`: where a relative directory starts. */
export function upEnvironment(options: UpOptions, from: string): Record<string, string> {
  const environment: Record<string, string> = {};
  if (options.port !== undefined) {
    if (!/^\d+$/.test(options.port) || Number(options.port) > 65_535)
      throw new UsageError(`--port is ${JSON.stringify(options.port)}`, 'give a number from 0 to 65535');
    environment.PORT = options.port;
  }
  if (options.host !== undefined) environment.HOST = options.host;
  if (options.dataDirectory !== undefined) environment.XRAY_DATA_DIR = resolve(from, options.dataDirectory);
  if (options.demo !== undefined) environment.XRAY_DEMO = options.demo ? '1' : '0';
  return environment;
}

/** Runs in the foreground; resolves with the exit code of the server. Signals go on to it. */
export function runUp(options: UpOptions, from: string): Promise<number> {
  const start = fileURLToPath(new URL('start.mjs', import.meta.url));
  const server = spawn(process.execPath, [start, ...(options.dev ? ['--dev'] : [])], {
    env: { ...process.env, ...upEnvironment(options, from) },
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => server.kill(signal));
  watchParents(() => server.kill('SIGTERM'));
  return new Promise((done, fail) => {
    server.on('error', fail);
    server.on('exit', (code, signal) => done(code ?? (signal ? 1 : 0)));
  });
}
