import { describe, expect, it } from 'vitest';
import { attemptStateRows } from '../../../../lib/chart/colour/attempt-states.ts';

/** `state spent` per row. */
const rows = (text: string, now = 1000n) =>
  attemptStateRows(
    text.split(' ').map((part) => {
      const [state = '', timeNs = ''] = part.split('@');
      return { state, timeNs };
    }),
    now,
  ).map(({ state, spentNs, share }) => `${state} ${spentNs ?? 'end'} ${share.toFixed(2)}`);

describe('states of an attempt', () => {
  it('gives each state the time until the next', () => {
    expect(rows('PENDING_NODE_ASSIGNMENT@100 RUNNING@150 FINISHED@200')).toEqual([
      'PENDING_NODE_ASSIGNMENT 50 0.50',
      'RUNNING 50 0.50',
      'FINISHED end 0.00',
    ]);
  });
  it('counts a running attempt up to now', () => {
    expect(rows('RUNNING@400')).toEqual(['RUNNING 600 1.00']);
  });
  it('has no row where no state is known', () => {
    expect(attemptStateRows([], 5n)).toEqual([]);
  });
});
