/**
 * When this process ends: on a signal, when the `npm start` that started it has gone, and at once where it takes too long. What
 * it creates is for its owner alone.
 */
import { errorMessage } from '../../model/error-message.ts';

/** An orderly end stores what waits; a store that does not answer any more must not keep the process for ever. */
const MOST_CLOSING_MS = 25_000;

/** Files and directories made from here on, by this process and its children, are not readable by others. */
export function keepToOwner(): void {
  process.umask(0o077);
}

/** Runs `close` once, on SIGTERM, SIGINT, SIGHUP, or when the channel to the parent closes; then ends the process. */
export function endWith(close: () => Promise<void>, say: (sentence: string) => void): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      say(`X-Ray did not end within ${MOST_CLOSING_MS / 1000} s and is stopped; what was acknowledged is stored`);
      process.exit(1);
    }, MOST_CLOSING_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`X-Ray could not end in order: ${errorMessage(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  // lib/cli/start.mjs holds the other end; started by hand there is no channel.
  if (process.connected) process.on('disconnect', end);
}
