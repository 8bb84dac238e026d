'use client';
/**
 * What one looks at on the memory page, in the address, so that a link means the same tomorrow: `by`, `order`, `view`,
 * `cluster`, the chosen row, and the chosen cell as its start and end in Unix ms. Drill steps push, settings replace.
 */
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useCallback } from 'react';
import { HEAT_ORDERS } from '../../lib/chart/heat-map/heat-map.ts';
import type { HeatmapWire } from '../../lib/contract/memory.ts';
import type { HeatSelection } from '../charts/heat-map.tsx';

const PARSERS = {
  by: parseAsStringLiteral(['node', 'gpu'] as const).withDefault('node'),
  order: parseAsStringLiteral(HEAT_ORDERS).withDefault('name'),
  view: parseAsStringLiteral(['map', 'table'] as const).withDefault('map'),
  cluster: parseAsString,
  row: parseAsString,
  at: parseAsInteger,
  until: parseAsInteger,
};

export function useMemoryAddress() {
  const [address, set] = useQueryStates(PARSERS);
  const select = useCallback(
    (selection: HeatSelection | null) =>
      void set(
        { row: selection?.rowId ?? null, at: selection?.fromMs ?? null, until: selection?.toMs ?? null },
        { history: 'push' },
      ),
    [set],
  );
  return {
    ...address,
    select,
    /** A cell of the node map, whatever is shown now. */
    showNode: (selection: HeatSelection) =>
      void set(
        { by: 'node', view: 'map', row: selection.rowId, at: selection.fromMs, until: selection.toMs },
        { history: 'push' },
      ),
    /** Another kind of rows: what was chosen of the others is let go. */
    setBy: (by: 'node' | 'gpu') => void set({ by, row: null, at: null, until: null }, { history: 'push' }),
    setOrder: (order: (typeof HEAT_ORDERS)[number]) => void set({ order }),
    setView: (view: 'map' | 'table') => void set({ view }),
  };
}

/** The row a link means: by its id, else by node address, name or Ray's node id, as other pages know it. */
export function rowOfAddress(data: HeatmapWire, wanted: string | null): HeatmapWire['rows'][number] | null {
  if (wanted === null) return null;
  const [node, gpu] = wanted.split(/\/(?=gpu)/);
  return (
    data.rows.find((row) => row.id === wanted) ??
    data.rows.find(
      (row) =>
        (row.nodeIp === node || row.nodeId === node || row.label === wanted || row.label.split(' ')[0] === node) &&
        (gpu === undefined || row.id.endsWith(`/${gpu}`) || row.id.includes(`/${gpu}@`)),
    ) ??
    null
  );
}
