import { describe, expect, it } from 'vitest';
import { prepareTracks } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import {
  attemptChain,
  findSlices,
  type SearchColumns,
  stepMatch,
} from '../../../../lib/chart/timeline/timeline-search.ts';
import { sliceText, sliceWhere } from '../../../../lib/chart/timeline/timeline-text.ts';
import { countBetween, functionSpread, sliceIn, windowAround } from '../../../../lib/chart/timeline/timeline-window.ts';
import { lane, readPicture, timeline } from './timeline-pictures.ts';

const base = timeline(readPicture('a--a.B--B.a-a\nb----b....C->'), [lane('n1', 1), lane('n2', 2)], 200);
const data: SearchColumns = {
  ...base,
  errors: ['', 'OUT_OF_MEMORY'],
  columns: {
    ...base.columns,
    taskId: ['aa01', 'bb01', 'aa02', 'bb01', 'cc01'],
    error: [0, 1, 0, 0, 0],
  },
};
const tracks = prepareTracks(data);
const found = (text: string) =>
  [...findSlices(tracks, data, text)].map((slice) => data.columns.taskId[tracks.attempt[slice] ?? 0]);

describe('search', () => {
  it('finds by function, state, error, place and task id; all words must be found', () => {
    expect(found('a')).toContain('aa02');
    expect(found('out_of')).toEqual(['bb01']);
    expect(found('failed')).toEqual(['bb01', 'cc01']);
    expect(found('worker 2')).toEqual(['bb01', 'cc01']);
    expect(found('failed n2')).toEqual(['cc01']);
    expect(found('aa02')).toEqual(['aa02']);
    expect(found('nothing')).toEqual([]);
    expect(found('  ')).toEqual([]);
  });

  it('steps through matches in time and around the ends', () => {
    const matches = Int32Array.from([0, 2, 4]);
    expect(stepMatch(tracks, matches, -1, 1)).toBe(0);
    expect(stepMatch(tracks, matches, 0, 1)).toBe(2);
    expect(stepMatch(tracks, matches, 4, 1)).toBe(0);
    expect(stepMatch(tracks, matches, 0, -1)).toBe(4);
    expect(stepMatch(tracks, new Int32Array(0), 1, 1)).toBe(-1);
  });

  it('links the attempts of one task in the order they ran', () => {
    const slice = tracks.sliceOf[1] ?? -1;
    expect(attemptChain(tracks, data, slice).map((each) => tracks.attempt[each])).toEqual([3, 1]);
  });
});

describe('words', () => {
  const names = { functions: data.functions, states: data.states, attempts: [0, 1, 0, 0, 0] };
  it('says function, attempt, state, duration and how it compares', () => {
    expect(sliceText(tracks, names, tracks.sliceOf[1] ?? -1)).toBe('b, attempt 1, FAILED, 40 ns, 0.8x the median');
    expect(sliceText(tracks, names, tracks.sliceOf[4] ?? -1)).toBe('c, attempt 0, FAILED, 100 ns so far');
    expect(sliceWhere(tracks, tracks.sliceOf[4] ?? -1)).toBe('worker 2 on n2');
  });
});

describe('window', () => {
  it('finds the slice of a track at a time, else the next, else the last', () => {
    const [first, second, third] = [0, 1, 2].map((slice) => tracks.start[slice] ?? Number.NaN);
    const middle = ((second ?? 0) + (tracks.end[1] ?? 0)) / 2;
    expect(tracks.trackBegin[1]).toBe(3);
    expect(sliceIn(tracks, 0, first ?? 0)).toBe(0);
    expect(sliceIn(tracks, 0, middle)).toBe(1);
    expect(sliceIn(tracks, 0, ((tracks.end[0] ?? 0) + (second ?? 0)) / 2)).toBe(1);
    expect(sliceIn(tracks, 0, (third ?? 0) * 10)).toBe(2);
    expect(sliceIn(tracks, 7, middle)).toBe(-1);
  });

  it('counts the slices that touch a window', () => {
    expect(countBetween(tracks, { from: 0, to: 45 })).toBe(2);
    expect(countBetween(tracks, { from: 0, to: 1000 })).toBe(5);
  });
  it('keeps the window where the slice is seen well, and zooms where it is thin', () => {
    const here = { from: 0, to: 130 };
    expect(windowAround(tracks, 0, here)).toBe(here);
    const there = windowAround(tracks, 0, { from: -5000, to: 5000 });
    expect(there.to - there.from).toBeLessThan(2000);
    expect(there.from).toBeLessThanOrEqual(0);
  });
  it('tells how a function spreads, ended attempts only', () => {
    expect(functionSpread(tracks, data.functions.indexOf('a'))).toEqual({ count: 2, p50Ns: 30, p95Ns: 40, maxNs: 40 });
    expect(functionSpread(tracks, data.functions.indexOf('c'))).toBeNull();
  });
});
