/**
 * Whether the directory that the engine writes to is still the one that was opened. A directory that is removed or moved while
 * X-Ray runs does not stop the engine: it makes directories anew, or writes to files that nobody can open any more, and calls
 * every insert a success. So each insert is acknowledged only after a look at the directories it went to.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Engine, type Query, StoreError } from './engine.ts';

const tablePaths: Query<{ name: string; path: string }> = {
  name: 'table-paths',
  sql: `SELECT name, data_paths[1] AS path FROM system.tables WHERE database = 'xray' AND engine LIKE '%MergeTree'`,
  row: z.object({ name: z.string(), path: z.string() }),
};

/** Inode numbers come back soon after a removal; times of birth do not. */
async function identity(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found === null ? null : `${found.dev} ${found.ino} ${found.birthtimeNs}`;
}

export interface Presence {
  /** The engine, whose inserts are refused once the directory has gone. */
  readonly engine: Engine;
  /** Remembers the tables' directories as they are now: after migrations. */
  readonly remember: () => Promise<void>;
  /** One look at every directory; resolves with a sentence once one has gone, for good, else null. */
  readonly look: () => Promise<string | null>;
}

export function watchPresence(engine: Engine, dataDirectory: string): Presence {
  const roots = [dataDirectory, join(dataDirectory, 'clickhouse'), join(dataDirectory, 'clickhouse', 'store')];
  let known = new Map<string, { readonly path: string; readonly identity: string }>();
  let gone: string | null = null;

  const lost = (path: string): string =>
    `${path} was removed or replaced while X-Ray ran: what was stored in it is gone, and nothing is stored until X-Ray starts again`;

  async function isSame(name: string): Promise<boolean> {
    const entry = known.get(name);
    if (entry === undefined) return true;
    if ((await identity(entry.path)) === entry.identity) return true;
    gone ??= lost(entry.path);
    return false;
  }

  async function afterInsert(target: string): Promise<void> {
    const table = /^xray\.(\w+)/.exec(target)?.[1] ?? '';
    const [root, directory] = await Promise.all([isSame(`/${roots[0]}`), isSame(table)]);
    if (!root || !directory) refuse();
  }

  function refuse(): void {
    if (gone !== null) throw new StoreError('store-unwritable', gone);
  }

  return {
    engine: {
      ...engine,
      async insert(table, rows) {
        refuse();
        await engine.insert(table, rows);
        await afterInsert(table);
      },
      async insertFrom(target, query, params) {
        refuse();
        await engine.insertFrom(target, query, params);
        await afterInsert(target);
      },
    },
    async remember() {
      const next = new Map<string, { path: string; identity: string }>();
      const tables = (await engine.select(tablePaths)).map(({ name, path }) => [name, path] as const);
      for (const [name, path] of [...roots.map((path) => [`/${path}`, path] as const), ...tables]) {
        const found = await identity(path);
        if (found !== null) next.set(name, { path, identity: found });
      }
      known = next;
    },
    async look() {
      for (const name of known.keys()) if (gone === null) await isSame(name);
      return gone;
    },
  };
}
