'use client';
/** The same attempts as the lanes show, as rows: what a screen reader or a search for text needs. Rows are virtual. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { clockText, durationText } from '../../lib/chart/time-ticks.ts';
import type { TimelineTracks } from '../../lib/chart/timeline-lanes.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { overMedian, sliceWhere } from '../../lib/chart/timeline-words.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

const ROW = 30;
const COLUMNS: readonly (readonly [title: string, width: string])[] = [
  ['Start (UTC)', 'w-32'],
  ['Function', 'w-52'],
  ['Attempt', 'w-20'],
  ['State', 'w-40'],
  ['Duration', 'w-24 text-right'],
  ['x median', 'w-24 text-right'],
  ['Where', 'w-60'],
  ['Error', 'w-60'],
];

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
  const scroller = useRef<HTMLElement>(null);
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
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  if (rows.length === 0)
    return <EmptyState title="No attempt in this window">Zoom out, or change the filters.</EmptyState>;
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section ref={scroller} tabIndex={0} aria-label="Attempts in the visible window" className="h-[56vh] overflow-auto">
      <table aria-rowcount={rows.length + 1} className="w-full min-w-[80rem] table-fixed border-collapse text-left">
        <thead className="sticky top-0 z-10 bg-[var(--panel)] text-[var(--muted)]">
          <tr aria-rowindex={1}>
            {COLUMNS.map(([title, width]) => (
              <th key={title} scope="col" className={`px-3 py-1.5 font-normal first:pl-5 ${width}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 ? <tr style={{ height: above }} /> : null}
          {items.map((item) => (
            <Row
              key={item.key}
              index={item.index}
              slice={rows[item.index] ?? 0}
              data={data}
              tracks={tracks}
              isSelected={rows[item.index] === selected}
              onSelect={onSelect}
            />
          ))}
          {below > 0 ? <tr style={{ height: below }} /> : null}
        </tbody>
      </table>
    </section>
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
      style={{ height: ROW }}
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
