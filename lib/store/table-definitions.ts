/**
 * The definitions of tables, which the engine keeps as one small SQL file each. A damaged one keeps the whole store from
 * opening; a missing one makes its table vanish without a word. So X-Ray keeps a copy of every definition (part-ledger.ts), and
 * puts it back where that is asked for.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ownValue, setOwnValue } from '../model/own-value.ts';

/** By path below the engine's directory. */
export type TableDefinitions = Readonly<Record<string, string>>;

/** `metadata/xray.sql` and `store/<3 hex>/<uuid>/<table>.sql`; without the engine's own databases. */
function definitionFiles(engineDirectory: string): string[] {
  const files: string[] = [];
  const list = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);
  const metadata = join(engineDirectory, 'metadata');
  for (const name of list(metadata)) if (name === 'xray.sql') files.push(join(metadata, name));
  const store = join(engineDirectory, 'store');
  for (const prefix of list(store)) {
    if (!/^[0-9a-f]{3}$/.test(prefix)) continue;
    for (const id of list(join(store, prefix)))
      if (/^[0-9a-f-]{36}$/.test(id))
        for (const name of list(join(store, prefix, id)))
          if (name.endsWith('.sql')) files.push(join(store, prefix, id, name));
  }
  return files;
}

const isDefinition = (text: string): boolean =>
  /^ATTACH (?:DATABASE|TABLE|MATERIALIZED VIEW|VIEW|DICTIONARY)\b/.test(text) &&
  /\bENGINE = \w+|\bAS (?:WITH|SELECT)\b/.test(text) &&
  !text.includes('\0');

const REPAIR = "`npm run -s xray -- doctor --store --repair` puts X-Ray's copy of it back";

/** `ATTACH TABLE _ UUID '<uuid>'`: where the rows of a definition are. */
const uuidOf = (text: string): string | null => /\bUUID '([0-9a-f-]{36})'/.exec(text)?.[1] ?? null;

/** Definitions that were there, are not, and whose rows still are. `known`: X-Ray's copies. */
function missingDefinitions(engineDirectory: string, known: TableDefinitions): string[] {
  return Object.entries(known).flatMap(([path, text]) => {
    const uuid = uuidOf(text);
    const rows = uuid === null ? engineDirectory : join(engineDirectory, 'store', uuid.slice(0, 3), uuid);
    return existsSync(rows) && !existsSync(join(engineDirectory, path)) ? [path] : [];
  });
}

/** One sentence on the first definition that is gone, or is no SQL any more; null where all are. */
export function damagedDefinition(engineDirectory: string, known: TableDefinitions): string | null {
  for (const file of definitionFiles(engineDirectory))
    if (!isDefinition(readFileSync(file, 'utf8'))) return `the table definition ${file} is damaged: ${REPAIR}`;
  const [missing] = missingDefinitions(engineDirectory, known);
  return missing === undefined ? null : `the table definition ${join(engineDirectory, missing)} is gone: ${REPAIR}`;
}

/** Puts back what is damaged or gone, where X-Ray has a copy. Returns the paths. */
export function restoreDefinitions(engineDirectory: string, known: TableDefinitions): string[] {
  const damaged = definitionFiles(engineDirectory)
    .filter((file) => !isDefinition(readFileSync(file, 'utf8')))
    .map((file) => relative(engineDirectory, file));
  const restored: string[] = [];
  for (const path of [...damaged, ...missingDefinitions(engineDirectory, known)]) {
    const text = ownValue(known, path);
    if (text === undefined) continue;
    mkdirSync(dirname(join(engineDirectory, path)), { recursive: true });
    writeFileSync(join(engineDirectory, path), text, { mode: 0o600 });
    restored.push(path);
  }
  return restored;
}

/** Every definition that is whole. */
export function readDefinitions(engineDirectory: string): TableDefinitions {
  const found: Record<string, string> = {};
  for (const file of definitionFiles(engineDirectory)) {
    const text = readFileSync(file, 'utf8');
    if (isDefinition(text)) setOwnValue(found, relative(engineDirectory, file), text);
  }
  return found;
}
