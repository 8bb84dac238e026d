'use client';
/** Shares that can still be opened, and how often they were; revokes them. Their links are not known here. */
import { useState } from 'react';
import { formatBytes, formatCount } from '../../lib/chart/format/number-format.ts';
import { agoText, timestampText } from '../../lib/chart/format/timestamp-text.ts';
import type { SharesWire } from '../../lib/contract/shares.ts';
import { useNow } from '../queries/frozen.tsx';
import { useRevokeShare, useShares } from '../queries/shares.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

type Row = SharesWire['shares'][number];
const button = 'rounded border border-[var(--line)] px-2 py-0.5 hover:bg-[var(--panel-2)] disabled:opacity-60';

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'share',
    title: 'Share',
    sort: (row) => row.title || row.path,
    cell: (row) => (
      <div className="max-w-md">
        <div className="truncate font-medium">{row.title || 'Without title'}</div>
        <Link href={row.path} className="mono block truncate" title={row.path}>
          {row.path}
        </Link>
      </div>
    ),
  },
  { key: 'created', title: 'Created (UTC)', sort: (row) => row.createdAt, cell: (row) => timestampText(row.createdAt) },
  {
    key: 'expires',
    title: 'Expires (UTC)',
    sort: (row) => row.expiresAt ?? '9999',
    cell: (row) => (row.expiresAt ? timestampText(row.expiresAt) : 'never'),
  },
  {
    key: 'opened',
    title: 'Opened',
    align: 'right',
    sort: (row) => row.opened,
    cell: (row) => <Opened row={row} />,
  },
  { key: 'size', title: 'Size', align: 'right', sort: (row) => row.bytes, cell: (row) => formatBytes(row.bytes) },
  { key: 'revoke', title: 'Revoke', align: 'right', cell: (row) => <Revoke row={row} /> },
];

function Opened({ row }: { row: Row }) {
  const now = useNow(30_000);
  return (
    <>
      {formatCount(row.opened)}
      <div className="text-[12px] text-[var(--muted)]">
        {row.lastOpenedAt ? agoText(now - Date.parse(row.lastOpenedAt)) : 'not yet'}
      </div>
    </>
  );
}

/** Asks once more, because nothing brings the link back. */
function Revoke({ row }: { row: Row }) {
  const revoke = useRevokeShare();
  const [requested, setRequested] = useState(false);
  const name = row.title || row.path;
  if (revoke.error)
    return (
      <span role="alert" className="whitespace-normal text-[var(--bad)]">
        {revoke.error.message}
      </span>
    );
  if (!requested)
    return (
      <button type="button" aria-label={`Revoke ${name}`} className={button} onClick={() => setRequested(true)}>
        Revoke
      </button>
    );
  return (
    <span className="inline-flex gap-2">
      <button type="button" className={button} onClick={() => setRequested(false)}>
        Keep
      </button>
      <button
        type="button"
        aria-label={`Revoke ${name} for good`}
        className={`${button} text-[var(--bad)]`}
        disabled={revoke.isPending || revoke.isSuccess}
        onClick={() => revoke.mutate(row.id)}
      >
        Revoke for good
      </button>
    </span>
  );
}

export function SharesPage() {
  const { data, error, refetch } = useShares();
  return (
    <>
      <h1 className="font-semibold text-[18px]">Shares</h1>
      <p className="max-w-prose text-[var(--muted)]">
        Frozen pages that anyone with their link can open. X-Ray keeps no link, only its hash: it cannot be shown again.
        Expired and revoked shares are not listed.
      </p>
      {data && error ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      <Panel title={data ? `${formatCount(data.shares.length)} shares` : 'Shares'} flush>
        {data ? (
          data.shares.length > 0 ? (
            <DataTable label="Shares" columns={COLUMNS} rows={data.shares} rowKey={(row) => row.id} />
          ) : (
            <EmptyState title="Nothing is shared">
              Share at the top of every page freezes it and gives a link.
            </EmptyState>
          )
        ) : error ? (
          <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
        ) : (
          <Skeleton />
        )}
      </Panel>
    </>
  );
}
