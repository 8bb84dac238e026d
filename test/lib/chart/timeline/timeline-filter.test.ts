import { describe, expect, it } from 'vitest';
import { keptRows, nodesOfLanes } from '../../../../lib/chart/timeline/timeline-filter.ts';

const SECOND = 1e9;
const lane = (nodeName: string, actor: string | null, nodeKey: string) => ({
  nodeId: `id-${nodeName}`,
  nodeName,
  nodeKey,
  workerId: `w-${nodeName}`,
  pid: 1,
  actor,
});
/** Two nodes; rows: 2 s on the first, 5 s failed on the second, one that runs since second 4, one that never began. */
const data = {
  originNs: '1000000000',
  nowNs: String(11 * SECOND),
  functions: ['load', 'train'],
  states: ['FINISHED', 'FAILED', 'RUNNING'],
  lanes: [lane('node-10', 'Trainer', '0a'), lane('node-9', null, '09')],
  columns: {
    function: [0, 1, 1, 0],
    state: [0, 1, 2, 0],
    lane: [0, 1, 0, -1],
    start: [0, 1 * SECOND, 4 * SECOND, null],
    end: [2 * SECOND, 6 * SECOND, null, null],
  },
};
const NONE = { fn: '', state: '', node: '', actor: '', longer: '' };
const left = (filter: Partial<typeof NONE>) => {
  const keep = keptRows(data, { ...NONE, ...filter });
  return keep === undefined ? 'all' : [0, 1, 2, 3].filter(keep);
};

describe('filters of a timeline in hand', () => {
  it('leave what matches all of them', () => {
    expect(left({})).toBe('all');
    expect(left({ fn: 'train' })).toEqual([1, 2]);
    expect(left({ state: 'FAILED' })).toEqual([1]);
    expect(left({ node: '0a' })).toEqual([0, 2]);
    expect(left({ node: '09' })).toEqual([1]);
    expect(left({ actor: 'Trainer' })).toEqual([0, 2]);
    expect(left({ longer: String(3 * SECOND) })).toEqual([1, 2]);
    expect(left({ longer: String(6 * SECOND) })).toEqual([2]);
    expect(left({ node: '0a', fn: 'load' })).toEqual([0]);
    expect(left({ node: 'ff' })).toEqual([]);
  });

  it('offer the nodes by name', () => {
    expect(nodesOfLanes(data).map(({ key }) => key)).toEqual(['09', '0a']);
    expect(nodesOfLanes({ lanes: [{ ...lane('old', null, ''), nodeKey: '' }] })).toEqual([]);
  });
});
