import { describe, expect, it } from 'vitest';
import { notDrawn } from '../../../../lib/chart/timeline/timeline-text.ts';

const answer = {
  lanes: { key: Array(20_000).fill('00') },
  running: Array(10_000).fill({}),
  functions: Array(2_000).fill('f'),
};

describe('what a timeline does not draw', () => {
  it('is nothing where all is drawn, and in shares from before it was said', () => {
    expect(notDrawn(answer)).toEqual([]);
    expect(notDrawn({ ...answer, deeper: 0, omitted: { lanes: 0, moreRunning: false, moreFunctions: false } })).toEqual(
      [],
    );
  });

  it('is said with numbers', () => {
    expect(
      notDrawn({ ...answer, deeper: 149_744, omitted: { lanes: 130_000, moreRunning: true, moreFunctions: true } }),
    ).toEqual([
      '149,744 attempts lie deeper than 256 on one worker: in the sums and the table, on no lane.',
      '20,000 of 150,000 lanes are here. Filter by function, node or state to see others.',
      'More attempts run than the 10,000 on the lanes.',
      'The list of functions ends after 2,000. Search finds the others.',
    ]);
    expect(notDrawn({ ...answer, deeper: 1 })).toEqual([
      '1 attempt lies deeper than 256 on one worker: in the sums and the table, on no lane.',
    ]);
  });
});
