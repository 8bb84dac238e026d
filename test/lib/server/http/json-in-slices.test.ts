import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonInSlices } from '../../../../lib/server/http/json-in-slices.ts';
import { worstLag } from '../../../support/event-loop-lag.ts';

const textOf = async (value: unknown): Promise<string> => Buffer.from(await jsonInSlices(value)).toString();

describe('JSON in slices', () => {
  it('is what JSON.stringify makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.object({ withNullPrototype: true, withDate: true }), async (value) => {
        expect(await textOf(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 300 },
    );
    const long = {
      a: Array.from({ length: 1234 }, (_, i) => (i % 3 === 0 ? undefined : { i, text: 'ü"\ud800' })),
      b: undefined,
      c: [],
    };
    expect(await textOf(long)).toBe(JSON.stringify(long));
  });

  it('of 200,000 attempts in columns holds nobody up', async () => {
    const column = Array.from({ length: 200_000 }, (_, i) => `${i}ffffffffffffffffffffffffffffffffffffff01000000`);
    const answer = { columns: { taskId: column, name: column, start: column.map((_, i) => i * 1e9), lane: column } };
    let made = new Uint8Array();
    const lag = await worstLag(async () => {
      made = await jsonInSlices(answer);
    });
    const text = Buffer.from(made).toString();
    expect(JSON.parse(text)).toEqual(answer);
    expect(lag.worstMs).toBeLessThan(200);
  });

  it('of spans with very many attributes each holds nobody up, nor does one object of very many keys', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 500 }, (_, k) => [`synthetic.${k}`, 'x'.repeat(100)]));
    const spans = Array.from({ length: 400 }, (_, i) => ({ spanId: String(i), attributes }));
    const answer = { spans, keys: Object.fromEntries(Array.from({ length: 100_000 }, (_, k) => [`key ${k}`, k])) };
    let made = new Uint8Array();
    const lag = await worstLag(async () => {
      made = await jsonInSlices(answer);
    });
    const text = Buffer.from(made).toString();
    expect(text.length).toBeGreaterThan(20e6);
    expect(text).toBe(JSON.stringify(answer));
    expect(lag.worstMs).toBeLessThan(200);
  });
});
