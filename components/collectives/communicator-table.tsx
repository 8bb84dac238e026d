'use client';
/** Communicators with their bandwidth now and the rank that the others wait for. */
import { latenessOf } from '../../lib/chart/collectives/late-rank-sentence.ts';
import { microsecondsText, rankName } from '../../lib/chart/collectives/rank-strips.ts';
import { formatCount, formatGigabytesPerSecond, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { CommunicatorWire } from '../../lib/contract/collectives.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

/** `11-25 10:30:00`: two runs with one name may lie days apart. */
const secondsText = (ns: string): string =>
  new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');

export const SOURCE_TEXT = { spans: 'spans', 'nccl-inspector': 'NCCL Inspector' } as const;

function Verdict({ communicator }: { communicator: CommunicatorWire }) {
  const { slowTransfer, standstill } = communicator;
  if (standstill)
    return (
      <div>
        <StatusPill tone="bad">stands still</StatusPill>
        <div className="max-w-72 whitespace-normal text-[12px] text-[var(--muted)]">
          {standstill.silent.length > 0
            ? `never joined: ${standstill.silent.map(rankName).join(', ')}`
            : 'all ranks wait'}
        </div>
      </div>
    );
  return (
    <>
      <Lateness communicator={communicator} />
      {slowTransfer ? (
        <div className="mt-0.5">
          <StatusPill tone="bad">{`transfer at ${Math.round(slowTransfer.ratio * 100)} % of usual`}</StatusPill>
        </div>
      ) : null}
    </>
  );
}

function Lateness({ communicator }: { communicator: CommunicatorWire }) {
  const { lateRank, lateHost, verdict, reason, coverage } = communicator;
  const part =
    coverage !== null && coverage.timeShare < 0.95
      ? `, based on ${Math.round(coverage.timeShare * 100)} % of the time`
      : '';
  const late = lateRank ?? lateHost;
  if (late)
    return (
      <div>
        <StatusPill tone="bad">{lateRank ? rankName(lateRank) : `all of ${late.host}`}</StatusPill>
        <div className="text-[12px] text-[var(--muted)]">
          others wait {microsecondsText(Number(late.latenessNs) / 1e3)}, last in {Math.round(late.share * 100)} %{part}
        </div>
      </div>
    );
  if (verdict === 'no-late-rank') return <StatusPill tone="ok">{`no late rank${part}`}</StatusPill>;
  return (
    <div className="max-w-72 whitespace-normal">
      <StatusPill tone="quiet">cannot tell</StatusPill>
      <div className="text-[12px] text-[var(--muted)]">{reason}</div>
    </div>
  );
}

const columns = (
  selected: string,
  onSelect: (id: string) => void,
  isShared: (name: string) => boolean,
): readonly Column<CommunicatorWire>[] => [
  {
    key: 'name',
    title: 'Communicator',
    sort: (one) => one.name,
    cell: (one) => (
      <div>
        <button
          type="button"
          aria-pressed={one.id === selected}
          className="text-left font-medium text-[var(--accent)] hover:underline aria-pressed:text-[var(--text)]"
          onClick={() => onSelect(one.id)}
        >
          <span aria-hidden="true">{one.id === selected ? '▸ ' : ''}</span>
          {one.name}
        </button>
        {one.firstNs !== null && isShared(one.name) ? (
          <div className="text-[12px] text-[var(--muted)]">first in this window: {secondsText(one.firstNs)} UTC</div>
        ) : null}
      </div>
    ),
  },
  { key: 'source', title: 'Source', sort: (one) => one.source, cell: (one) => SOURCE_TEXT[one.source] },
  {
    key: 'ranks',
    title: 'Ranks',
    align: 'right',
    sort: (one) => one.ranks ?? 0,
    cell: (one) =>
      one.ranks !== null && one.reporting !== one.ranks
        ? `${formatCount(one.reporting)} of ${formatCount(one.ranks)}`
        : formatCount(one.ranks),
  },
  {
    key: 'nodes',
    title: 'Nodes',
    align: 'right',
    sort: (one) => one.nodes ?? 0,
    cell: (one) => formatCount(one.nodes),
  },
  {
    key: 'operations',
    title: 'Operations',
    align: 'right',
    sort: (one) => one.operations ?? -1,
    cell: (one) => formatCount(one.operations),
  },
  {
    key: 'busbw',
    title: 'Bus bandwidth now',
    align: 'right',
    sort: (one) => one.busbwNow?.median ?? -1,
    cell: (one) =>
      one.busbwNow ? (
        <div>
          {formatGigabytesPerSecond(one.busbwNow.median)}
          <div className="text-[12px] text-[var(--muted)]">
            {Number(one.busbwNow.min.toPrecision(3))} to {Number(one.busbwNow.max.toPrecision(3))} over ranks
          </div>
        </div>
      ) : (
        UNKNOWN
      ),
  },
  {
    key: 'late',
    title: 'Late, slow',
    sort: latenessOf,
    cell: (one) => (
      <>
        <Verdict communicator={one} />
        {one.frozenSinceNs === null ? null : (
          <StatusPill tone="warn">{`frozen since ${new Date(Number(BigInt(one.frozenSinceNs) / 1_000_000n)).toISOString().slice(11, 16)} UTC`}</StatusPill>
        )}
      </>
    ),
  },
];

export function CommunicatorTable({
  communicators,
  selected,
  onSelect,
}: {
  communicators: readonly CommunicatorWire[];
  selected: string;
  onSelect: (id: string) => void;
}) {
  const times = new Map<string, number>();
  for (const { name, source } of communicators) if (source === 'spans') times.set(name, (times.get(name) ?? 0) + 1);
  return (
    <DataTable
      label="Communicators"
      columns={columns(selected, onSelect, (name) => (times.get(name) ?? 0) > 1)}
      rows={communicators}
      rowKey={(one) => one.id}
    />
  );
}
