/** No look-up by a key from outside in a plain object: outside-keys.ts says which those are. */
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { findOutsideKeys, openProgram } from './outside-keys.ts';

const root = resolve(import.meta.dirname, '../..');
const isOurs = (file: string): boolean => /^(app|lib|components)\//.test(file);

/** What may stay: exactly these, each with its reason. */
const ALLOWED: readonly (readonly [file: string, code: string, why: string])[] = [
  ['lib/model/own-value.ts', 'table[key]', 'looked at only where it is the own property of the table'],
  ['lib/model/own-value.ts', 'table[key]', 'written only where the key is not __proto__'],
  [
    'lib/sources/otlp/protobuf.ts',
    'node[field.name]',
    'names of fields in the tables of this file: hot, a million times a body',
  ],
  ['lib/sources/otlp/protobuf.ts', 'node[field.name]', 'the same'],
  ['lib/sources/otlp/protobuf.ts', 'node[field.name]', 'the same'],
];

it('looks up keys from outside with ownValue, setOwnValue, byKey or a Map', { timeout: 300_000 }, () => {
  const found = findOutsideKeys(openProgram(root, isOurs), root, isOurs);
  const left = [...ALLOWED];
  const wrong = found.filter(({ file, code }) => {
    const at = left.findIndex(([allowed, text]) => allowed === file && text === code);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  expect(wrong.map(({ file, line, code, why }) => `${file}:${line} ${code}: ${why}`)).toEqual([]);
  expect(left).toEqual([]);
});

it('finds every form of it, and nothing else', { timeout: 120_000 }, () => {
  const file = 'lib/sample.ts';
  const sample = `
import { z } from 'zod';
declare const key: string;
declare const letter: 'a' | 'b';
declare const table: Record<string, number>;
declare const closed: { a: number; b: number };
declare const list: number[];
declare const words: Uint8Array;
declare const map: Map<string, number>;
declare const anything: any;
export const bad1 = table[key];
table[key] = 1;
export const bad2 = key in table;
export const bad3 = closed[key as keyof typeof closed & string];
export const bad4 = table[\`a\${key}\`];
export const bad5 = table[anything];
export const bad6 = z.record(z.string(), z.number());
export const bad7 = <K extends string>(k: K) => table[k];
export const bad8 = table?.[key];
delete table[key];
export const good = [table.a, table['a'], closed[letter], list[1], list[list.length - 1], words[0], map.get(key), letter in closed, Object.hasOwn(table, key)];
`;
  const program = openProgram(root, () => false, new Map([[file, sample]]));
  const lines = findOutsideKeys(program, root, (each) => each === file).map(({ code }) => code);
  expect(lines).toEqual([
    'table[key]',
    'table[key]',
    'key in table',
    ['table[`a', '{key}`]'].join('$'),
    'table[anything]',
    'z.record(z.string(), z.number())',
    'table[k]',
    'table?.[key]',
  ]);
});
