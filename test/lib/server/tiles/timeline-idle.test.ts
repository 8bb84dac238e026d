/** What the indexer of timelines asks of the store while nothing comes in, a little does, and somebody watches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import type { TimelineIndexer } from '../../../../lib/server/runtime/timeline-indexer.ts';
import { createTimelineIndexer } from '../../../../lib/server/tiles/indexer.ts';
import { type StoredAttempts, watchStoredAttempts } from '../../../../lib/server/tiles/stored-attempts.ts';
import type { Engine } from '../../../../lib/store/engine.ts';
import { rayRows } from '../../../../lib/store/insert-ray.ts';
import { timelineLaneSums } from '../../../../lib/store/queries/timeline/timeline-lanes.ts';
import { attemptPart, SYNTHETIC, syntheticAttempts } from '../../../bench/synthetic-timeline.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const attempts = syntheticAttempts(300, 1, 4).map((one) => ({ ...one, endNs: one.endNs ?? one.startNs + 1n }));
let opened: Runtime;
let stored: StoredAttempts;
let indexer: TimelineIndexer;
let requested: string[] = [];

/** The same engine, every call noted. */
const noted = (engine: Engine): Engine => ({
  ...engine,
  select: (query, ...rest) => {
    requested.push(query.name);
    return engine.select(query, ...rest);
  },
  selectBytes: (query, ...rest) => {
    requested.push(query.name);
    return engine.selectBytes(query, ...rest);
  },
  insert: (table, rows) => {
    requested.push(`insert ${table}`);
    return engine.insert(table, rows);
  },
  command: (sql) => {
    requested.push(sql);
    return engine.command(sql);
  },
});
const store = async (some: typeof attempts): Promise<void> => {
  for (const { table, rows } of rayRows({ attempts: some.map(attemptPart) })) await stored.engine.insert(table, rows);
};
const indexed = async (): Promise<number> => {
  const [lanes] = await opened.engine.select(timelineLaneSums, {
    session: SYNTHETIC.session,
    job: SYNTHETIC.job,
    order: 'node',
  });
  return lanes?.all_tasks ?? 0;
};

beforeAll(async () => {
  opened = await openTestRuntime();
  await opened.timelines.close();
  // Before the indexer starts: it catches up.
  stored = watchStoredAttempts(opened.engine);
  await store(attempts.slice(0, 100));
  stored = watchStoredAttempts(noted(opened.engine));
  indexer = createTimelineIndexer(stored, {
    ...opened.telemetry,
    registry: new (await import('prom-client')).Registry(),
  });
});
afterAll(async () => {
  await indexer.close();
  await opened.close();
});

describe('the indexer of timelines', () => {
  it('catches up after a start, and then asks nothing while nothing is stored', async () => {
    await expect.poll(indexed, { timeout: 20_000 }).toBe(100);
    // It says up to when all is indexed: at once where that is later than what the store says already, and when all is at rest.
    let seen = -1;
    while (seen !== requested.length || !requested.includes('insert xray.timeline_kept')) {
      seen = requested.length;
      await sleep(8_000);
    }
    expect(requested.filter((name) => name === 'insert xray.timeline_kept').length).toBeLessThanOrEqual(2);
    await indexer.counted();
    requested = [];
    await sleep(6_000);
    expect(requested).toEqual([]);
  }, 180_000);

  it('joins what comes in of a job that nobody watches', async () => {
    requested = [];
    for (let from = 100; from < 200; from += 10) {
      await store(attempts.slice(from, from + 10));
      await sleep(500);
    }
    expect(requested.filter((name) => name.startsWith('timeline-'))).toEqual([]);
  }, 180_000);

  it('indexes it soon when somebody looks, and goes on while they do', async () => {
    await indexer.running(SYNTHETIC.session, SYNTHETIC.job);
    await expect.poll(indexed, { timeout: 60_000 }).toBe(200);
    await store(attempts.slice(200));
    await expect.poll(indexed, { timeout: 60_000 }).toBe(300);
  }, 180_000);
});
