'use client';
import { microsecondsText, rankName } from '../../lib/chart/collectives/rank-strips.ts';
/** One rank: its numbers, its GPU, node and trace, and what ran there in this window. */
import {
  formatDuration,
  formatGigabytesPerSecond,
  formatShare,
  formatTimestamp,
  UNKNOWN,
} from '../../lib/chart/format/number-format.ts';
import type { RanksWire, RankWire } from '../../lib/contract/collectives.ts';
import type { RanThenWire } from '../../lib/contract/jobs.ts';
import { ranThenAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import type { TimeWindow } from '../shell/time-window.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

type Row = RanThenWire['rows'][number];
const COLUMNS: readonly Column<Row>[] = [
  { key: 'function', title: 'Function', sort: (row) => row.functionName, cell: (row) => row.functionName },
  { key: 'state', title: 'State', sort: (row) => row.state, cell: (row) => row.state },
  {
    key: 'job',
    title: 'Job',
    sort: (row) => row.jobId,
    cell: (row) => (
      <Link className="mono" href={`/jobs/${row.jobId}?session=${encodeURIComponent(row.session)}`}>
        {row.jobId}
      </Link>
    ),
  },
  {
    key: 'start',
    title: 'Started (UTC)',
    sort: (row) => row.startNs ?? '',
    cell: (row) => formatTimestamp(row.startNs),
  },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (row) => Number(row.durationNs ?? 0),
    cell: (row) => formatDuration(row.durationNs),
  },
];

export function RankDetails({
  rank,
  of,
  window,
  onClose,
}: {
  rank: RankWire;
  of: RanksWire;
  window: TimeWindow;
  onClose: () => void;
}) {
  const time = `from=${Math.round(window.fromMs)}&to=${Math.round(window.toMs)}&v=1`;
  const newest = rank.busbwGBs.findLast((value) => value !== null) ?? null;
  const unit = of.source === 'spans' ? 'operations' : 'dump intervals';
  return (
    <Panel
      title={`${rankName(rank)}${rank.isLate ? ': late beyond noise' : ''}`}
      actions={
        <button type="button" className="rounded border border-[var(--line)] px-2 py-1" onClick={onClose}>
          Close
        </button>
      }
      flush
    >
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 p-4 sm:grid-cols-4">
        <Fact name="Mean time inside">{microsecondsText(rank.meanExecTimeUs)}</Fact>
        <Fact name="of it waiting">{microsecondsText(rank.meanWaitUs)}</Fact>
        <Fact name={of.source === 'spans' ? 'of it transfer' : 'transfer, at most'}>
          {microsecondsText(rank.meanTransferUs)}
        </Fact>
        <Fact name="Last to arrive">
          {rank.lastShare === null ? UNKNOWN : `${formatShare(rank.lastShare)} of ${unit}`}
        </Fact>
        <Fact name="Bus bandwidth, newest">{formatGigabytesPerSecond(newest)}</Fact>
        <Fact name="GPU">
          {rank.nodeIp !== null && rank.gpuIndex !== null ? (
            <Link href={`/memory?by=gpu&row=${encodeURIComponent(`${rank.nodeIp}/gpu${rank.gpuIndex}`)}&${time}`}>
              {rank.gpu}
            </Link>
          ) : (
            (rank.gpu ?? UNKNOWN)
          )}
        </Fact>
        <Fact name="Node">
          {rank.nodeIp === null ? (
            (rank.host ?? UNKNOWN)
          ) : (
            <Link href={`/memory?by=node&row=${encodeURIComponent(rank.nodeIp)}&${time}`}>
              {rank.host ?? rank.nodeIp}
            </Link>
          )}
        </Fact>
        <Fact name="Newest trace">
          {rank.traceId === null ? UNKNOWN : <Link href={`/traces/${rank.traceId}`}>{rank.traceId.slice(0, 12)}</Link>}
        </Fact>
      </dl>
      <RanThere rank={rank} window={window} />
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-[12px] text-[var(--muted)]">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

/** By worker where spans name it, else by node. */
function RanThere({ rank, window }: { rank: RankWire; window: TimeWindow }) {
  const known = rank.workerId !== null || rank.nodeId !== null;
  const { data, error, refetch } = useApi(
    ranThenAddress,
    {
      from: String(Math.round(window.fromMs)),
      to: String(Math.round(window.toMs)),
      limit: 20,
      ...(rank.session === null ? {} : { session: rank.session }),
      ...(rank.workerId !== null ? { worker: rank.workerId } : rank.nodeId !== null ? { node: rank.nodeId } : {}),
    },
    { enabled: known, refreshMs: window.live ? 15_000 : false },
  );
  if (!known)
    return (
      <EmptyState title="What ran there is not known">
        Neither a Ray worker nor a Ray node is known for this rank: its spans need ray.worker_id, or its host the name
        of a node that Ray told of.
      </EmptyState>
    );
  if (!data)
    return error ? (
      <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
    ) : (
      <Skeleton rows={3} />
    );
  return (
    <div className="border-[var(--line)] border-t">
      <h3 className="px-4 pt-3 font-medium text-[13px]">
        What ran {rank.workerId === null ? 'on its node' : 'in its worker'} then ({data.rows.length} of{' '}
        {data.matched.toLocaleString('en-US')})
      </h3>
      {data.rows.length > 0 ? (
        <DataTable
          label="Attempts of this rank in this window"
          columns={COLUMNS}
          rows={data.rows}
          rowKey={(row) => `${row.session} ${row.taskId} ${row.attempt}`}
        />
      ) : (
        <EmptyState title="No task is known to have run there in this window" />
      )}
    </div>
  );
}
