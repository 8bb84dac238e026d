/** A store of an earlier version: what is in it stays, and what comes afterwards is kept as it should be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { migrate } from '../../../lib/store/migrate.ts';
import { openEngine } from '../../../lib/store/open-engine.ts';
import { applyRetention } from '../../../lib/store/retention.ts';
import { MIGRATIONS } from '../../../lib/store/schema/migrations.ts';

const DAY_S = 86_400;
/** The last version without `Imported`, `set_aside` and `alert_transitions.stored`. */
const BEFORE = 159;

it('spans, collectives and alerts of before 160 keep their own expiry; the view goes on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-upgrade-'));
  const engine = await openEngine(directory, null, { waitMs: 0, say: () => undefined, onLocked: () => undefined });
  const now = Math.floor(Date.now() / 1000);
  const span = (name: string, ageDays: number, more: object = {}) => ({
    Timestamp: String(BigInt(now - ageDays * DAY_S) * 1_000_000_000n),
    TraceId: name,
    SpanId: name,
    SpanName: name,
    ServiceName: 's',
    SpanAttributes: { op_type: 'AllReduce', 'nccl.seq': '1', rank: '0', ...more },
  });
  const names = async (sql: string): Promise<string[]> =>
    (await engine.select({ name: 'names', sql, row: z.object({ text: z.string() }) })).map(({ text }) => text);
  try {
    await migrate(
      engine,
      MIGRATIONS.filter(({ version }) => version <= BEFORE),
    );
    await engine.insert('xray.otel_traces', [span('old', 40), span('young', 2)]);
    const alert = (fingerprint: string, ageDays: number) => ({
      fingerprint,
      state: 'firing',
      time_ns: String(BigInt(now - ageDays * DAY_S) * 1_000_000_000n),
    });
    await engine.insert('xray.alert_transitions', [alert('old', 400), alert('young', 2)]);
    await migrate(engine, MIGRATIONS);
    await engine.insert('xray.otel_traces', [
      { ...span('imported', 40), Imported: now },
      span('without-end', 1, { 'xray.clock': 'it has no end' }),
    ]);
    expect(await names('SELECT span_id AS text FROM xray.collective_spans ORDER BY text')).toEqual([
      'imported',
      'old',
      'young',
    ]);
    const clock = { time: now * 1000, credit: 0, ahead: null, behind: null, behindPeriods: [] };
    await applyRetention(engine, { tasks: 90, traces: 30, alerts: 365 }, clock, {});
    const left = (sql: string) => expect.poll(() => names(sql), { timeout: 20_000 });
    await left('SELECT SpanName AS text FROM xray.otel_traces ORDER BY text').toEqual([
      'imported',
      'without-end',
      'young',
    ]);
    await left('SELECT span_id AS text FROM xray.collective_spans ORDER BY text').toEqual(['imported', 'young']);
    await left('SELECT fingerprint AS text FROM xray.alert_transitions').toEqual(['young']);
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
