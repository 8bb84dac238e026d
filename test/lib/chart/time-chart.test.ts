/** Which points a line cannot show. */
import { expect, it } from 'vitest';
import { standsAlone } from '../../../lib/chart/time-chart.ts';

it('a point between two gaps stands alone; a gap does not', () => {
  const values = [1, null, 2, null, 3, 4, null, 0];
  expect(values.map((_, at) => standsAlone(values, at))).toEqual([true, false, true, false, false, false, false, true]);
});
