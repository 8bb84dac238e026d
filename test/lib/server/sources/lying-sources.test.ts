/** Sources that are slow, broken, or lie in how they answer. */
import { MODES } from '../../../bench/hostile/source-cases.ts';
import { testLies } from './lies.ts';
import { ROWS, SERIES } from './lies-of-rows.ts';

testLies(MODES.filter((mode) => !ROWS.has(mode) && !SERIES.has(mode)));
