import { describe, expect, it } from 'vitest';
import { prepareStrip, stripPoints, stripText } from '../../../../lib/chart/time-series/strip.ts';

const strip = prepareStrip({
  startMs: 0,
  stepMs: 10,
  count: 4,
  series: [
    { labels: { node: 'a' }, values: [0, 0.5, null, null] },
    { labels: { node: 'b' }, values: [0.2, 1.5, 0.4, null] },
  ],
});

describe('strip', () => {
  it('says the highest and the mean at a moment, and the newest measured without one', () => {
    expect(stripText(strip, 1)).toEqual({ highest: '20 % b', mean: '10 %' });
    expect(stripText(strip, null)).toEqual({ highest: '40 % b', mean: '40 %' });
    expect(stripText(strip, 30)).toBeNull();
  });
  it('lifts the pen at a gap and keeps values in the box', () => {
    const points = strip.lines.map((line) =>
      stripPoints(strip, line, { fromMs: 0, toMs: 40 }, { width: 40, height: 10 }),
    );
    expect(points.map((line) => line.map(({ x, y }) => `${x},${y}`).join(' '))).toEqual([
      '0,10 10,5 20,null 30,null',
      '0,8 10,0 20,6 30,null',
    ]);
  });
});
