/** Retention follows the configuration at each start, not only when a table is made. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Runtime } from '../../lib/server/runtime.ts';
import { applyRetention } from '../../lib/store/retention.ts';
import { openTestRuntime } from '../server/open-runtime.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime.close());

async function ttl(table: string): Promise<string> {
  const [row] = await runtime.engine.select(
    {
      name: 'ttl-of-table',
      sql: `SELECT extract(create_table_query, ' TTL (.*?)( SETTINGS|$)') AS ttl FROM system.tables WHERE database = 'xray' AND name = {table:String}`,
      row: z.object({ ttl: z.string() }),
    },
    { table },
  );
  return row?.ttl ?? '';
}

it('gives every table the configured days, once', async () => {
  const { retentionDays } = runtime.config;
  // Made by migrations with the same configuration: only the tables without a TTL of their own are new.
  const first = await applyRetention(runtime.engine, retentionDays);
  expect(first.map((change) => change.table)).toEqual([
    'ray_nodes',
    'ray_actors',
    'ray_workers',
    'ray_jobs',
    'ray_completeness',
  ]);
  expect(await applyRetention(runtime.engine, retentionDays)).toEqual([]);

  const changed = await applyRetention(runtime.engine, { tasks: 7, traces: 3, alerts: 365 });
  expect(changed.find((change) => change.table === 'otel_traces')).toEqual({ table: 'otel_traces', days: 3 });
  expect(await ttl('otel_traces')).toBe('toDateTime(Timestamp) + toIntervalDay(3)');
  for (const table of ['ray_task_attempts', 'ray_jobs', 'ray_oom_kills'])
    expect([table, await ttl(table)]).toEqual([table, 'stored + toIntervalDay(7)']);
  expect(await applyRetention(runtime.engine, { tasks: 7, traces: 3, alerts: 365 })).toEqual([]);
});

it('rows that are stored now stay, whatever their own time says', async () => {
  await runtime.engine.insert('xray.ray_jobs', [{ session: 'old', job_id: '01', start_ns: 1, end_ns: 2 }]);
  await runtime.engine.command('OPTIMIZE TABLE xray.ray_jobs FINAL');
  const rows = await runtime.engine.select({
    name: 'old-job',
    sql: "SELECT job_id FROM xray.ray_jobs WHERE session = 'old'",
    row: z.object({ job_id: z.string() }),
  });
  expect(rows).toEqual([{ job_id: '01' }]);
});
