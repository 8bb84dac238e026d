'use client';
/** The chosen row over time against its capacity, and what ran there in the chosen cell. */
import { X } from 'lucide-react';
import { useMemo } from 'react';
import { formatBytes, formatDuration, formatTimestamp } from '../../lib/chart/format/number-format.ts';
import { prepareTimeChart } from '../../lib/chart/time-series/time-chart.ts';
import type { RanThenWire } from '../../lib/contract/jobs.ts';
import type { HeatmapWire } from '../../lib/contract/memory.ts';
import { ranThenAddress } from '../../lib/contract/requests/addresses.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

type Row = HeatmapWire['rows'][number];
type Ran = RanThenWire['rows'][number];
const MOST = 100;
const nsOf = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);

export function MemorySelected({
  data,
  row,
  at,
  until,
  onClose,
  onWindow,
}: {
  data: HeatmapWire;
  row: Row;
  /** Unix ms of the chosen cell; null: the row alone. */
  at: number | null;
  until: number | null;
  onClose: () => void;
  onWindow: (fromMs: number, toMs: number) => void;
}) {
  const model = useMemo(() => {
    const kills = data.kills
      .filter((kill) => kill.rowId === row.id)
      .map((kill) => Number(BigInt(kill.timeNs) / 1_000_000n));
    const mark = (data.stepMs * data.count) / 120;
    const chosen =
      at !== null && until !== null ? [{ fromMs: at, toMs: until, tone: 'accent' as const, label: 'chosen' }] : [];
    return prepareTimeChart(
      {
        startMs: data.startMs,
        stepMs: data.stepMs,
        count: data.count,
        series: [{ labels: { row: row.id }, values: row.usedBytes }],
      },
      {
        name: () => row.label,
        format: formatBytes,
        binary: true,
        min: 0,
        max: row.capacityBytes === null ? null : row.capacityBytes * 1.05,
        limits:
          row.capacityBytes === null
            ? []
            : [{ value: row.capacityBytes, label: `capacity ${formatBytes(row.capacityBytes)}` }],
        bands: [
          ...chosen,
          ...kills.map((time) => ({ fromMs: time, toMs: time + mark, tone: 'bad' as const, label: 'OOM kill' })),
        ],
      },
    );
  }, [data, row, at, until]);
  return (
    <Panel
      title={`${row.label}${row.id === row.label ? '' : ` (${row.id})`}`}
      actions={
        <button
          type="button"
          aria-label="Close the chosen row"
          onClick={onClose}
          className="rounded p-1 hover:bg-[var(--panel-2)]"
        >
          <X aria-hidden="true" size={16} />
        </button>
      }
    >
      <p className="mb-2 text-[12px] text-[var(--muted)]">
        Measured by <code className="mono">{row.source}</code>
        {row.sources.length > 1 ? (
          <>
            , with gaps filled from <code className="mono">{row.sources.slice(1).join(', ')}</code>
          </>
        ) : null}
        ; red marks are OOM kills.
        {row.note ? <span className="text-[var(--warn)]"> ▲ {row.note}.</span> : null}
      </p>
      <TimeChart label={`Memory of ${row.label}`} model={model} height={180} onWindow={onWindow} />
      {at !== null && until !== null ? (
        <div className="-mx-4 -mb-4 mt-4 border-[var(--line)] border-t">
          <RanThere row={row} at={at} until={until} />
        </div>
      ) : (
        <p className="mt-3 text-[var(--muted)]">Choose a cell of this row to see what ran there then.</p>
      )}
    </Panel>
  );
}

const timelineHref = (ran: Ran, at: number, until: number): string => {
  const around = Math.max(30_000, (until - at) * 3);
  return `/jobs/${encodeURIComponent(ran.jobId)}/timeline?session=${encodeURIComponent(ran.session)}&from=${nsOf(at - around)}&to=${nsOf(until + around)}&sel=${ran.taskId}:${ran.attempt}`;
};

function RanThere({ row, at, until }: { row: Row; at: number; until: number }) {
  const { data, error, refetch } = useApi(
    ranThenAddress,
    {
      from: nsOf(at),
      to: nsOf(until),
      limit: MOST,
      ...(row.session ? { session: row.session } : {}),
      ...(row.nodeId ? { node: row.nodeId } : {}),
    },
    { enabled: row.nodeId !== null, refreshMs: false },
  );
  const columns: readonly Column<Ran>[] = [
    {
      key: 'function',
      title: 'Function',
      sort: (ran) => ran.functionName,
      cell: (ran) => <Link href={timelineHref(ran, at, until)}>{ran.functionName}</Link>,
    },
    {
      key: 'state',
      title: 'State',
      sort: (ran) => ran.state,
      cell: (ran) => (
        <StatusPill tone={ran.state === 'FAILED' ? 'bad' : ran.state === 'FINISHED' ? 'ok' : 'busy'}>
          {ran.errorType ? `${ran.state}, ${ran.errorType}` : ran.state}
        </StatusPill>
      ),
    },
    {
      key: 'job',
      title: 'Job',
      sort: (ran) => ran.jobId,
      cell: (ran) => (
        <Link className="mono" href={`/jobs/${ran.jobId}?session=${ran.session}`}>
          {ran.jobId}
        </Link>
      ),
    },
    { key: 'attempt', title: 'Attempt', align: 'right', sort: (ran) => ran.attempt, cell: (ran) => ran.attempt },
    {
      key: 'pid',
      title: 'Pid',
      align: 'right',
      sort: (ran) => ran.workerPid ?? 0,
      cell: (ran) => ran.workerPid ?? '–',
    },
    {
      key: 'start',
      title: 'Started (UTC)',
      sort: (ran) => ran.startNs ?? '',
      cell: (ran) => formatTimestamp(ran.startNs),
    },
    {
      key: 'duration',
      title: 'Duration',
      align: 'right',
      sort: (ran) => Number(ran.durationNs ?? 0),
      cell: (ran) => formatDuration(ran.durationNs),
    },
  ];
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);
  return (
    <section aria-label="What ran there then">
      <h3 className="px-4 py-2 font-medium">
        What ran there from {clock(at)} to {clock(until)} UTC
        {data ? (
          <span className="font-normal text-[var(--muted)]">
            : {data.rows.length === MOST ? `the first ${MOST}` : data.rows.length} attempts
          </span>
        ) : null}
      </h3>
      {row.nodeId === null ? (
        <EmptyState title="It is not known which of Ray's nodes this is">
          {row.note ?? 'No node with this address or host name is known: Ray sent no events, or they were not kept.'}
        </EmptyState>
      ) : data ? (
        data.rows.length > 0 ? (
          <DataTable
            label="Attempts on this node in this cell"
            columns={columns}
            rows={data.rows}
            rowKey={(ran) => `${ran.session} ${ran.taskId} ${ran.attempt}`}
          />
        ) : (
          <EmptyState title="No task is known to have run there then">
            Other processes of the node held this memory.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
      ) : (
        <Skeleton />
      )}
    </section>
  );
}
