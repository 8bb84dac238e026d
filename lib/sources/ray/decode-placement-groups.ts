/** Placement groups as Ray's State API tells them: GET /api/v0/placement_groups?detail=1 (ray 2.58, util/state/common.py). */
import { z } from 'zod';
import { Amounts, Id, ListOf, Text } from './wire.ts';

export const PLACEMENT_GROUPS_PATH = '/api/v0/placement_groups?detail=1&limit=10000';

const Bundle = z.looseObject({ unit_resources: Amounts });
const Group = z.looseObject({
  placement_group_id: Id,
  name: Text,
  state: z.string(),
  strategy: Text,
  bundles: ListOf(Bundle),
});
const Envelope = z.looseObject({
  result: z.boolean(),
  msg: z.string().nullish(),
  data: z
    .looseObject({
      result: z.looseObject({
        total: z.number().nullish(),
        num_after_truncation: z.number().nullish(),
        result: z.array(z.unknown()),
        partial_failure_warning: Text,
      }),
    })
    .nullish(),
});

export interface PlacementGroup {
  readonly placementGroupId: string;
  readonly name: string | null;
  /** Ray's: PENDING, PREPARED, CREATED, REMOVED, RESCHEDULING. */
  readonly state: string;
  /** Ray 2.58 does not tell it; null then. */
  readonly strategy: string | null;
  readonly bundles: readonly Readonly<Record<string, number>>[];
}

export interface PlacementGroups {
  readonly groups: readonly PlacementGroup[];
  /** How many there are that Ray left out of its answer. */
  readonly truncated: number;
  /** Ray's own words where a part of the answer is missing. */
  readonly warning: string | null;
}

/** Throws ZodError on another shape, and Ray's own words where it answers that it failed. */
export function decodePlacementGroups(body: unknown): PlacementGroups {
  const envelope = Envelope.parse(body);
  if (!envelope.result || !envelope.data)
    throw new Error(`Ray could not list placement groups: ${envelope.msg || 'it does not say why'}`);
  const { total, num_after_truncation, result, partial_failure_warning } = envelope.data.result;
  const read = result.map((group) => Group.safeParse(group));
  const groups = read.flatMap((one) => (one.success ? [one.data] : []));
  const rejected = read.length - groups.length;
  const warnings = [
    ...(partial_failure_warning ? [partial_failure_warning] : []),
    ...(rejected > 0 ? [`${rejected} of ${read.length} placement groups could not be read`] : []),
  ];
  return {
    groups: groups.map((group) => ({
      placementGroupId: group.placement_group_id,
      name: group.name || null,
      state: group.state,
      strategy: group.strategy ?? null,
      bundles: (group.bundles ?? []).map((bundle) => ({ ...bundle.unit_resources })),
    })),
    truncated: Math.max(0, (total ?? result.length) - (num_after_truncation ?? result.length)),
    warning: warnings.length > 0 ? warnings.join('; ') : null,
  };
}
