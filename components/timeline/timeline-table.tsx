'use client';
/**
 * The attempts in the window as rows, by start: what a screen reader or a search for text needs. Heads stay; rows are there
 * only while they are in view.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { clockText, durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import type { AttemptRow, AttemptRows } from './timeline-source.ts';

/** Height of a row, CSS px. */
const ROW = 30;
const COLUMNS: readonly (readonly [title: string, width: string])[] = [
  ['Start (UTC)', 'w-36'],
  ['Function', 'w-60'],
  ['Attempt', 'w-20'],
  ['State', 'w-40'],
  ['Duration', 'w-24 text-right'],
  ['x median', 'w-24 text-right'],
  ['Where', 'w-60'],
  ['Error', 'w-60'],
];
const CELL = 'truncate px-3 first:pl-5';

/** Of a state of an attempt. */
export const attemptTone = (state: string) =>
  state === 'FAILED' ? 'bad' : state === 'FINISHED' ? 'ok' : state.startsWith('RUNNING') ? 'busy' : 'quiet';

export function TimelineTable({ rows }: { rows: AttemptRows }) {
  const { count, notice, problem } = rows;
  if (count === null) return <Skeleton rows={12} />;
  if (count === 0) return <EmptyState title="No attempt in this window">Zoom out, or change the filters.</EmptyState>;
  return (
    <>
      {notice === '' ? null : <p className="px-5 py-1.5 text-[12px] text-[var(--muted)]">{notice}</p>}
      {problem === null ? null : (
        <p role="alert" className="px-5 py-1.5 text-[var(--bad)]">
          ✕ Some rows could not be loaded: {problem}
        </p>
      )}
      <Rows rows={rows} count={count} />
    </>
  );
}

function Rows({ rows: { row, onRows }, count }: { rows: AttemptRows; count: number }) {
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    onRows?.(first, last);
  }, [onRows, first, last]);
  return (
    <section
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Attempts in the visible window"
      className="h-[56vh] overflow-auto"
    >
      <table aria-rowcount={count + 1} className="w-full min-w-[84rem] table-fixed border-collapse text-left">
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
            <Row key={String(item.key)} index={item.index} one={row(item.index)} />
          ))}
          {below > 0 ? <tr style={{ height: below }} /> : null}
        </tbody>
      </table>
    </section>
  );
}

function Row({ index, one }: { index: number; one: AttemptRow | undefined }) {
  if (one === undefined)
    return (
      <tr aria-rowindex={index + 2} aria-busy className="border-[var(--line)] border-b" style={{ height: ROW }}>
        <td colSpan={COLUMNS.length} className={`text-[var(--muted)] ${CELL}`}>
          …
        </td>
      </tr>
    );
  const { isSelected } = one;
  return (
    <tr
      aria-rowindex={index + 2}
      className={`border-[var(--line)] border-b ${isSelected ? 'bg-[var(--panel-2)]' : 'hover:bg-[var(--panel-2)]'}`}
      style={{ height: ROW }}
    >
      <td className={`mono ${CELL}`}>{clockText(one.startNs, 1e6)}</td>
      <td className={CELL}>
        <button
          type="button"
          aria-pressed={isSelected}
          className="max-w-full truncate text-[var(--accent)] hover:underline"
          onClick={one.onSelect}
        >
          {one.functionName || 'unnamed'}
        </button>
      </td>
      <td className={CELL}>{one.attempt}</td>
      <td className={CELL}>
        <StatusPill tone={attemptTone(one.state)}>{one.state}</StatusPill>
      </td>
      <td className={`text-right ${CELL}`}>{durationText(one.durationNs)}</td>
      <td className={`text-right ${CELL}`}>{one.overMedian === null ? '–' : `${one.overMedian.toFixed(1)}x`}</td>
      <td className={CELL}>{one.where}</td>
      <td className={`text-[var(--bad)] ${CELL}`}>{one.error}</td>
    </tr>
  );
}
