/** A Prometheus that answers with more series than anybody has. */
import { MODES } from '../../../bench/hostile/source-cases.ts';
import { testLies } from './lies.ts';
import { SERIES } from './lies-of-rows.ts';

testLies(MODES.filter((mode) => SERIES.has(mode)));
