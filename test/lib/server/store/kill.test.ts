/**
 * kill -9 in the middle of ingest, twenty times on one data directory: every acknowledged row is there exactly once, the
 * lock of the dead process is taken over, the store opens again. It shows durability against the death of the process;
 * power loss (no fsync) is not shown and not promised.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Query } from '../../../../lib/store/engine.ts';
import { startIngestProcess } from '../../../support/ingest-process.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

/** XRAY_TEST_KILLS chooses: fewer where time is short. */
const KILLS = Number(process.env.XRAY_TEST_KILLS ?? '20');
const ROWS_PER_BODY = 40;
const directory = mkdtempSync(join(tmpdir(), 'xray-kill-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const START = 1_795_469_322_000_000_000n;
let made = 0;

function spansBody(ids: readonly number[]): string {
  const spans = ids.map((id) => ({
    traceId: id.toString(16).padStart(32, 'a'),
    spanId: id.toString(16).padStart(16, 'b'),
    name: 'synthetic.kill',
    startTimeUnixNano: String(START + BigInt(id)),
    endTimeUnixNano: String(START + BigInt(id) + 1000n),
    attributes: [{ key: 'id', value: { intValue: String(id) } }],
  }));
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

function eventsBody(ids: readonly number[]): string {
  return JSON.stringify(
    ids.map((id) => ({
      eventType: 'TASK_LIFECYCLE_EVENT',
      sessionName: 'synthetic-kill',
      timestamp: '2026-11-24T10:00:00Z',
      taskLifecycleEvent: {
        jobId: Buffer.from('01000000', 'hex').toString('base64'),
        taskId: Buffer.from(id.toString(16).padStart(48, '0'), 'hex').toString('base64'),
        taskAttempt: 0,
        stateTransitions: [{ state: 'RUNNING', timestamp: '2026-11-24T10:00:00Z' }],
      },
    })),
  );
}

/** Sends one body after the other until the connection dies; keeps the ids of those that were answered with 200. */
async function sendUntilDead(
  url: string,
  path: string,
  body: (ids: number[]) => string,
  kept: Set<number>,
): Promise<void> {
  for (;;) {
    const ids = Array.from({ length: ROWS_PER_BODY }, () => made++);
    try {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body(ids),
      });
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
      for (const id of ids) kept.add(id);
    } catch (error) {
      // fetch says TypeError when the process is gone; anything else is a failure of the test.
      if (error instanceof TypeError) return;
      throw error;
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const counts = (name: string, sql: string): Query<{ id: string; copies: number }> => ({
  name,
  sql,
  row: z.object({ id: z.string(), copies: z.coerce.number() }),
});

it(`${KILLS} times kill -9 during ingest: every acknowledged row is there exactly once`, async () => {
  const [spans, attempts] = [new Set<number>(), new Set<number>()];
  const holders = new Set<string>();
  for (let round = 0; round < KILLS; round++) {
    const server = await startIngestProcess(directory);
    holders.add(readFileSync(join(directory, 'xray.lock'), 'utf8').split(' ')[0] ?? '');
    const senders = [
      sendUntilDead(server.url, '/v1/traces', spansBody, spans),
      sendUntilDead(server.url, '/v1/traces', spansBody, spans),
      sendUntilDead(server.url, '/v1/events', eventsBody, attempts),
    ];
    if (round === 0) {
      const second = startIngestProcess(directory);
      await expect(second).rejects.toThrow(/is in use by the X-Ray with pid \d+: stop it, or set XRAY_DATA_DIR/);
    }
    // Some die before the first answer; most in the middle of later ones.
    const [before, beforeAttempts] = [spans.size, attempts.size];
    if (round % 4 > 0) while (spans.size === before || attempts.size === beforeAttempts) await pause(5);
    await pause(Math.random() * 300);
    await server.end('SIGKILL');
    await Promise.all(senders);
  }
  expect(holders.size).toBe(KILLS);
  expect(Math.min(spans.size, attempts.size)).toBeGreaterThan((KILLS / 2) * ROWS_PER_BODY);

  const runtime = await openTestRuntime({ XRAY_DATA_DIR: directory });
  const options = { maxRows: 10_000_000 };
  const storedSpans = await runtime.engine.select(
    counts('kill-spans', `SELECT SpanAttributes['id'] AS id, count() AS copies FROM xray.otel_traces GROUP BY id`),
    {},
    options,
  );
  const storedAttempts = await runtime.engine.select(
    counts('kill-attempts', 'SELECT task_id AS id, count() AS copies FROM xray.ray_task_attempts GROUP BY id'),
    {},
    options,
  );
  const bySpan = new Map(storedSpans.map((row) => [Number(row.id), row.copies]));
  const byTask = new Map(storedAttempts.map((row) => [Number.parseInt(row.id, 16), row.copies]));
  expect([...spans].filter((id) => bySpan.get(id) !== 1)).toEqual([]);
  expect([...attempts].filter((id) => byTask.get(id) !== 1)).toEqual([]);
  // A kill loses nothing, so nothing may be called lost.
  expect(runtime.store.losses()).toEqual([]);
  // What was not acknowledged may be there or not, but never twice.
  expect([...bySpan.values(), ...byTask.values()].filter((copies) => copies !== 1)).toEqual([]);
  await runtime.close();
}, 240_000);
