'use client';
/** The heat map of the memory page with its legend and row order, or the same as a table. */
import { useMemo } from 'react';
import { formatBytes, formatShare, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import {
  binWindow,
  CRITICAL_COLOUR,
  HEAT_ORDERS,
  type HeatCell,
  type HeatMapModel,
  type HeatOrder,
  heatColour,
  prepareHeatMap,
} from '../../lib/chart/heat-map/heat-map.ts';
import type { HeatmapWire } from '../../lib/contract/memory.ts';
import { HeatMap, type HeatSelection } from '../charts/heat-map.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';

const control = 'rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1';
const ORDER_NAMES: Readonly<Record<HeatOrder, string>> = {
  name: 'by name',
  peak: 'by peak',
  'first-kill': 'by first kill',
};
const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** `1.2 GiB of 6 GiB (20 %)`. */
function used(value: number | null, capacity: number | null): string {
  if (value === null) return 'not measured';
  if (capacity === null) return `${formatBytes(value)}, capacity not known`;
  return `${formatBytes(value)} of ${formatBytes(capacity)} (${formatShare(value / capacity)})`;
}

function killsIn(model: HeatMapModel, cell: HeatCell) {
  const [from, to] = binWindow(model, cell.bin);
  return (model.rows[cell.row]?.kills ?? []).filter((kill) => kill.timeMs >= from && kill.timeMs < to);
}

function describe(model: HeatMapModel, cell: HeatCell): string {
  const row = model.rows[cell.row];
  if (!row) return '';
  const [from, to] = binWindow(model, cell.bin);
  const kills = killsIn(model, cell);
  const killed = kills.length > 0 ? `, killed: ${kills.map((kill) => kill.name).join(', ')}` : '';
  return `${row.label}, ${clock(from)} to ${clock(to)} UTC: ${used(row.values[cell.bin] ?? null, row.capacity)}${killed}`;
}

function Tooltip({ model, cell }: { model: HeatMapModel; cell: HeatCell }) {
  const row = model.rows[cell.row];
  if (!row) return null;
  const [from, to] = binWindow(model, cell.bin);
  const value = row.values[cell.bin] ?? null;
  return (
    <>
      <div className="font-medium">{row.label}</div>
      <div className="text-[var(--muted)]">
        {clock(from)} – {clock(to)} UTC, largest
      </div>
      <div>{used(value, row.capacity)}</div>
      {killsIn(model, cell).map((kill) => (
        <div key={`${kill.timeMs} ${kill.name}`} className="text-[var(--bad)]">
          ✕ {clock(kill.timeMs)} {kill.name} killed
        </div>
      ))}
      {row.note ? <div className="text-[var(--warn)]">{row.note}</div> : null}
    </>
  );
}

export function MemoryMap({
  data,
  order,
  onOrder,
  view,
  onView,
  selection,
  onSelect,
  onWindow,
}: {
  data: HeatmapWire;
  order: HeatOrder;
  onOrder: (order: HeatOrder) => void;
  view: 'map' | 'table';
  onView: (view: 'map' | 'table') => void;
  selection: HeatSelection | null;
  onSelect: (selection: HeatSelection) => void;
  onWindow: (fromMs: number, toMs: number) => void;
}) {
  const model = useMemo(() => prepareHeatMap(data, order), [data, order]);
  const label = `Memory by ${data.by === 'gpu' ? 'GPU' : 'node'} over time`;
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-[var(--line)] border-b px-4 py-2 text-[12px]">
        <Legend byNode={data.by === 'node'} />
        <div className="flex gap-2">
          <select
            aria-label="Order of rows"
            className={control}
            value={order}
            onChange={(event) => onOrder(HEAT_ORDERS.find((each) => each === event.target.value) ?? 'name')}
          >
            {HEAT_ORDERS.map((each) => (
              <option key={each} value={each}>
                Rows {ORDER_NAMES[each]}
              </option>
            ))}
          </select>
          <button
            type="button"
            aria-pressed={view === 'table'}
            className={`${control} aria-pressed:text-[var(--accent)]`}
            onClick={() => onView(view === 'table' ? 'map' : 'table')}
          >
            As table
          </button>
        </div>
      </div>
      {view === 'table' ? (
        <HeatTable model={model} onSelect={onSelect} />
      ) : (
        <HeatMap
          label={label}
          model={model}
          selection={selection}
          onSelect={onSelect}
          onWindow={onWindow}
          describe={(cell) => describe(model, cell)}
          tooltip={(cell) => <Tooltip model={model} cell={cell} />}
        />
      )}
    </>
  );
}

/** What the colours mean; the scale is fixed, so it is the same on every page. */
function Legend({ byNode }: { byNode: boolean }) {
  const stops = Array.from({ length: 20 }, (_, i) => heatColour((i / 20) * 0.95));
  return (
    <ul className="flex flex-wrap items-center gap-x-4 gap-y-1 text-[var(--muted)]" aria-label="Legend">
      <li className="flex items-center gap-1.5">
        0 %
        <span
          aria-hidden="true"
          className="inline-block h-2.5 w-28 rounded-sm"
          style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }}
        />
        95 % of capacity
      </li>
      <li className="flex items-center gap-1.5">
        <span aria-hidden="true" className="inline-block size-2.5 rounded-sm" style={{ background: CRITICAL_COLOUR }} />
        95 % and more
      </li>
      <li className="flex items-center gap-1.5">
        <span
          aria-hidden="true"
          className="inline-block size-2.5 rounded-sm border border-[var(--line)]"
          style={{ background: 'repeating-linear-gradient(135deg, var(--muted) 0 1px, transparent 1px 4px)' }}
        />
        not measured
      </li>
      {byNode ? (
        <li className="flex items-center gap-1.5">
          <span aria-hidden="true" className="text-[var(--text)]">
            ✕
          </span>
          OOM kill
        </li>
      ) : null}
      <li>each bin shows its maximum</li>
    </ul>
  );
}

interface TableRow {
  readonly id: string;
  readonly label: string;
  readonly note: string | null;
  readonly capacity: number | null;
  readonly peakBytes: number | null;
  readonly peakMs: number | null;
  readonly newest: number | null;
  readonly measured: number;
  readonly kills: number;
}

function HeatTable({ model, onSelect }: { model: HeatMapModel; onSelect: (selection: HeatSelection) => void }) {
  const rows = useMemo(
    () =>
      model.rows.map((row): TableRow => {
        let peakBin = -1;
        row.values.forEach((value, bin) => {
          if (value !== null && value > (row.values[peakBin] ?? -1)) peakBin = bin;
        });
        return {
          id: row.id,
          label: row.label,
          note: row.note,
          capacity: row.capacity,
          peakBytes: row.values[peakBin] ?? null,
          peakMs: peakBin === -1 ? null : binWindow(model, peakBin)[0],
          newest: row.values.findLast((value) => value !== null) ?? null,
          measured: row.values.filter((value) => value !== null).length,
          kills: row.kills.length,
        };
      }),
    [model],
  );
  const columns: readonly Column<TableRow>[] = [
    {
      key: 'row',
      title: 'Row',
      sort: (row) => row.label,
      cell: (row) => (
        <button
          type="button"
          className="text-[var(--accent)] underline underline-offset-2"
          onClick={() =>
            onSelect({
              rowId: row.id,
              fromMs: row.peakMs,
              toMs: row.peakMs === null ? null : row.peakMs + model.stepMs,
            })
          }
        >
          {row.label}
        </button>
      ),
    },
    {
      key: 'capacity',
      title: 'Capacity',
      align: 'right',
      sort: (row) => row.capacity ?? -1,
      cell: (row) => formatBytes(row.capacity),
    },
    {
      key: 'peak',
      title: 'Peak',
      align: 'right',
      sort: (row) => row.peakBytes ?? -1,
      cell: (row) => formatBytes(row.peakBytes),
    },
    {
      key: 'share',
      title: 'Peak of capacity',
      align: 'right',
      sort: (row) => (row.peakBytes ?? 0) / (row.capacity ?? Number.POSITIVE_INFINITY),
      cell: (row) => formatShare(row.peakBytes !== null && row.capacity ? row.peakBytes / row.capacity : null),
    },
    {
      key: 'when',
      title: 'Peak at (UTC)',
      sort: (row) => row.peakMs ?? 0,
      cell: (row) => (row.peakMs === null ? UNKNOWN : clock(row.peakMs)),
    },
    {
      key: 'newest',
      title: 'Newest',
      align: 'right',
      sort: (row) => row.newest ?? -1,
      cell: (row) => formatBytes(row.newest),
    },
    {
      key: 'measured',
      title: 'Measured bins',
      align: 'right',
      sort: (row) => row.measured,
      cell: (row) => `${row.measured} of ${model.count}`,
    },
    { key: 'kills', title: 'Kills', align: 'right', sort: (row) => row.kills, cell: (row) => row.kills },
    { key: 'note', title: 'Note', cell: (row) => row.note ?? '' },
  ];
  return <DataTable label="Memory by row" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
