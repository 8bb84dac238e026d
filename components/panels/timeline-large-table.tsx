'use client';
/** The attempts of a large timeline's window as rows, by start. Rows are virtual, and asked for by pages as they come into view. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { clockText, durationText } from '../../lib/chart/time-ticks.ts';
import { timelineSlicesRoute } from '../../lib/contract/timeline-tile.ts';
import { useApiPages } from '../queries/api-client.ts';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import type { FoundSlice } from './timeline-large-picks.ts';
import type { LargeJob } from './timeline-large-scene.ts';

const ROW = 30;
const PAGE = 200;
/** Beyond it a scrollbar finds nothing: one zooms in. */
const MOST = 100_000;
const COLUMNS: readonly (readonly [title: string, width: string])[] = [
  ['Start (UTC)', 'w-40'],
  ['Function', 'w-60'],
  ['Attempt', 'w-20'],
  ['State', 'w-40'],
  ['Duration', 'w-24 text-right'],
  ['x median', 'w-24 text-right'],
  ['Where', 'w-60'],
  ['Error', 'w-60'],
];

export function LargeTable({
  job: { answer, narrow, filter },
  window,
  count,
  medians,
  selected,
  onSelect,
}: {
  job: LargeJob;
  /** Decimal ns; null: all of the job. */
  window: { readonly from: string; readonly to: string } | null;
  /** Attempts in the window; null while that is not known. */
  count: number | null;
  medians: ReadonlyMap<string, number>;
  /** `taskId:attempt`. */
  selected: string;
  onSelect: (one: FoundSlice) => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const rows = Math.min(MOST, count ?? 0);
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const first = Math.floor((items[0]?.index ?? 0) / PAGE);
  const last = Math.floor((items.at(-1)?.index ?? 0) / PAGE);
  const wanted = useMemo(
    () =>
      rows === 0
        ? []
        : Array.from({ length: last - first + 1 }, (_, i) => ({
            ...narrow,
            ...filter,
            ...(window ?? {}),
            offset: (first + i) * PAGE,
            limit: PAGE,
          })),
    [rows, first, last, narrow, filter, window],
  );
  const pages = useApiPages(timelineSlicesRoute, wanted);
  const where = useMemo(() => {
    const nodes = answer.nodes.map(({ nodeName }) => nodeName);
    return new Map(
      answer.lanes.key.map((key, lane) => {
        const pid = answer.lanes.pid[lane] ?? (answer.lanes.workerId[lane] ?? '').slice(0, 8);
        return [key, `${answer.lanes.actor[lane] ?? 'worker'} ${pid} on ${nodes[answer.lanes.node[lane] ?? 0] ?? ''}`];
      }),
    );
  }, [answer.nodes, answer.lanes]);
  if (count === null) return <Skeleton rows={12} />;
  if (count === 0) return <EmptyState title="No attempt in this window">Zoom out, or change the filters.</EmptyState>;
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const problem = pages.find(({ error }) => error !== null)?.error;
  return (
    <>
      {count > MOST ? (
        <p className="px-5 py-1.5 text-[12px] text-[var(--muted)]">
          The first {MOST.toLocaleString('en-US')} of {count.toLocaleString('en-US')} by start: zoom in to see others.
        </p>
      ) : null}
      {problem ? (
        <p role="alert" className="px-5 py-1.5 text-[var(--bad)]">
          ✕ Some rows could not be loaded: {problem.message}
        </p>
      ) : null}
      <section
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Attempts in the visible window"
        className="h-[56vh] overflow-auto"
      >
        <table aria-rowcount={rows + 1} className="w-full min-w-[84rem] table-fixed border-collapse text-left">
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
            {items.map((item) => {
              const page = pages[Math.floor(item.index / PAGE) - first]?.data;
              const one = page?.slices[item.index % PAGE];
              return (
                <Row
                  key={item.key}
                  index={item.index}
                  one={one}
                  where={one === undefined ? '' : (where.get(one.lane) ?? '')}
                  medianNs={one === undefined ? undefined : medians.get(one.function)}
                  isSelected={one !== undefined && `${one.taskId}:${one.attempt}` === selected}
                  onSelect={onSelect}
                />
              );
            })}
            {below > 0 ? <tr style={{ height: below }} /> : null}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({
  index,
  one,
  where,
  medianNs,
  isSelected,
  onSelect,
}: {
  index: number;
  /** Undefined while it is on its way. */
  one: FoundSlice | undefined;
  where: string;
  medianNs: number | undefined;
  isSelected: boolean;
  onSelect: (one: FoundSlice) => void;
}) {
  const cell = 'truncate px-3 first:pl-5';
  const hover = isSelected ? 'bg-[var(--panel-2)]' : 'hover:bg-[var(--panel-2)]';
  if (one === undefined)
    return (
      <tr aria-rowindex={index + 2} aria-busy className="border-[var(--line)] border-b" style={{ height: ROW }}>
        <td colSpan={COLUMNS.length} className={`text-[var(--muted)] ${cell}`}>
          …
        </td>
      </tr>
    );
  const duration = Math.max(0, Number(BigInt(one.endNs) - BigInt(one.startNs)));
  return (
    <tr aria-rowindex={index + 2} className={`border-[var(--line)] border-b ${hover}`} style={{ height: ROW }}>
      <td className={`mono ${cell}`}>{clockText(BigInt(one.startNs), 1e6)}</td>
      <td className={cell}>
        <button
          type="button"
          aria-pressed={isSelected}
          className="max-w-full truncate text-[var(--accent)] hover:underline"
          onClick={() => onSelect(one)}
        >
          {one.function || 'unnamed'}
        </button>
      </td>
      <td className={cell}>{one.attempt}</td>
      <td className={cell}>
        <StatusPill tone={one.state === 'FAILED' ? 'bad' : 'ok'}>{one.state}</StatusPill>
      </td>
      <td className={`text-right ${cell}`}>{durationText(duration)}</td>
      <td className={`text-right ${cell}`}>{medianNs ? `${(duration / medianNs).toFixed(1)}x` : '–'}</td>
      <td className={cell}>{where}</td>
      <td className={`text-[var(--bad)] ${cell}`}>{one.error}</td>
    </tr>
  );
}
