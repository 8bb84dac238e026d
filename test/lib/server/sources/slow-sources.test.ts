/** A source that answers late, over real HTTP: its health says so for a minute, and so does the line at the top of every page. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { healthSummary } from '../../../../components/queries/health-summary.ts';
import type { SourceHealthWire } from '../../../../lib/contract/health.ts';
import { createSourceState } from '../../../../lib/server/runtime/source-state.ts';
import { createLateAnswers, type LateAnswers, SLOW_FOR_MS } from '../../../../lib/server/sources/late-answers.ts';
import { createReaderNotices } from '../../../../lib/server/sources/reader-notices.ts';

const PATIENCE_MS = 200;
let delayMs = 0;
let server: Server;
let url: string;
let late: LateAnswers;
let requested = 0;
beforeEach(async () => {
  delayMs = 0;
  server = createServer((_, response) => void sleep(delayMs).then(() => response.end('7')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const state = createSourceState({ id: 'prometheus', kind: 'prometheus', cluster: null }, () => url);
  state.succeeded();
  late = createLateAnswers({
    source: 'prometheus',
    health: state.health,
    readers: createReaderNotices(),
    patienceMs: PATIENCE_MS,
  });
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

const at = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
/** Fake time stands still by itself: what a reader waits is added. */
async function look(signal = new AbortController().signal): Promise<string> {
  const key = `question ${requested++}`;
  const timer = setInterval(() => at(10), 10);
  try {
    return await late.ask(
      {
        name: 'x',
        key,
        exact: key,
        at: Date.now(),
        ask: async () => (await fetch(url)).text(),
        cost: () => 1,
        standIn: (text) => text,
      },
      signal,
    );
  } finally {
    clearInterval(timer);
  }
}
const summary = (): string => healthSummary([late.health()]).text;

it('is slow while it answered late within the last minute, in health and at the top of every page', async () => {
  expect(await look()).toBe('7');
  expect(summary()).toBe('All sources well');

  delayMs = 400;
  const before = Date.now();
  await expect(look()).rejects.toMatchObject({ code: 'source-late' });
  expect(late.health()).toMatchObject({ state: 'up', details: { slowSince: expect.any(String) } });
  expect(Date.parse(String(late.health().details.slowSince))).toBeGreaterThanOrEqual(before);
  expect(summary()).toBe('prometheus is slow');

  // Its answer comes, to nobody: that was late, too.
  at(SLOW_FOR_MS - 10);
  expect(summary()).toBe('prometheus is slow');
  await sleep(500);
  at(20);
  expect(summary()).toBe('prometheus is slow');

  at(SLOW_FOR_MS);
  expect(summary()).toBe('All sources well');
  expect(late.health().details).toEqual({});
  delayMs = 0;
  expect(await look()).toBe('7');
  expect(summary()).toBe('All sources well');
});

it('is not slow because its reader had waited for another source', async () => {
  delayMs = 50;
  const { signal } = new AbortController();
  await look(signal);
  at(PATIENCE_MS);
  await expect(look(signal)).rejects.toMatchObject({ code: 'source-late' });
  await sleep(100);
  expect(summary()).toBe('All sources well');
});

it('what is wrong comes before what is slow', () => {
  const source = (id: string, state: SourceHealthWire['state'], slow: boolean): SourceHealthWire => ({
    ...createSourceState({ id, kind: 'ray', cluster: null }, () => null, state).health(),
    details: slow ? { slowSince: '2026-11-30T00:00:00.000Z' } : {},
  });
  expect(healthSummary([source('a', 'up', true), source('b', 'up', true)]).text).toBe('2 sources are slow');
  expect(healthSummary([source('ray:a-cluster-with-a-long-name', 'up', true)]).text).toBe('1 source is slow');
  expect(healthSummary([source('a', 'up', true), source('b', 'down', false)])).toEqual({
    tone: 'warn',
    text: '1 source needs attention',
  });
  expect(healthSummary([source('a', 'up', false), source('b', 'waiting', false)]).tone).toBe('ok');
});
