/**
 * What is not in the store any more, or not as it was written. Three looks, by what they cost:
 *
 *   compareParts   parts that were known and are not there: once, at the start
 *   findLosses     parts that the engine set aside (`detached/`), whose files are gone, mutations that fail: every look
 *   checkTable     reads a table's parts and compares their checksums (CHECK TABLE): slowly, all the time
 *
 * A merge replaces parts by one that covers them (part-name.ts), and what the engine set aside may still be covered by parts
 * that it read instead: only what nothing covers is lost.
 */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ownValue, setOwnValue } from '../model/own-value.ts';
import type { Engine, Query } from './engine.ts';
import { covers, type PartName, parsePartName, partitionDay } from './part-name.ts';
import type { ActivePart, DetachedPart } from './store-parts.ts';
import type { KnownPart, Loss } from './store-state.ts';

type Tables = ReadonlyMap<string, readonly (ActivePart & { readonly parsed: PartName })[]>;

function byTable(parts: readonly ActivePart[]): Tables {
  const tables = new Map<string, (ActivePart & { parsed: PartName })[]>();
  for (const part of parts) {
    const parsed = parsePartName(part.name);
    if (parsed === null) continue;
    const list = tables.get(part.table) ?? [];
    list.push({ ...part, parsed });
    tables.set(part.table, list);
  }
  return tables;
}

/** Rows that no active part holds of a part that had `rows` (null: unknown); 0 where all are there. */
function uncovered(part: PartName, rows: number | null, active: Tables, table: string): number | null {
  let inside = 0;
  for (const { parsed, rows: held } of active.get(table) ?? []) {
    if (covers(parsed, part)) return 0;
    if (covers(part, parsed)) inside += held;
  }
  return rows === null ? null : Math.max(0, rows - inside);
}

export type FoundLoss = Omit<Loss, 'found' | 'state' | 'settled'>;

function lossOf(
  table: string,
  part: PartName,
  cause: Loss['cause'],
  rows: number | null,
  known: KnownPart | undefined,
  fallback: { readonly modified: number | null; readonly reason: string },
): FoundLoss {
  const day = partitionDay(part.partition);
  const own = known !== undefined && known[3] !== null ? { from: known[3], to: known[4] } : day;
  const times =
    own !== null
      ? { ...own, isOwnTime: true }
      : { from: known?.[1] ?? null, to: known?.[2] ?? fallback.modified, isOwnTime: false };
  return { id: `${table}/${part.name}`, table, part: part.name, cause, rows, ...times, reason: fallback.reason };
}

/** Rows by the part's own `count.txt`; null where it cannot be read. */
function countedRows(path: string): number | null {
  try {
    const rows = Number(readFileSync(join(path, 'count.txt'), 'utf8').trim());
    return Number.isInteger(rows) && rows >= 0 ? rows : null;
  } catch {
    return null;
  }
}

export type KnownParts = Readonly<Record<string, Readonly<Record<string, KnownPart>>>>;

const knownPart = (known: KnownParts, table: string, name: string): KnownPart | undefined =>
  ownValue(ownValue(known, table) ?? {}, name);

/**
 * Parts that were known before this start and that nothing covers now.
 */
export function compareParts(
  known: KnownParts,
  active: readonly ActivePart[],
  detached: readonly DetachedPart[],
): FoundLoss[] {
  const tables = byTable(active);
  const aside = new Set(detached.map((part) => `${part.table}/${parsePartName(part.name)?.name ?? ''}`));
  const losses: FoundLoss[] = [];
  for (const [table, parts] of Object.entries(known))
    for (const [name, part] of Object.entries(parts)) {
      const parsed = parsePartName(name);
      if (parsed === null || aside.has(`${table}/${name}`)) continue;
      const rows = uncovered(parsed, part[0], tables, table);
      if (rows === 0) continue;
      const reason = tables.has(table) ? 'its files are gone' : 'the whole table is gone or empty';
      losses.push(lossOf(table, parsed, 'missing', rows, part, { modified: null, reason }));
    }
  return losses;
}

/** Parts that the engine has set aside and that nothing covers. */
export function setAside(
  known: KnownParts,
  active: readonly ActivePart[],
  detached: readonly DetachedPart[],
  isLocal: boolean,
): FoundLoss[] {
  const tables = byTable(active);
  const losses: FoundLoss[] = [];
  for (const { table, name, reason, path, modified } of detached) {
    const part = parsePartName(name);
    if (part === null) continue;
    const before = knownPart(known, table, part.name);
    const counted = before?.[0] ?? (isLocal ? countedRows(path) : null);
    const rows = uncovered(part, counted, tables, table);
    if (rows === 0) continue;
    losses.push(
      lossOf(table, part, 'set-aside', rows, before, {
        modified,
        reason: reason === '' ? 'it was detached' : `the engine set it aside: ${reason}`,
      }),
    );
  }
  return losses;
}

/** Active parts whose directories are gone from the disk. */
export async function withoutFiles(active: readonly ActivePart[], known: KnownParts): Promise<FoundLoss[]> {
  const losses: FoundLoss[] = [];
  for (const part of active) {
    const there = await stat(part.path).then(
      () => true,
      () => false,
    );
    const parsed = parsePartName(part.name);
    if (there || parsed === null) continue;
    // Merged away since the list was made? Then another part covers it on disk; the next look knows.
    const before = knownPart(known, part.table, part.name) ?? toKnown(part, undefined);
    losses.push(
      lossOf(part.table, parsed, 'missing', part.rows, before, {
        modified: part.modified,
        reason: 'its files are gone',
      }),
    );
  }
  return losses;
}

const checked = (sql: string): Query<{ part_path: string; is_passed: number; message: string }> => ({
  name: 'check-table',
  sql,
  row: z.object({ part_path: z.string(), is_passed: z.coerce.number(), message: z.string() }),
});

/** Reads parts of a table, or one, and compares checksums. Rejects with StoreError where it takes over a minute. */
export async function checkTable(
  engine: Engine,
  table: string,
  part: string | null,
  active: ReadonlyMap<string, ActivePart>,
  known: KnownParts,
): Promise<FoundLoss[]> {
  const which = part === null ? '' : ` PART '${part}'`;
  const rows = await engine.select(checked(`CHECK TABLE xray.${table}${which}`), {}, { timeoutMs: 60_000 });
  const losses: FoundLoss[] = [];
  for (const row of rows) {
    if (row.is_passed === 1) continue;
    const parsed = parsePartName(row.part_path);
    if (parsed === null) continue;
    const found = active.get(`${table}/${parsed.name}`);
    const before = knownPart(known, table, parsed.name) ?? (found ? toKnown(found, undefined) : undefined);
    losses.push(
      lossOf(table, parsed, 'damaged', found?.rows ?? before?.[0] ?? null, before, {
        modified: found?.modified ?? null,
        reason: shortened(row.message),
      }),
    );
  }
  return losses;
}

/** The engine's words without its prefix, version and stack. */
const shortened = (message: string): string =>
  message
    .replace(/^Code: \d+\. DB::\w+: /, '')
    .replace(/\s*\((?:[A-Z_]+|version [^)]*)\)/g, '')
    .slice(0, 300);

/** First stored: since the oldest of the parts that it was merged from. */
function toKnown(part: ActivePart, since: number | undefined): KnownPart {
  const hasTime = part.maxTime > 0;
  return [
    part.rows,
    Math.min(since ?? part.modified, part.modified),
    part.modified,
    hasTime ? part.minTime : null,
    hasTime ? part.maxTime : null,
  ];
}

/** The active parts as they are remembered, with what `before` knew of the parts that they cover. */
export function rememberParts(
  active: readonly ActivePart[],
  before: KnownParts,
): Record<string, Record<string, KnownPart>> {
  const parts: Record<string, Record<string, KnownPart>> = {};
  const gone = new Map<string, { name: PartName; part: KnownPart }[]>();
  const now = new Set(active.map((part) => `${part.table}/${part.name}`));
  for (const [table, list] of Object.entries(before))
    for (const [name, part] of Object.entries(list)) {
      const parsed = parsePartName(name);
      if (parsed === null || now.has(`${table}/${name}`)) continue;
      const all = gone.get(table) ?? [];
      all.push({ name: parsed, part });
      gone.set(table, all);
    }
  for (const part of active) {
    const same = knownPart(before, part.table, part.name);
    const parsed = parsePartName(part.name);
    let since = same?.[1];
    if (same === undefined && parsed !== null)
      for (const old of gone.get(part.table) ?? [])
        if (covers(parsed, old.name)) since = Math.min(since ?? old.part[1], old.part[1]);
    const list = ownValue(parts, part.table) ?? {};
    setOwnValue(list, part.name, same ?? toKnown(part, since));
    setOwnValue(parts, part.table, list);
  }
  return parts;
}
