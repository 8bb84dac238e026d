'use client';
import { nameColour } from '../../lib/chart/colour/timeline-colours.ts';
/** What ran in the visible window, by function. Choosing a function filters the lanes by it. */
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

/** Attempts of one function that touch the window, whole durations in ns. */
export interface NamedSum {
  readonly name: string;
  readonly count: number;
  readonly failures: number;
  readonly totalNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly maxNs: number;
}

const duration = (key: 'totalNs' | 'p50Ns' | 'p95Ns' | 'maxNs', title: string): Column<NamedSum> => ({
  key,
  title,
  align: 'right',
  sort: (sum) => sum[key],
  cell: (sum) => durationText(sum[key]),
});

export function TimelineSums({
  title = 'In the visible window',
  sums,
  problem = null,
  chosen,
  onChoose,
}: {
  title?: string;
  /** Largest total first; null: on their way. */
  sums: readonly NamedSum[] | null;
  /** Why there are none; what is shown meanwhile is older. */
  problem?: string | null;
  chosen: string;
  onChoose: (name: string) => void;
}) {
  const columns: readonly Column<NamedSum>[] = [
    {
      key: 'function',
      title: 'Function',
      sort: (sum) => sum.name,
      cell: (sum) => {
        const { name } = sum;
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
    <Panel title={title} flush>
      {problem === null ? null : (
        <p role="alert" className="px-5 py-2 text-[var(--bad)]">
          ✕ The sums of this window could not be had: {problem}
        </p>
      )}
      {sums === null ? (
        problem === null ? (
          <Skeleton rows={6} />
        ) : null
      ) : sums.length === 0 ? (
        <EmptyState title="Nothing ran in this window" />
      ) : (
        <DataTable
          label="Attempts by function in the visible window"
          columns={columns}
          rows={sums}
          rowKey={(sum) => sum.name}
        />
      )}
    </Panel>
  );
}
