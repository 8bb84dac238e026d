import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { worstLag } from '../../support/event-loop-lag.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';

const numbers = (count: number) => ({
  name: 'rows-of-test',
  sql: `SELECT toString(number) AS id, concat('ü', repeat('x', 100)) AS text FROM numbers(${count})`,
  row: z.object({ id: z.string().transform(BigInt), text: z.string() }),
});

describe('rows of an answer', () => {
  it('are all there and in order, 400,000 of them without a turn over 200 ms', async () => {
    const runtime = await openTestRuntime();
    try {
      let rows: readonly { readonly id: bigint; readonly text: string }[] = [];
      const lag = await worstLag(async () => {
        rows = await runtime.engine.select(numbers(400_000));
      });
      expect(rows.length).toBe(400_000);
      expect(rows.every(({ id, text }, at) => id === BigInt(at) && text.startsWith('üx'))).toBe(true);
      expect(lag.worstMs).toBeLessThan(200);
      expect(await runtime.engine.select(numbers(0))).toEqual([]);
      expect((await runtime.engine.select(numbers(1)))[0]?.text.length).toBe(101);
    } finally {
      await runtime.close();
    }
  }, 60_000);
});
