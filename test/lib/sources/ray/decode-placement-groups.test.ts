/** Placement groups as Ray 2.58's State API answered, recorded while they were there and after. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodePlacementGroups } from '../../../../lib/sources/ray/decode-placement-groups.ts';

const recorded = (path: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../../fixtures/ray/2.58.0/${path}/placement_groups.json`, import.meta.url), 'utf8'),
  );

describe('placement groups', () => {
  it.each([
    ['mixed/http/live', 'CREATED'],
    ['mixed/http/after', 'REMOVED'],
  ])('%s: one group of four bundles, %s', (path, state) => {
    const { groups, truncated, warning } = decodePlacementGroups(recorded(path));
    expect([truncated, warning]).toEqual([0, null]);
    expect(groups).toEqual([
      {
        placementGroupId: 'dbf069d8ea763396e877ba53d30e03000000',
        name: 'train_pg',
        state,
        strategy: null,
        bundles: Array.from({ length: 4 }, () => ({ GPU: 1, CPU: 1 })),
      },
    ]);
  });

  it('none is an empty list', () => {
    expect(decodePlacementGroups(recorded('oom/http/after')).groups).toEqual([]);
  });

  it("says Ray's own words where it could not list them, and how many it left out", () => {
    expect(() => decodePlacementGroups({ result: false, msg: 'GCS is not reachable', data: null })).toThrow(
      'GCS is not reachable',
    );
    const cut = { result: { total: 12, num_after_truncation: 10, result: [], partial_failure_warning: '' } };
    expect(decodePlacementGroups({ result: true, data: cut }).truncated).toBe(2);
  });
});
