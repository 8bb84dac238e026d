'use client';
/** The frame of a table of attempts: heads that stay, rows that are there only while they are in view. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';

/** Height of a row, CSS px: rows set it themselves. */
export const ATTEMPT_ROW = 30;
export const ATTEMPT_COLUMNS: readonly (readonly [title: string, width: string])[] = [
  ['Start (UTC)', 'w-36'],
  ['Function', 'w-60'],
  ['Attempt', 'w-20'],
  ['State', 'w-40'],
  ['Duration', 'w-24 text-right'],
  ['x median', 'w-24 text-right'],
  ['Where', 'w-60'],
  ['Error', 'w-60'],
];

export function AttemptTable({
  rows,
  row,
  onRows,
}: {
  rows: number;
  /** The row at a place, from 0: a `tr` with `aria-rowindex` two more than it. */
  row: (index: number, key: string) => ReactNode;
  /** The rows in view changed: first and last. */
  onRows?: (first: number, last: number) => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => ATTEMPT_ROW,
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
      <table aria-rowcount={rows + 1} className="w-full min-w-[84rem] table-fixed border-collapse text-left">
        <thead className="sticky top-0 z-10 bg-[var(--panel)] text-[var(--muted)]">
          <tr aria-rowindex={1}>
            {ATTEMPT_COLUMNS.map(([title, width]) => (
              <th key={title} scope="col" className={`px-3 py-1.5 font-normal first:pl-5 ${width}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 ? <tr style={{ height: above }} /> : null}
          {items.map((item) => row(item.index, String(item.key)))}
          {below > 0 ? <tr style={{ height: below }} /> : null}
        </tbody>
      </table>
    </section>
  );
}
