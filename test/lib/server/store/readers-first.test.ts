import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createWriteQueue } from '../../../../lib/server/ingest/write-queue.ts';
import { createReadersFirst } from '../../../../lib/server/store/readers-first.ts';
import type { Engine } from '../../../../lib/store/engine.ts';

const timed = async (work: Promise<void>): Promise<number> => {
  const began = performance.now();
  await work;
  return performance.now() - began;
};

it('waits for nobody where nobody reads', async () => {
  expect(await timed(createReadersFirst().pass())).toBeLessThan(10);
});

it('waits until the last query ends', async () => {
  const readers = createReadersFirst();
  const [first, second] = [readers.reading(), readers.reading()];
  const order: string[] = [];
  const passed = readers.pass().then(() => order.push('batch'));
  await sleep(30);
  order.push('first');
  first();
  await sleep(30);
  order.push('second');
  second();
  await passed;
  expect(order).toEqual(['first', 'second', 'batch']);
});

it('waits for the next query of a reader who asks at once', async () => {
  const readers = createReadersFirst();
  const end = readers.reading();
  const order: string[] = [];
  const passed = readers.pass().then(() => order.push('batch'));
  end();
  const next = readers.reading();
  await sleep(60);
  order.push('next');
  next();
  await passed;
  expect(order).toEqual(['next', 'batch']);
});

it('is not stopped by readers who never end', async () => {
  const readers = createReadersFirst();
  readers.reading();
  const waited = await timed(readers.pass());
  expect(waited).toBeGreaterThan(350);
  expect(waited).toBeLessThan(1_000);
  expect(await timed(readers.pass())).toBeGreaterThan(350);
});

it('large batches wait, small ones do not', async () => {
  const readers = createReadersFirst();
  const end = readers.reading();
  const inserted: number[] = [];
  // Only when it inserts matters here; what it does with rows has tests with the real engine.
  const engine = { insert: async (_: string, { count }: { count: number }) => void inserted.push(count) };
  const queue = createWriteQueue(engine as unknown as Engine, 100_000, () => undefined, readers);
  const rows = (count: number) => [{ table: 't', count, lines: Buffer.from('{}\n'.repeat(count)) }];
  await queue.add(rows(10));
  expect(inserted).toEqual([10]);
  const large = queue.add(rows(9_000));
  await sleep(100);
  expect(inserted).toEqual([10]);
  end();
  await large;
  expect(inserted).toEqual([10, 9_000]);
  await queue.close();
});
