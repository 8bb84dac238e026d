/**
 * Takes back what can be read of a damaged part. Its files go to a table of their own, where they are read in pieces; what reads
 * becomes a new part of the real table. So no materialised view sees these rows a second time, and what is damaged never
 * stands in the way of a query. The damaged files stay, in `<data>/damaged-parts`.
 *
 *   real table   |part|part|DAMAGED|part|  -> detached/
 *   damaged                |-ok-|xx|ok|       read piece by piece, halved where a piece fails
 *   salvaged               |-ok-|  |ok|    -> ATTACH PARTITION into the real table
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Engine, Query } from './engine.ts';
import { parsePartName } from './part-name.ts';
import { detachedParts } from './store-parts.ts';
import type { Loss } from './store-state.ts';

/** Rows of one piece: one block of the engine, so that an insert is whole or nothing. */
const PIECE_ROWS = 65_536;
const SMALLEST_PIECE_ROWS = 1024;
/** Pieces tried of one part; what is unread then is lost. */
const MOST_PIECES = 2_000;

const rowsOf = (table: string): Query<{ rows: number }> => ({
  name: 'salvaged-rows',
  sql: `SELECT count() AS rows FROM xray.${table}`,
  row: z.object({ rows: z.coerce.number() }),
});
const dataPath: Query<{ path: string }> = {
  name: 'data-path',
  sql: `SELECT data_paths[1] AS path FROM system.tables WHERE database = 'xray' AND name = {table:String}`,
  row: z.object({ path: z.string() }),
};
const partitions: Query<{ id: string }> = {
  name: 'salvaged-partitions',
  sql: `SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = 'xray' AND table = {table:String}`,
  row: z.object({ id: z.string() }),
};

/** Reads every column. */
const readable = (where: string): Query<{ hash: string }> => ({
  name: 'readable-rows',
  sql: `SELECT toString(groupBitXor(cityHash64(*))) AS hash ${where}`,
  row: z.object({ hash: z.string() }),
});

export interface Repaired {
  /** Rows that are in the table again. */
  readonly rows: number;
  /** Why not all, where it is known. */
  readonly reason: string | null;
}

/** Rejects with StoreError where the engine refuses what must not fail; the damaged files are kept in any case. */
export async function repairPart(engine: Engine, dataDirectory: string, loss: Loss): Promise<Repaired> {
  const { table, part } = loss;
  if (loss.cause === 'missing') return { rows: 0, reason: 'its files are gone: only a backup has them' };
  // At a start the engine may have set aside what was found damaged while it ran.
  if (loss.cause === 'damaged')
    await engine.command(`ALTER TABLE xray.${table} DETACH PART '${part}'`).catch(() => undefined);
  const aside = (await engine.select(detachedParts)).find(
    (one) => one.table === table && parsePartName(one.name)?.name === part,
  );
  if (!aside) return { rows: 0, reason: 'the engine no longer has its files' };
  const kept = join(dataDirectory, 'damaged-parts', table, basename(aside.path));
  await mkdir(join(dataDirectory, 'damaged-parts', table), { recursive: true, mode: 0o700 });
  await rm(kept, { recursive: true, force: true });
  await rename(aside.path, kept);
  const [damaged, salvaged] = [`damaged_${table}`, `salvaged_${table}`];
  const drop = async (): Promise<void> => {
    for (const name of [damaged, salvaged]) await engine.command(`DROP TABLE IF EXISTS xray.${name} SYNC`);
  };
  await drop();
  try {
    for (const name of [damaged, salvaged]) await engine.command(`CREATE TABLE xray.${name} AS xray.${table}`);
    await engine.command(`SYSTEM STOP MERGES xray.${damaged}`);
    const refused = await attach(engine, damaged, kept, part);
    if (refused !== null) return { rows: 0, reason: refused };
    await readPieces(engine, damaged, salvaged);
    const rows = (await engine.select(rowsOf(salvaged)))[0]?.rows ?? 0;
    for (const { id } of await engine.select(partitions, { table: salvaged }))
      await engine.command(`ALTER TABLE xray.${table} ATTACH PARTITION ID '${id}' FROM xray.${salvaged}`);
    return { rows, reason: null };
  } finally {
    await drop();
  }
}

/** Null where the engine has loaded it, else why not: with its checksums, then without, because damage is what they find. */
async function attach(engine: Engine, table: string, files: string, part: string): Promise<string | null> {
  const path = (await engine.select(dataPath, { table }))[0]?.path ?? '';
  const location = join(path, 'detached', part);
  let text = 'the engine cannot read its files';
  for (const omitted of [[], ['checksums.txt'], ['checksums.txt', 'serialization.json']]) {
    await rm(location, { recursive: true, force: true });
    await cp(files, location, { recursive: true });
    for (const name of omitted) if (existsSync(join(location, name))) await rm(join(location, name));
    try {
      await engine.command(`ALTER TABLE xray.${table} ATTACH PART '${part}'`);
      return null;
    } catch (error) {
      text = error instanceof Error ? error.message.replace(/\n[\s\S]*/, '').slice(0, 300) : text;
    }
  }
  return text;
}

async function readPieces(engine: Engine, from: string, to: string): Promise<void> {
  const total = (await engine.select(rowsOf(from)))[0]?.rows ?? 0;
  const pieces: { begin: number; end: number }[] = [];
  for (let begin = 0; begin < total; begin += PIECE_ROWS)
    pieces.push({ begin, end: Math.min(total, begin + PIECE_ROWS) });
  for (
    let tried = 0, piece = pieces.shift();
    piece !== undefined && tried < MOST_PIECES;
    tried++, piece = pieces.shift()
  ) {
    const { begin, end } = piece;
    const where = `FROM xray.${from} WHERE _part_offset >= ${begin} AND _part_offset < ${end}`;
    try {
      // First only read: an insert that meets damage while it reads never ends in chdb 26.7.
      await engine.select(readable(where), {}, { timeoutMs: 60_000 });
      await engine.command(`INSERT INTO xray.${to} SELECT * ${where} SETTINGS max_threads = 1`);
    } catch {
      if (end - begin <= SMALLEST_PIECE_ROWS) continue;
      const middle = begin + Math.ceil((end - begin) / 2);
      pieces.unshift({ begin, end: middle }, { begin: middle, end });
    }
  }
}
