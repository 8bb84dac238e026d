/** JSON that streams in: what comes out equals JSON.parse however it is cut into chunks, and every bound ends it where it is passed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundError, createJsonReader, type JsonPlan } from '../../../lib/sources/http/json-reader.ts';

/** Reads a text cut at the given places; rows, bad rows and the rest. */
function read(text: string, plan: Omit<JsonPlan, 'onRow' | 'onBadRow'>, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const rows: unknown[] = [];
  let bad = 0;
  const reader = createJsonReader({ ...plan, onRow: (row) => rows.push(row), onBadRow: () => bad++ });
  const indexes = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  for (const [i, index] of [...indexes, bytes.length].entries())
    reader.push(bytes.subarray(indexes[i - 1] ?? 0, index));
  return { ...reader.end(), rows, bad };
}

describe('rows of an answer', () => {
  it('equal those of JSON.parse, wherever the chunks are cut', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 4 })),
        fc.jsonValue(),
        fc.string(),
        cuts,
        (result, other, key, at) => {
          const around = { status: 'success', [`x${key}`]: other, data: { resultType: 'vector', result } };
          const found = read(JSON.stringify(around, null, 1), { rowsAt: ['data', 'result'] }, at);
          expect(found.rows).toEqual(JSON.parse(JSON.stringify(result)));
          expect(found.rest).toEqual(
            JSON.parse(JSON.stringify({ ...around, data: { resultType: 'vector', result: [] } })),
          );
          expect(found.bad).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of an array at the top, and no rows where there is none', () => {
    expect(read('[1, {"a":[2]}, "],"]', { rowsAt: [] }).rows).toEqual([1, { a: [2] }, '],']);
    expect(read('[]', { rowsAt: [] })).toMatchObject({ rows: [], rest: [] });
    const elsewhere = read('{"result":[1],"data":{"x":[2],"y":{"result":[3]}}}', { rowsAt: ['data', 'result'] });
    expect(elsewhere).toMatchObject({ rows: [], rest: { result: [1], data: { x: [2], y: { result: [3] } } } });
  });

  it('one that is no JSON or too long costs itself alone', () => {
    const text = `{"r":[{"a":1},{"a":NaN},{"a":"${'x'.repeat(2000)}"},{"a":2}]}`;
    const found = read(text, { rowsAt: ['r'], bounds: { rowBytes: 1000 } });
    expect(found).toMatchObject({ rows: [{ a: 1 }, { a: 2 }], bad: 2, rest: { r: [] } });
  });

  it('one with too many keys costs itself alone, wherever the chunks are cut', () => {
    const wide = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`l${i}`, ':::']));
    const { l0: _, ...narrow } = wide;
    const text = JSON.stringify([{ a: 1 }, wide, narrow, { list: [wide] }, { b: 2 }]);
    for (const cuts of [[], [7, 300], [200, 201, 202]])
      expect(read(text, { rowsAt: [], bounds: { rowKeys: 100 } }, cuts)).toMatchObject({
        rows: [{ a: 1 }, narrow, { b: 2 }],
        bad: 2,
      });
  });

  it('keep keys of prototypes as keys', () => {
    const [row] = read('{"r":[{"__proto__":"x","constructor":"y"}]}', { rowsAt: ['r'] }).rows;
    expect(Object.entries(row as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('bounds', () => {
  const many = `{"r":[${'1,'.repeat(999)}1]}`;
  it.each([
    ['rows', many, { rows: 100 }, 'more than 100 rows'],
    ['bytes', many, { bytes: 1024 }, 'more than 1 KB'],
    ['depth', '['.repeat(5_000_000), {}, 'nested deeper than 64'],
    ['what is no row', `{"x":"${'y'.repeat(3000)}","r":[]}`, { restBytes: 2048 }, 'more than 2 KB'],
  ])('of %s end the reading', (_, text, bounds, message) => {
    expect(() => read(text, { rowsAt: ['r'], bounds })).toThrow(BoundError);
    expect(() => read(text, { rowsAt: ['r'], bounds })).toThrow(message);
  });

  it.each(['', '{', '{"r":[1', '{"r":"', '<html>', '{"r":[1]]'])('%j is no JSON', (text) =>
    expect(() => read(text, { rowsAt: ['r'] })).toThrow(SyntaxError),
  );
});

describe('a long text in JSON', () => {
  it('is kept by its end, without half an escape, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 16 }), (text, size) => {
        const reader = createJsonReader({ rowsAt: null, tailAt: ['logs'], bounds: { tailBytes: 64 } });
        const bytes = Buffer.from(JSON.stringify({ a: { logs: 'no' }, logs: text, z: 1 }));
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
        const { tail, rest } = reader.end();
        expect(rest).toEqual({ a: { logs: 'no' }, logs: '', z: 1 });
        expect(Buffer.byteLength(tail?.text ?? '')).toBeLessThan(64 + 64);
        if (tail?.cutBytes === 0) expect(tail.text).toBe(Buffer.from(text).toString());
        // Bytes of a character that was cut in two come as replacement characters, at the beginning only.
        else
          expect(
            Buffer.from(text)
              .toString()
              .endsWith((tail?.text ?? '?').replace(/^[\ufffd0-9a-f]{0,6}/, '')),
          ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('of 100 MB costs what is kept', () => {
    const reader = createJsonReader({
      rowsAt: null,
      tailAt: ['logs'],
      bounds: { bytes: 2 ** 30, tailBytes: 1024 ** 2 },
    });
    const chunk = Buffer.alloc(64 * 1024, 'x');
    reader.push(Buffer.from('{"logs":"'));
    for (let sent = 0; sent < 100e6; sent += chunk.length) reader.push(chunk);
    reader.push(Buffer.from('end"}'));
    const { tail } = reader.end();
    expect(tail?.text.endsWith('xend')).toBe(true);
    expect(tail?.text.length).toBeLessThan(1.2 * 1024 ** 2);
    expect(tail?.cutBytes).toBeGreaterThan(98e6);
  });
});
