/** A Ray that answers with more rows than anybody has. */
import { expect, it } from 'vitest';
import { MODES } from '../../../bench/hostile/source-cases.ts';
import { testLies } from './lies.ts';
import { ROWS, SERIES } from './lies-of-rows.ts';

it('knows every mode that it names', () => {
  expect([...ROWS, ...SERIES].filter((mode) => !MODES.some((known) => known === mode))).toEqual([]);
});

testLies(MODES.filter((mode) => ROWS.has(mode)));
