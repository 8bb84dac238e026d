/** The one way to a store: chdb on this machine, or ClickHouse over HTTP. A chdb directory belongs to one process. */
import { join } from 'node:path';
import { errorMessage } from '../model/error-message.ts';
import { openChdb } from './chdb.ts';
import { directoryFault, lockDirectory, secureDirectory } from './data-directory.ts';
import { type Engine, StoreError } from './engine.ts';
import type { PostTarget } from './remote/http-post.ts';
import { openRemote } from './remote/remote.ts';
import { openStoreState } from './store-state.ts';
import { damagedDefinition } from './table-definitions.ts';

export interface OpenOptions {
  /** How long to wait for another X-Ray that has the directory; default 0. */
  readonly waitMs?: number;
  /** What the operator should read: waiting, rights that were tightened. Default: nobody. */
  readonly say?: (sentence: string) => void;
  /** The directory is this process's from now on. */
  readonly onLocked?: () => void;
}

/**
 * Rejects with StoreError, one sentence: `store-locked` where another live X-Ray has the directory, `store-unwritable` where
 * it cannot be written, `store-damaged` where the engine cannot read what is in it.
 */
export async function openEngine(
  dataDirectory: string,
  remote: PostTarget | null,
  options: OpenOptions = {},
): Promise<Engine> {
  if (remote) return openRemote(remote);
  const say = options.say ?? (() => {});
  const note = secureDirectory(dataDirectory);
  if (note !== null) say(note);
  const unlock = await lockDirectory(dataDirectory, options.waitMs ?? 0, say);
  options.onLocked?.();
  const directory = join(dataDirectory, 'clickhouse');
  try {
    const damaged = damagedDefinition(directory, openStoreState(dataDirectory).state().definitions);
    if (damaged !== null) throw new StoreError('store-damaged', damaged);
    const engine = openChdb(directory);
    return {
      ...engine,
      async close() {
        await engine.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    if (error instanceof StoreError) throw error;
    const text = errorMessage(error);
    throw new StoreError(
      'store-damaged',
      directoryFault(dataDirectory, error) ??
        `the store in ${directory} does not open (${text}; the engine's own words stand above): run \`npm run -s xray -- doctor --store\`, or set XRAY_DATA_DIR to another directory`,
      { cause: error },
    );
  }
}
