/** Cutting JSON into pieces gives the same pieces however the bytes arrive. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonShape, jsonPieces, type Piece } from '../../../lib/cli/import/json-pieces.ts';

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function pieces(text: string, shape: JsonShape, size = 7, limit = 1e6): Promise<Piece[]> {
  const all: Piece[] = [];
  for await (const piece of jsonPieces(inChunks(text, size), shape, limit)) all.push(piece);
  return all;
}

const texts = (found: readonly Piece[]): string[] => found.map((piece) => ('text' in piece ? piece.text : piece.error));

describe('jsonPieces', () => {
  it('gives the elements of any list, compact or pretty, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(undefined, 1),
        async (values, size, indent) => {
          const found = await pieces(JSON.stringify(values, null, indent), 'array', size);
          expect(texts(found).map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives the lines, with their numbers', async () => {
    expect(await pieces('{"a":1}\n\n{"b":2}\r\n[3]', 'lines', 3)).toEqual([
      { text: '{"a":1}', line: 1 },
      { text: '{"b":2}\r', line: 3 },
      { text: '[3]', line: 4 },
    ]);
  });

  it('gives values that stand one after another, over several lines', async () => {
    expect(texts(await pieces('{\n "a": [1,\n 2]\n}\n{"b": "]}"}', 'values'))).toEqual([
      '{\n "a": [1,\n 2]\n}',
      '{"b": "]}"}',
    ]);
  });

  it('gives the elements of lists that stand one after another', async () => {
    expect(texts(await pieces('[{"a":1},{"a":2}]\n[{"a":3}]', 'array'))).toEqual(['{"a":1}', '{"a":2}', '{"a":3}']);
  });

  it('drops a byte order mark', async () => {
    expect(texts(await pieces('\uFEFF[1]', 'array'))).toEqual(['1']);
  });

  it.each([
    ['[{"a":1},{"b":', ['{"a":1}', 'the file ends inside a record']],
    ['[{"a":1}', ['{"a":1}', 'the file ends before its list does']],
    ['[1] tail', ['1', 'text after the end of the list']],
  ])('says where %s breaks', async (text, expected) => {
    expect(texts(await pieces(text, 'array'))).toEqual(expected);
  });

  it('does not keep a record beyond the limit, and goes on after it', async () => {
    const long = `"${'x'.repeat(100)}"`;
    expect(texts(await pieces(`[${long},2]`, 'array', 9, 50))).toEqual(['a record of 102 bytes: the limit is 50', '2']);
    expect(texts(await pieces(`${long}\n2`, 'lines', 9, 50))).toEqual(['a record of 102 bytes: the limit is 50', '2']);
  });
});
