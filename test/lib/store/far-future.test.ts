/** Times that the store can hold, but not with the retention added to them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { POST as postTraces } from '../../../app/v1/traces/route.ts';
import { nanoseconds } from '../../../lib/model/units.ts';
import { loadConfig } from '../../../lib/server/runtime/config.ts';
import { setRuntime } from '../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';
import { span, traceRequest } from '../../support/otlp-bodies.ts';

it('under the longest retention, what is dated close to 2106 stays, or is refused with the limit', async () => {
  const days = '3650';
  const long = await openTestRuntime({
    XRAY_RETENTION_TASKS_DAYS: days,
    XRAY_RETENTION_TRACES_DAYS: days,
    XRAY_RETENTION_ALERTS_DAYS: days,
  });
  setRuntime(long);
  try {
    const in2095 = BigInt(Date.UTC(2095, 11, 31, 23)) * 1_000_000n;
    const in2098 = BigInt(Date.UTC(2098, 5)) * 1_000_000n;
    const late = (id: number, start: bigint) =>
      span(id, { startTimeUnixNano: `${start}`, endTimeUnixNano: `${start + 5n}` });
    const answer = await postTraces(
      new Request('http://127.0.0.1/v1/traces', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(traceRequest([late(1, in2095), late(2, in2098)], 'late')),
      }),
    );
    expect(await answer.json()).toMatchObject({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage: expect.stringMatching(
          /after 2095: the store keeps times until 2106, less up to 3650 days of retention/,
        ),
      },
    });
    const key = { session: 'late', jobId: '01000000', taskId: 'a'.repeat(48), attempt: 0, source: 'event' } as const;
    const time = nanoseconds(in2098);
    await long.ingest.rayFacts({
      attempts: [
        { ...key, nodeId: 'n', workerId: 'w', stateTimes: { RUNNING: time, FINISHED: nanoseconds(time + 5n) } },
      ],
    });
    await long.timelines.keep();
    await long.engine.insert('xray.ray_oom_kills', [{ session: 'late', victim: 'w', time_ns: String(time) }]);
    await long.engine.insert('xray.alert_transitions', [
      { fingerprint: 'late', state: 'firing', time_ns: String(time) },
    ]);

    const tables = ['otel_traces', 'ray_task_attempts', 'timeline_slices', 'ray_oom_kills', 'alert_transitions'];
    for (const table of tables) {
      await long.engine.command(`OPTIMIZE TABLE xray.${table} FINAL`);
      const rows = await long.engine.select({
        name: 'rows-of-table',
        sql: `SELECT count() AS rows FROM xray.${table}`,
        row: z.object({ rows: z.coerce.number() }),
      });
      expect([table, rows]).toEqual([table, [{ rows: 1 }]]);
    }
  } finally {
    await long.close();
  }
});

it('a longer retention than the store can keep is refused, wherever it is written', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-test-'));
  try {
    const file = join(directory, 'xray.yaml');
    writeFileSync(file, 'retentionDays: { traces: 3651 }');
    expect(() => loadConfig({ XRAY_CONFIG: file })).toThrow(/retentionDays.traces: .*3650/);
    writeFileSync(file, 'retentionDays: { traces: 3650 }');
    expect(loadConfig({ XRAY_CONFIG: file }).retentionDays.traces).toBe(3650);
    expect(() => loadConfig({ XRAY_CONFIG: file, XRAY_RETENTION_TASKS_DAYS: '3651' })).toThrow('from 1 to 3650');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
