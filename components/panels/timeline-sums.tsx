'use client';
/** What ran in the visible window, by function. Choosing a function filters the lanes by it. */
import { useMemo } from 'react';
import { durationText } from '../../lib/chart/time-ticks.ts';
import { nameColour } from '../../lib/chart/timeline-colours.ts';
import type { TimelineTracks } from '../../lib/chart/timeline-lanes.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { sumWindow, type WindowSum } from '../../lib/chart/timeline-window.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

const duration = (key: 'totalNs' | 'p50Ns' | 'p95Ns' | 'maxNs', title: string): Column<WindowSum> => ({
  key,
  title,
  align: 'right',
  sort: (sum) => sum[key],
  cell: (sum) => durationText(sum[key]),
});

export function TimelineSums({
  tracks,
  functions,
  range,
  chosen,
  onChoose,
}: {
  tracks: TimelineTracks;
  functions: readonly string[];
  range: TimeRange;
  chosen: string;
  onChoose: (name: string) => void;
}) {
  const sums = useMemo(() => sumWindow(tracks, range), [tracks, range]);
  const columns: readonly Column<WindowSum>[] = [
    {
      key: 'function',
      title: 'Function',
      sort: (sum) => functions[sum.functionIndex] ?? '',
      cell: (sum) => {
        const name = functions[sum.functionIndex] ?? '';
        return (
          <button
            type="button"
            aria-pressed={chosen === name}
            title={chosen === name ? 'Show all functions' : 'Show only this function'}
            className="mono inline-flex items-center gap-2 hover:underline aria-pressed:text-[var(--accent)]"
            onClick={() => onChoose(chosen === name ? '' : name)}
          >
            <span
              aria-hidden="true"
              className="inline-block size-2.5 rounded-[2px]"
              style={{ background: nameColour(name) }}
            />
            {name || 'unnamed'}
          </button>
        );
      },
    },
    {
      key: 'count',
      title: 'Attempts',
      align: 'right',
      sort: (sum) => sum.count,
      cell: (sum) => sum.count.toLocaleString('en-US'),
    },
    {
      key: 'failures',
      title: 'Failures',
      align: 'right',
      sort: (sum) => sum.failures,
      cell: (sum) =>
        sum.failures === 0 ? '0' : <StatusPill tone="bad">{sum.failures.toLocaleString('en-US')}</StatusPill>,
    },
    duration('totalNs', 'Total'),
    duration('p50Ns', 'p50'),
    duration('p95Ns', 'p95'),
    duration('maxNs', 'Longest'),
  ];
  return (
    <Panel title="In the visible window" flush>
      {sums.length === 0 ? (
        <EmptyState title="Nothing ran in this window" />
      ) : (
        <DataTable
          label="Attempts by function in the visible window"
          columns={columns}
          rows={sums}
          rowKey={(sum) => String(sum.functionIndex)}
        />
      )}
    </Panel>
  );
}
