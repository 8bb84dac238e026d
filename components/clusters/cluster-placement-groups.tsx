'use client';
/** Placement groups of a cluster: what was reserved together. */
import { UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { PlacementGroupWireValue } from '../../lib/contract/clusters.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  CREATED: 'ok',
  PENDING: 'busy',
  PREPARED: 'busy',
  RESCHEDULING: 'warn',
  REMOVED: 'quiet',
};

/** Equal bundles together: `4 x {CPU 1, GPU 1}`. */
function bundlesText(bundles: PlacementGroupWireValue['bundles']): string {
  const counts = new Map<string, number>();
  for (const bundle of bundles) {
    const text = Object.entries(bundle)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${count} × {${text}}`).join(', ');
}

const COLUMNS: readonly Column<PlacementGroupWireValue>[] = [
  {
    key: 'name',
    title: 'Placement group',
    sort: (group) => group.name ?? group.placementGroupId,
    cell: (group) => (
      <div>
        <div className="font-medium">{group.name ?? 'unnamed'}</div>
        <div className="mono text-[var(--muted)]" title={group.placementGroupId}>
          {group.placementGroupId.slice(0, 16)}
        </div>
      </div>
    ),
  },
  {
    key: 'state',
    title: 'State',
    sort: (group) => group.state,
    cell: (group) => <StatusPill tone={ownValue(TONES, group.state) ?? 'quiet'}>{group.state}</StatusPill>,
  },
  { key: 'strategy', title: 'Strategy', cell: (group) => group.strategy ?? UNKNOWN },
  { key: 'bundles', title: 'Bundles', cell: (group) => bundlesText(group.bundles) },
];

export function ClusterPlacementGroups({
  groups,
  asked,
}: {
  groups: readonly PlacementGroupWireValue[];
  /** True where Ray's State API was there to be asked. */
  asked: boolean;
}) {
  return (
    <Panel title={groups.length === 0 ? 'Placement groups' : `${groups.length} placement groups`} flush>
      {groups.length > 0 ? (
        <DataTable
          label="Placement groups"
          columns={COLUMNS}
          rows={groups}
          rowKey={(group) => group.placementGroupId}
        />
      ) : (
        <EmptyState title={asked ? 'No placement group' : 'Not known'}>
          {asked
            ? null
            : 'Ray does not export placement groups as events. They are read from its State API while the cluster runs: set RAY_DASHBOARD_URL.'}
        </EmptyState>
      )}
    </Panel>
  );
}
