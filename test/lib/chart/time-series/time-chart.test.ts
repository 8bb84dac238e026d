/** Which points a line cannot show, and where the axis of bytes has its ticks. */
import { expect, it } from 'vitest';
import { prepareTimeChart, standsAlone } from '../../../../lib/chart/time-series/time-chart.ts';

it('a point between two gaps stands alone; a gap does not', () => {
  const values = [1, null, 2, null, 3, 4, null, 0];
  expect(values.map((_, at) => standsAlone(values, at))).toEqual([true, false, true, false, false, false, false, true]);
});

it.each([
  ['half a GiB', 512 * 1024 ** 2, 128 * 1024 ** 2],
  ['a TiB', 1024 ** 4, 256 * 1024 ** 3],
  ['nothing', 0, null],
])('bytes up to %s have ticks at powers of two, at most five', (_, most, tick) => {
  const grid = { startMs: 0, stepMs: 1000, count: 2, series: [{ labels: {}, values: [null, most] }] };
  expect(prepareTimeChart(grid, { name: () => '', format: String, binary: true }).tick).toBe(tick);
});
