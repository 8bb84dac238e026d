'use client';
/** A dense table: sticky header, sortable columns, scrolls sideways on a narrow screen. */
import { type ReactNode, useMemo, useState } from 'react';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Value to sort by; a column without it cannot be sorted. */
  readonly sort?: (row: Row) => number | string;
  readonly align?: 'left' | 'right';
}

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}) {
  const [order, setOrder] = useState<{ key: string; down: boolean } | null>(null);
  const sorted = useMemo(() => {
    const by = order && columns.find((column) => column.key === order.key)?.sort;
    if (!order || !by) return rows;
    const direction = order.down ? -1 : 1;
    return [...rows].sort((a, b) => (by(a) < by(b) ? -direction : by(a) > by(b) ? direction : 0));
  }, [columns, rows, order]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms; a section would be one more landmark
    <div role="group" aria-label={label} tabIndex={0} className="overflow-x-auto">
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="text-[var(--muted)]">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                aria-sort={order?.key === column.key ? (order.down ? 'descending' : 'ascending') : undefined}
                className={`whitespace-nowrap border-[var(--line)] border-b px-4 py-2 font-normal ${column.align === 'right' ? 'text-right' : ''}`}
              >
                {column.sort ? (
                  <button
                    type="button"
                    className="hover:text-[var(--text)]"
                    onClick={() => setOrder({ key: column.key, down: order?.key === column.key ? !order.down : true })}
                  >
                    {column.title}
                    <span aria-hidden="true">{order?.key === column.key ? (order.down ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={rowKey(row)} className="border-[var(--line)] border-b last:border-0 hover:bg-[var(--panel-2)]">
              {columns.map((column) => (
                <td
                  key={column.key}
                  className={`whitespace-nowrap px-4 py-2 align-top ${column.align === 'right' ? 'text-right' : ''}`}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
