'use client';
/** The attempts of a large timeline's window as rows, by start. Rows are virtual, and asked for by pages as they come into view. */
import { useCallback, useMemo, useState } from 'react';
import { clockText, durationText } from '../../../lib/chart/time-series/time-ticks.ts';
import { timelineSlicesRoute } from '../../../lib/contract/timeline-tile.ts';
import { useApiPages } from '../../queries/api-client.ts';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { StatusPill } from '../../ui/status-pill.tsx';
import { ATTEMPT_COLUMNS, ATTEMPT_ROW, AttemptTable } from '../attempt-table.tsx';
import type { LargeJob } from './timeline-large-scene.ts';
import type { FoundSlice } from './timeline-large-selection.ts';

const PAGE = 200;
/** Beyond it a scrollbar finds nothing: one zooms in. */
const MOST = 100_000;
export function LargeTable({
  job: { answer, jobRef, filter },
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
  const rows = Math.min(MOST, count ?? 0);
  const [inView, setInView] = useState({ first: 0, last: 0 });
  const onRows = useCallback(
    (from: number, to: number) => setInView({ first: Math.floor(from / PAGE), last: Math.floor(to / PAGE) }),
    [],
  );
  const { first, last } = inView;
  const wanted = useMemo(
    () =>
      rows === 0
        ? []
        : Array.from({ length: last - first + 1 }, (_, i) => ({
            ...jobRef,
            ...filter,
            ...(window ?? {}),
            offset: (first + i) * PAGE,
            limit: PAGE,
          })),
    [rows, first, last, jobRef, filter, window],
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
      <AttemptTable
        rows={rows}
        onRows={onRows}
        row={(index, key) => {
          const one = pages[Math.floor(index / PAGE) - first]?.data?.slices[index % PAGE];
          return (
            <Row
              key={key}
              index={index}
              one={one}
              where={one === undefined ? '' : (where.get(one.lane) ?? '')}
              medianNs={one === undefined ? undefined : medians.get(one.function)}
              isSelected={one !== undefined && `${one.taskId}:${one.attempt}` === selected}
              onSelect={onSelect}
            />
          );
        }}
      />
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
      <tr aria-rowindex={index + 2} aria-busy className="border-[var(--line)] border-b" style={{ height: ATTEMPT_ROW }}>
        <td colSpan={ATTEMPT_COLUMNS.length} className={`text-[var(--muted)] ${cell}`}>
          …
        </td>
      </tr>
    );
  const duration = Math.max(0, Number(BigInt(one.endNs) - BigInt(one.startNs)));
  return (
    <tr aria-rowindex={index + 2} className={`border-[var(--line)] border-b ${hover}`} style={{ height: ATTEMPT_ROW }}>
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
