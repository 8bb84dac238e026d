/** Retention follows the configuration and a clock that X-Ray believes, never the engine's TTL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import { createStoreGuard } from '../../../lib/server/store/store-guard.ts';
import { createStoreHealth } from '../../../lib/server/store/store-health.ts';
import { createTelemetry } from '../../../lib/server/telemetry/telemetry.ts';
import { boundKeptLogs } from '../../../lib/store/queries/kept-logs.ts';
import { applyRetention, RETENTION_RULES, removeTtl } from '../../../lib/store/retention.ts';
import { type ClockState, openStoreState } from '../../../lib/store/store-state.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime.close());

const DAY_S = 86_400;
const DAYS = { tasks: 7, traces: 3, alerts: 365 };
const at = (seconds: number): ClockState => ({
  time: seconds * 1000,
  credit: 0,
  ahead: null,
  behind: null,
  behindPeriods: [],
});
const now = Math.floor(Date.now() / 1000);

async function texts(sql: string): Promise<string[]> {
  const rows = await runtime.engine.select({ name: 'texts', sql, row: z.object({ text: z.string() }) });
  return rows.map((row) => row.text);
}

/** Mutations run in the background: until what they leave is seen. */
async function settled(sql: string, expected: readonly string[]): Promise<void> {
  await expect.poll(() => texts(sql), { timeout: 20_000 }).toEqual(expected);
}

it('no table has a TTL, also none that an earlier X-Ray gave one', async () => {
  const withTtl = `SELECT name AS text FROM system.tables WHERE database = 'xray' AND match(create_table_query, ' TTL ')`;
  expect(await texts(withTtl)).toEqual([]);
  await runtime.engine.command('ALTER TABLE xray.ray_jobs MODIFY TTL stored + toIntervalDay(90)');
  await runtime.engine.command('ALTER TABLE xray.shares MODIFY COLUMN responses String TTL created + toIntervalDay(1)');
  await runtime.engine
    .command('ALTER TABLE xray.shares MODIFY TTL toDateTime(created) + toIntervalDay(1)')
    .catch(() => {});
  await removeTtl(runtime.engine);
  expect(await texts(withTtl)).toEqual([]);
});

it('deletes what is older than configured, each kind by its own days, and nothing twice a day', async () => {
  const attempt = (task: string, ageDays: number) => ({
    session: 's',
    job_id: 'j',
    task_id: task,
    attempt: 0,
    stored: now - ageDays * DAY_S,
  });
  await runtime.engine.insert('xray.ray_task_attempts', [attempt('old', 8), attempt('young', 6)]);
  const span = (name: string, ageDays: number) => ({
    Timestamp: String(BigInt(now - ageDays * DAY_S) * 1_000_000_000n),
    TraceId: name,
    SpanId: name,
    SpanName: name,
  });
  await runtime.engine.insert('xray.otel_traces', [span('old', 5), span('young', 1), span('future', -900)]);
  const removed = await applyRetention(runtime.engine, DAYS, at(now), {});
  expect(removed).toContainEqual({ table: 'otel_traces', rows: null });
  expect(removed).toContainEqual({ table: 'ray_task_attempts', rows: 1 });
  await settled('SELECT task_id AS text FROM xray.ray_task_attempts', ['young']);
  await settled('SELECT SpanName AS text FROM xray.otel_traces ORDER BY text', ['future', 'young']);
  await runtime.engine.insert('xray.ray_task_attempts', [attempt('again', 8)]);
  const cleaned = { ray_task_attempts: now * 1000 };
  expect(await applyRetention(runtime.engine, DAYS, at(now), cleaned)).toEqual([]);
  expect(await applyRetention(runtime.engine, DAYS, at(now + DAY_S), cleaned)).toContainEqual({
    table: 'ray_task_attempts',
    rows: 1,
  });
}, 60_000);

it('what was told of a node long ago stays while anything is told of it', async () => {
  const node = (id: string, ageDays: number, name: string) => ({
    session: 'n',
    node_id: id,
    name,
    stored: now - ageDays * DAY_S,
  });
  await runtime.engine.command('SYSTEM STOP MERGES xray.ray_nodes');
  await runtime.engine.insert('xray.ray_nodes', [node('living', 30, 'a'), node('dead', 30, 'b')]);
  await runtime.engine.insert('xray.ray_nodes', [node('living', 0, '')]);
  await runtime.engine.command('SYSTEM START MERGES xray.ray_nodes');
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await settled(
    "SELECT concat(node_id, ' ', max(name)) AS text FROM xray.ray_nodes WHERE session = 'n' GROUP BY node_id",
    ['living a'],
  );
}, 60_000);

it('what was stored while the clock was behind stays until its retention has really passed', async () => {
  const job = (id: string, stored: number) => ({ session: 'b', job_id: id, stored });
  const wrong = now - 400 * DAY_S;
  await runtime.engine.insert('xray.ray_jobs', [job('wrongly-dated', wrong), job('old', now - 30 * DAY_S)]);
  const period = { from: (wrong - 60) * 1000, to: (wrong + 60) * 1000, until: (now + 7 * DAY_S) * 1000 };
  await applyRetention(runtime.engine, DAYS, { ...at(now), behindPeriods: [period] }, {});
  await settled("SELECT job_id AS text FROM xray.ray_jobs WHERE session = 'b'", ['wrongly-dated']);
}, 60_000);

it('rows that are stored now stay, whatever their own time says', async () => {
  await runtime.engine.insert('xray.ray_jobs', [{ session: 'old', job_id: '01', start_ns: 1, end_ns: 2 }]);
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await runtime.engine.command('OPTIMIZE TABLE xray.ray_jobs FINAL');
  expect(await texts("SELECT job_id AS text FROM xray.ray_jobs WHERE session = 'old'")).toEqual(['01']);
});

it('a recording is kept from its import; live spans of the same day are not', async () => {
  const span = (name: string, ageDays: number, imported: number) => ({
    Timestamp: String(BigInt(now - ageDays * DAY_S) * 1_000_000_000n),
    TraceId: name,
    SpanId: name,
    SpanName: name,
    SpanAttributes: { op_type: 'AllReduce', 'nccl.seq': '1', rank: '0' },
    ServiceName: 'recording',
    ...(imported < 0 ? {} : { Imported: now - imported * DAY_S }),
  });
  const rows = [span('live', 20, -1), span('imported', 20, 1), span('long-imported', 20, 5), span('other-day', 30, 9)];
  await runtime.engine.insert('xray.otel_traces', rows);
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await settled("SELECT SpanName AS text FROM xray.otel_traces WHERE ServiceName = 'recording'", ['imported']);
  await settled("SELECT span_id AS text FROM xray.collective_spans WHERE span_id != ''", ['imported']);
  await applyRetention(runtime.engine, DAYS, at(now + 3 * DAY_S), {});
  await settled("SELECT SpanName AS text FROM xray.otel_traces WHERE ServiceName = 'recording'", []);
}, 60_000);

it('a transition of an alert that began long ago is kept from when it was stored', async () => {
  const began = String(BigInt(now - 500 * DAY_S) * 1_000_000_000n);
  await runtime.engine.insert('xray.alert_transitions', [
    { fingerprint: 'stored-now', state: 'firing', time_ns: began, stored: now },
    { fingerprint: 'stored-then', state: 'firing', time_ns: began, stored: now - 400 * DAY_S },
  ]);
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await settled("SELECT fingerprint AS text FROM xray.alert_transitions WHERE startsWith(fingerprint, 'stored-')", [
    'stored-now',
  ]);
}, 60_000);

/** Why these need none: lib/decisions/0012. */
const WITHOUT_RETENTION = ['ray_heard', 'ray_sessions', 'schema_migrations', 'timeline_kept', 'timeline_rebuild'];

it('every table has a retention, or stands in the list of those that need none', async () => {
  const tables = await texts(
    "SELECT name AS text FROM system.tables WHERE database = 'xray' AND engine LIKE '%MergeTree' ORDER BY text",
  );
  const expiring = ['otel_traces', ...RETENTION_RULES.map(({ table }) => table)];
  expect(tables).toEqual([...expiring, ...WITHOUT_RETENTION].sort());
});

const log = (job: string, ageDays: number, text = job) => ({
  session: 'logs',
  job_id: job,
  stored: String((now - ageDays * DAY_S) * 1000),
  text,
});
const LOGS = "SELECT job_id AS text FROM xray.kept_logs WHERE session = 'logs' ORDER BY text";

it('a kept log goes with the tasks that it is of, counted from when it was stored', async () => {
  const wrong = 400;
  await runtime.engine.insert('xray.kept_logs', [log('old', 8), log('young', 6), log('wrongly-dated', wrong)]);
  const period = {
    from: (now - wrong * DAY_S - 60) * 1000,
    to: (now - wrong * DAY_S + 60) * 1000,
    until: (now + DAY_S) * 1000,
  };
  const clock = { ...at(now), behindPeriods: [period] };
  expect(await applyRetention(runtime.engine, DAYS, clock, {})).toContainEqual({ table: 'kept_logs', rows: 1 });
  await settled(LOGS, ['wrongly-dated', 'young']);
  // As soon as the clock was right for as long as that, it goes too.
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await settled(LOGS, ['young']);
}, 60_000);

it('of all kept logs together the newest stay, and those that only seem old', async () => {
  await runtime.engine.command('TRUNCATE TABLE xray.kept_logs');
  const text = 'x'.repeat(1000);
  const ages = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  await runtime.engine.insert('xray.kept_logs', [
    ...ages.map((age) => log(`${age} days`, age, text)),
    log('wrongly-dated', 400, text),
  ]);
  const period = { from: (now - 401 * DAY_S) * 1000, to: (now - 399 * DAY_S) * 1000, until: (now + DAY_S) * 1000 };
  expect(await boundKeptLogs(runtime.engine, [period], 1_000_000)).toBe(0);
  // Three quarters of 8,000 bytes: the wrongly dated one and the five newest.
  expect(await boundKeptLogs(runtime.engine, [period], 8_000)).toBe(5);
  await settled(LOGS, ['0 days', '1 days', '2 days', '3 days', '4 days', 'wrongly-dated']);
}, 60_000);

it('openings of a share go with it; a revocation stays', async () => {
  const event = (id: string, kind: string, ageDays: number) => ({
    id,
    event: kind,
    time: String((now - ageDays * DAY_S) * 1000),
  });
  await runtime.engine.insert('xray.shares', [
    { id: 'there', path: '/', title: '', note: '', created: String(now * 1000) },
  ]);
  await runtime.engine.insert('xray.share_events', [
    event('there', 'opened', 90),
    event('gone', 'opened', 90),
    event('gone', 'opened', 3),
    event('gone', 'revoked', 90),
  ]);
  await applyRetention(runtime.engine, DAYS, at(now), {});
  await settled("SELECT concat(id, ' ', event) AS text FROM xray.share_events ORDER BY text", [
    'gone opened',
    'gone revoked',
    'there opened',
  ]);
}, 60_000);

it('while the clock is not plausible no log goes, however old it seems', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-clock-'));
  const telemetry = createTelemetry();
  const state = openStoreState(directory);
  const guard = createStoreGuard({
    engine: runtime.engine,
    state,
    presence: null,
    health: createStoreHealth({ url: null, directory }, telemetry),
    telemetry,
    retentionDays: DAYS,
    durability: 'process',
    now: () => Date.now() + 400 * DAY_S * 1000,
  });
  try {
    await runtime.engine.command('TRUNCATE TABLE xray.kept_logs');
    await runtime.engine.insert('xray.kept_logs', [log('stored-now', 0)]);
    await guard.compare();
    await guard.retain();
    expect(guard.clock().ahead).not.toBeNull();
    expect(await texts(LOGS)).toEqual(['stored-now']);
    guard.confirmClock();
    await guard.retain();
    await settled(LOGS, []);
  } finally {
    await guard.close();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
