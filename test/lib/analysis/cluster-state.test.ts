import { describe, expect, it } from 'vitest';
import { type ClusterSigns, clusterState } from '../../../lib/analysis/cluster-state.ts';
import { gpuWaste } from '../../../lib/analysis/gpu-waste.ts';
import { milliseconds, ratio } from '../../../lib/model/units.ts';

const MINUTE = 60_000;
const NOW = 10 * 86_400_000;
const stateAfter = (minutes: number, signs: Partial<ClusterSigns> = {}) =>
  clusterState({
    now: milliseconds(NOW),
    lastHeard: milliseconds(NOW - minutes * MINUTE),
    nodesTold: 2,
    nodesAlive: 2,
    jobsUnderWay: 0,
    heartbeatLost: false,
    ...signs,
  });

describe('the state of a cluster', () => {
  it.each([
    //  minutes since its last word: 1, 3, 16, 25 h
    ['without a job', {}, ['alive', 'silent', 'ended', 'ended']],
    ['with a job under way', { jobsUnderWay: 1 }, ['alive', 'silent', 'silent', 'ended']],
    ['without a job, its metrics gone', { heartbeatLost: true }, ['alive', 'ended', 'ended', 'ended']],
    ['with a job, its metrics gone', { heartbeatLost: true, jobsUnderWay: 1 }, ['alive', 'silent', 'silent', 'ended']],
    ['all of whose nodes told their end', { nodesAlive: 0, jobsUnderWay: 1 }, ['ended', 'ended', 'ended', 'ended']],
    ['that told of no node', { nodesTold: 0, nodesAlive: 0 }, ['alive', 'silent', 'ended', 'ended']],
  ] as const)('%s', (_, signs, states) => {
    expect([1, 3, 16, 25 * 60].map((minutes) => stateAfter(minutes, signs))).toEqual(states);
  });

  it('that was never heard is silent', () => {
    expect(stateAfter(0, { lastHeard: null })).toBe('silent');
  });
});

describe('GPUs that are allocated and idle', () => {
  const host = (allocated: number, ...percents: (number | null)[]) => ({
    allocated,
    utilizations: percents.map((percent) => (percent === null ? null : ratio(percent / 100))),
  });

  it.each([
    ['half of a host allocated and busy', [host(2, 100, 100, 0, 0)], { allocated: 2, used: 2, wasted: 0 }],
    ['a whole host allocated, half busy', [host(4, 100, 100, 0, 0)], { allocated: 4, used: 2, wasted: 2 }],
    ['work that Ray did not give away', [host(1, 100, 100)], { allocated: 1, used: 1, wasted: 0 }],
    ['a busy host does not make up for an idle one', [host(0, 100), host(1, 0)], { allocated: 1, used: 0, wasted: 1 }],
    ['utilisation nobody measures', [host(2)], { allocated: 2, used: null, wasted: null }],
    ['one host of two measured', [host(2), host(2, 50, 50)], { allocated: 4, used: 3, wasted: 1 }],
    ['nothing allocated', [host(0)], { allocated: 0, used: 0, wasted: 0 }],
    ['no host', [], { allocated: null, used: null, wasted: null }],
  ] as const)('%s', (_, hosts, waste) => {
    expect(gpuWaste(hosts)).toEqual(waste);
  });
});
