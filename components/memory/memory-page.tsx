'use client';
/** Memory: what nodes and GPUs held over time, what was killed for it, and what ran there then. */
import { useMemo } from 'react';
import { counted } from '../../lib/chart/format/number-format.ts';
import { heatmapAddress, oomAddress } from '../../lib/contract/requests/addresses.ts';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useApi } from '../queries/api-client.ts';
import { useTimeWindow } from '../shell/time-window.tsx';
import { TimeWindowControl } from '../shell/time-window-control.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { rowOfAddress, useMemoryAddress } from './memory-address.ts';
import { MemoryKills } from './memory-kills.tsx';
import { MemoryMap } from './memory-map.tsx';
import { MemorySelected } from './memory-selected.tsx';

const BINS = 360;
const option = 'px-2.5 py-1 aria-pressed:bg-[var(--panel-2)] aria-pressed:text-[var(--accent)]';

export function MemoryPage() {
  const address = useMemoryAddress();
  const { fromMs, toMs, live, setWindow } = useTimeWindow();
  const jobRef = address.cluster === null ? {} : { cluster: address.cluster };
  const window = { from: String(fromMs), to: String(toMs), ...jobRef };
  const refreshMs = live ? 10_000 : false;
  const map = useApi(heatmapAddress, { by: address.by, bins: BINS, ...window }, { refreshMs });
  const oom = useApi(oomAddress, window, { refreshMs });
  const data = map.data?.by === address.by ? map.data : undefined;
  const row = useMemo(() => (data ? rowOfAddress(data, address.row) : null), [data, address.row]);
  const selection = row ? { rowId: row.id, fromMs: address.at, toMs: address.until } : null;
  const stale = (map.data && map.error) || (oom.data && oom.error) || null;
  const measuredNothing = data?.notices.find((notice) => notice.kind === 'nothing-measured');
  // What an empty map says by itself is not said twice.
  const notices = [...(data?.notices ?? []), ...(oom.data?.notices ?? [])].filter(
    (notice, i, all) =>
      notice.kind !== 'nothing-measured' && all.findIndex((one) => one.message === notice.message) === i,
  );
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h1 className="font-semibold text-[18px]">Memory{address.cluster ? ` of ${address.cluster}` : ''}</h1>
        <TimeWindowControl />
      </div>
      {stale ? (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed: {stale.message}
        </p>
      ) : null}
      <SourceNotices notices={notices} />
      <Panel
        title={`Memory in use by ${address.by === 'gpu' ? 'GPU' : 'node'}${data ? `, ${counted(data.rows.length, 'row', 'rows')}` : ''}`}
        flush
        actions={
          <fieldset aria-label="Rows" className="flex overflow-hidden rounded border border-[var(--line)]">
            <button
              type="button"
              aria-pressed={address.by === 'node'}
              className={option}
              onClick={() => address.setBy('node')}
            >
              Nodes
            </button>
            <button
              type="button"
              aria-pressed={address.by === 'gpu'}
              className={option}
              onClick={() => address.setBy('gpu')}
            >
              GPUs
            </button>
          </fieldset>
        }
      >
        {data === undefined ? (
          map.error ? (
            <ErrorState title={map.error.problem.title} detail={map.error.message} onRetry={() => void map.refetch()} />
          ) : (
            <div className="min-h-48">
              <Skeleton rows={6} />
            </div>
          )
        ) : data.rows.length > 0 ? (
          <MemoryMap
            data={data}
            order={address.order}
            onOrder={address.setOrder}
            view={address.view}
            onView={address.setView}
            selection={selection}
            onSelect={address.select}
            onWindow={(from, to) => setWindow(from, to, 'push')}
          />
        ) : measuredNothing ? (
          <EmptyState title={`No memory of a ${address.by === 'gpu' ? 'GPU' : 'node'} was measured here`}>
            {measuredNothing.message}. {measuredNothing.whatToDo}
          </EmptyState>
        ) : (
          <EmptyState title="Memory is not known: its source did not answer">
            {data.notices[0]?.message} {data.notices[0]?.whatToDo}
          </EmptyState>
        )}
      </Panel>
      {data && row ? (
        <MemorySelected
          data={data}
          row={row}
          at={address.at}
          until={address.until}
          onClose={() => address.select(null)}
          onWindow={setWindow}
        />
      ) : null}
      {data && address.row !== null && !row && data.rows.length > 0 ? (
        <p role="status" className="text-[var(--muted)]">
          No row is called “{address.row}” in this window.
        </p>
      ) : null}
      <Panel title="OOM kills by Ray's memory monitor" flush>
        {oom.data ? (
          <MemoryKills
            answer={oom.data}
            onShow={(kill) => {
              const there = address.by === 'node' && data ? rowOfAddress(data, kill.nodeIp ?? kill.nodeId) : null;
              const time = Number(BigInt(kill.timeNs) / 1_000_000n);
              const step = data?.stepMs ?? 10_000;
              const start = Math.floor(time / step) * step;
              address.showNode({
                rowId: there?.id ?? kill.nodeIp ?? kill.nodeId ?? '',
                fromMs: start,
                toMs: start + step,
              });
            }}
          />
        ) : oom.error ? (
          <ErrorState title={oom.error.problem.title} detail={oom.error.message} onRetry={() => void oom.refetch()} />
        ) : (
          <Skeleton />
        )}
      </Panel>
    </>
  );
}
