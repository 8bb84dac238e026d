/**
 * Retention: rows older than configured are deleted by X-Ray, by a clock that it believes (retention-clock.ts), never by the
 * engine's TTL, which follows the system's clock wherever that goes (lib/decisions/0012). Partitions by day are dropped whole, unless a
 * recording was imported into them (lib/decisions/0018); other tables are cleaned by a mutation, at most once a day each, because that writes their old parts again. A row of what
 * is told of again and again (a node, a job) lives on while anything newer of its subject is there.
 */
import { z } from 'zod';
import { LAST_EXPIRING_S } from '../model/kept-until.ts';
import { ownValue } from '../model/own-value.ts';
import type { Engine, Query } from './engine.ts';
import type { RetentionDays } from './migrate.ts';
import { boundKeptLogs } from './queries/kept-logs.ts';
import type { ClockState } from './store-state.ts';

interface Rule {
  readonly table: string;
  /** When a row is from, as DateTime. */
  readonly clock: string;
  readonly days: keyof RetentionDays | number;
  /** `clock` is when the row was stored, by the system's clock. */
  readonly isStored: boolean;
  /** Columns of what a row is about, where rows of it merge. */
  readonly subject?: string;
  /** What else must be true of a row. */
  readonly only?: string;
}

const stored = (table: string, subject?: string): Rule => ({
  table,
  clock: 'stored',
  days: 'tasks',
  isStored: true,
  ...(subject === undefined ? {} : { subject }),
});
const SHARE_END = `toDateTime(ifNull(expires, toDateTime64('2100-01-01 00:00:00', 3, 'UTC')))`;

/** Of every table whose rows go when they are old enough, beside otel_traces; which stay, and why, is in lib/decisions/0012. */
export const RETENTION_RULES: readonly Rule[] = [
  // A recording counts from when it was imported.
  { table: 'collective_spans', clock: 'greatest(hour, imported)', days: 'traces', isStored: false },
  // An alert may have begun to fire long before X-Ray heard of it.
  {
    table: 'alert_transitions',
    clock: `greatest(stored, toDateTime(least(intDiv(time_ns, 1000000000), ${LAST_EXPIRING_S})))`,
    days: 'alerts',
    isStored: false,
  },
  { table: 'ingest_rejects', clock: 'toDateTime(time)', days: 7, isStored: true },
  { table: 'shares', clock: SHARE_END, days: 31, isStored: false },
  // A revocation stays: the share that it ended may come back with a repair or a backup.
  {
    table: 'share_events',
    clock: 'toDateTime(time)',
    days: 31,
    isStored: true,
    only: `event = 'opened' AND id NOT IN (SELECT id FROM xray.shares)`,
  },
  { table: 'kept_logs', clock: 'toDateTime(stored)', days: 'tasks', isStored: true },
  stored('ray_task_attempts'),
  stored('ray_profile_spans'),
  stored('ray_nodes', 'session, node_id'),
  stored('ray_actors', 'session, job_id, actor_id'),
  stored('ray_workers', 'session, worker_id'),
  stored('ray_jobs', 'session, job_id'),
  stored('ray_oom_kills', 'session, victim'),
  stored('ray_completeness', 'session, job_id, source'),
  stored('timeline_slices'),
  stored('timeline_levels'),
  stored('timeline_lane_sums', 'session, job_id, node, lane'),
  stored('timeline_functions', 'session, job_id, hash'),
  stored('timeline_lanes', 'session, job_id, node, lane'),
  stored('ray_job_parts', 'session, job_id'),
  stored('ray_job_counts', 'session, job_id'),
  stored('set_aside', 'door, session, what'),
];

/** A day after a share has expired its answers go; its row stays to say so. */
const SHARE_ANSWERS_DAYS = 1;
const DAY_S = 86_400;
const DAY_MS = DAY_S * 1000;

const tablesWithTtl: Query<{ name: string }> = {
  name: 'tables-with-ttl',
  sql: `SELECT name FROM system.tables WHERE database = 'xray' AND engine LIKE '%MergeTree' AND match(create_table_query, ' TTL ')`,
  row: z.object({ name: z.string() }),
};
const oldPartitions: Query<{ partition_id: string }> = {
  name: 'old-partitions',
  // By its newest row, not by its name: a partition is of a day in the engine's time zone.
  sql: `SELECT partition_id FROM system.parts WHERE active AND database = 'xray' AND table = 'otel_traces'
    GROUP BY partition_id HAVING toUnixTimestamp(max(max_time)) < {before:UInt32} AND max(max_time) > 0`,
  row: z.object({ partition_id: z.string() }),
};
/** Partitions that old where something was imported since. The first column is read of them alone. */
const importedPartitions: Query<{ partition_id: string }> = {
  name: 'imported-partitions',
  sql: `SELECT DISTINCT _partition_id AS partition_id FROM xray.otel_traces
    WHERE _partition_id IN ({partitions:Array(String)}) AND Imported >= toDateTime({before:UInt32})`,
  row: z.object({ partition_id: z.string() }),
};
const count = (name: string, table: string, where: string): Query<{ rows: number }> => ({
  name,
  sql: `SELECT count() AS rows FROM xray.${table} WHERE ${where}`,
  row: z.object({ rows: z.coerce.number() }),
});

/**
 * Takes the engine's own TTL off every table: it runs in the background, by the system's clock, from the moment that the
 * store is open. Rows are not written again for it.
 */
export async function removeTtl(engine: Engine): Promise<void> {
  const found = await engine.select(tablesWithTtl);
  if (found.some(({ name }) => name === 'shares'))
    await engine.command('ALTER TABLE xray.shares MODIFY COLUMN responses REMOVE TTL').catch(() => undefined);
  for (const { name } of found) await engine.command(`ALTER TABLE xray.${name} REMOVE TTL`).catch(() => undefined);
}

export interface Removed {
  readonly table: string;
  /** Rows, or null where whole partitions were dropped. */
  readonly rows: number | null;
}

/**
 * One round. `clock.time` decides; nothing is deleted from a table that was cleaned within a day (`cleaned`, Unix ms of that
 * clock, by table). Returns what was deleted; `cleaned` of those tables is for the caller to remember.
 */
export async function applyRetention(
  engine: Engine,
  retention: RetentionDays,
  clock: ClockState,
  cleaned: Readonly<Record<string, number>>,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  const now = Math.floor(clock.time / 1000);
  const before = (days: number): number => Math.max(0, now - days * DAY_S);
  for (const one of await removeOldSpans(engine, before(retention.traces), clock, ownValue(cleaned, 'otel_traces')))
    removed.push(one);
  const answers = `${SHARE_END} < toDateTime(${before(SHARE_ANSWERS_DAYS)}) AND responses != ''`;
  if (((await engine.select(count('old-share-answers', 'shares', answers)))[0]?.rows ?? 0) > 0)
    await engine.command(`ALTER TABLE xray.shares UPDATE responses = '' WHERE ${answers}`);
  for (const rule of RETENTION_RULES) {
    const last = ownValue(cleaned, rule.table);
    if (last !== undefined && clock.time - last < DAY_MS && clock.time >= last) continue;
    const where = expired(rule, retention, clock, before);
    const [found] = await engine.select(count('expired-rows', rule.table, where), {}, { timeoutMs: 60_000 });
    if ((found?.rows ?? 0) === 0) continue;
    await engine.command(`ALTER TABLE xray.${rule.table} DELETE WHERE ${where}`);
    removed.push({ table: rule.table, rows: found?.rows ?? 0 });
  }
  const logs = await boundKeptLogs(engine, clock.behindPeriods);
  if (logs > 0) removed.push({ table: 'kept_logs', rows: logs });
  return removed;
}

/** Spans of days that are over: the whole partition, or what of it was not imported since. */
async function removeOldSpans(
  engine: Engine,
  before: number,
  clock: ClockState,
  cleaned: number | undefined,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  const old = (await engine.select(oldPartitions, { before })).map(({ partition_id }) => partition_id);
  if (old.length === 0) return removed;
  const imported = await engine.select(importedPartitions, { partitions: old, before }, { timeoutMs: 60_000 });
  const kept = new Set(imported.map(({ partition_id }) => partition_id));
  for (const partition of old) {
    if (kept.has(partition)) continue;
    await engine.command(`ALTER TABLE xray.otel_traces DROP PARTITION ID '${partition}'`);
    removed.push({ table: 'otel_traces', rows: null });
  }
  const isDue = cleaned === undefined || clock.time - cleaned >= DAY_MS || clock.time < cleaned;
  if (kept.size === 0 || !isDue) return removed;
  const list = [...kept].map((partition) => `'${partition}'`).join(', ');
  const where = `_partition_id IN (${list}) AND Imported < toDateTime(${before}) AND toDateTime(Timestamp) < toDateTime(${before})`;
  const [found] = await engine.select(count('expired-rows', 'otel_traces', where), {}, { timeoutMs: 60_000 });
  if ((found?.rows ?? 0) === 0) return removed;
  for (const partition of kept)
    await engine.command(
      `ALTER TABLE xray.otel_traces DELETE IN PARTITION ID '${partition}' WHERE Imported < toDateTime(${before}) AND toDateTime(Timestamp) < toDateTime(${before})`,
    );
  return [...removed, { table: 'otel_traces', rows: found?.rows ?? 0 }];
}

function expired(rule: Rule, retention: RetentionDays, clock: ClockState, before: (days: number) => number): string {
  const days = typeof rule.days === 'number' ? rule.days : retention[rule.days];
  const limit = `toDateTime(${before(days)})`;
  const conditions = [`${rule.clock} < ${limit}`, ...(rule.only === undefined ? [] : [rule.only])];
  // What was stored while the system's clock was behind only seems old.
  if (rule.isStored)
    for (const { from, to } of clock.behindPeriods)
      conditions.push(
        `NOT (${rule.clock} BETWEEN toDateTime(${unixSeconds(from)}) AND toDateTime(${unixSeconds(to)}))`,
      );
  if (rule.subject !== undefined)
    conditions.push(
      `(${rule.subject}) NOT IN (SELECT ${rule.subject} FROM xray.${rule.table} WHERE ${rule.clock} >= ${limit})`,
    );
  return conditions.join(' AND ');
}

const unixSeconds = (ms: number): number => Math.min(4_294_967_295, Math.max(0, Math.floor(ms / 1000)));
