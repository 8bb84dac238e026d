'use client';
/** The same attempts as the lanes show, as rows: what a screen reader or a search for text needs. Rows are virtual. */
import { useMemo } from 'react';
import { clockText, durationText } from '../../lib/chart/time-series/time-ticks.ts';
import type { TimelineTracks } from '../../lib/chart/timeline/timeline-lanes.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { overMedian, sliceWhere } from '../../lib/chart/timeline/timeline-text.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import { ATTEMPT_ROW, AttemptTable } from './attempt-table.tsx';

const toneOf = (state: string) =>
  state === 'FAILED' ? 'bad' : state === 'FINISHED' ? 'ok' : state.startsWith('RUNNING') ? 'busy' : 'quiet';

export function TimelineTable({
  data,
  tracks,
  range,
  matches,
  selected,
  onSelect,
}: {
  data: TimelineWire;
  tracks: TimelineTracks;
  range: TimeRange;
  /** Null: all. */
  matches: ReadonlySet<number> | null;
  selected: number;
  onSelect: (slice: number) => void;
}) {
  const rows = useMemo(() => {
    const inside: number[] = [];
    for (let i = 0; i < tracks.start.length; i++)
      if (
        (tracks.start[i] ?? 0) < range.to &&
        (tracks.end[i] ?? 0) >= range.from &&
        (matches === null || matches.has(i))
      )
        inside.push(i);
    return inside.sort((a, b) => (tracks.start[a] ?? 0) - (tracks.start[b] ?? 0));
  }, [tracks, range, matches]);
  if (rows.length === 0)
    return <EmptyState title="No attempt in this window">Zoom out, or change the filters.</EmptyState>;
  return (
    <AttemptTable
      rows={rows.length}
      row={(index, key) => (
        <Row
          key={key}
          index={index}
          slice={rows[index] ?? 0}
          data={data}
          tracks={tracks}
          isSelected={rows[index] === selected}
          onSelect={onSelect}
        />
      )}
    />
  );
}

function Row({
  index,
  slice,
  data,
  tracks,
  isSelected,
  onSelect,
}: {
  index: number;
  slice: number;
  data: TimelineWire;
  tracks: TimelineTracks;
  isSelected: boolean;
  onSelect: (slice: number) => void;
}) {
  const row = tracks.attempt[slice] ?? 0;
  const ratio = overMedian(tracks, slice);
  const state = data.states[tracks.stateIndex[slice] ?? 0] ?? '';
  const start = BigInt(data.originNs) + BigInt(Math.round(tracks.start[slice] ?? 0));
  const cell = 'truncate px-3 first:pl-5';
  return (
    <tr
      aria-rowindex={index + 2}
      className={`border-[var(--line)] border-b ${isSelected ? 'bg-[var(--panel-2)]' : 'hover:bg-[var(--panel-2)]'}`}
      style={{ height: ATTEMPT_ROW }}
    >
      <td className={`mono ${cell}`}>{clockText(start, 1e6)}</td>
      <td className={cell}>
        <button
          type="button"
          aria-pressed={isSelected}
          className="max-w-full truncate text-[var(--accent)] hover:underline"
          onClick={() => onSelect(slice)}
        >
          {data.functions[tracks.functionIndex[slice] ?? 0] || 'unnamed'}
        </button>
      </td>
      <td className={cell}>{data.columns.attempt[row]}</td>
      <td className={cell}>
        <StatusPill tone={toneOf(state)}>{state}</StatusPill>
      </td>
      <td className={`text-right ${cell}`}>{durationText((tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0))}</td>
      <td className={`text-right ${cell}`}>{ratio === null ? '–' : `${ratio.toFixed(1)}x`}</td>
      <td className={cell}>{sliceWhere(tracks, slice)}</td>
      <td className={`text-[var(--bad)] ${cell}`}>{data.errors[data.columns.error[row] ?? 0]}</td>
    </tr>
  );
}
