'use client';
/** OOM kills: who was killed, who held the most, and what became of the work. The victim need not be the culprit. */
import {
  formatBytes,
  formatCount,
  formatShare,
  formatTimestamp,
  UNKNOWN,
} from '../../lib/chart/format/number-format.ts';
import type { OomKillWire, OomWire } from '../../lib/contract/memory.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const OUTCOMES: Readonly<Record<OomKillWire['outcome'], readonly [Tone, string]>> = {
  recovered: ['ok', 'recovered by a retry'],
  retrying: ['busy', 'retrying'],
  lost: ['bad', 'lost'],
  nothing: ['quiet', 'no work was lost'],
  unknown: ['quiet', 'not known'],
};
const KIND_NAMES: Readonly<Record<OomKillWire['kind'], string>> = {
  task: 'task',
  actor: 'actor',
  idle_worker: 'idle worker',
  driver: 'driver',
};

function chainHref(kill: OomKillWire): string | null {
  if (kill.taskId === null || kill.jobId === null) return null;
  const [from, to] = [BigInt(kill.timeNs) - 60_000_000_000n, BigInt(kill.timeNs) + 60_000_000_000n];
  return `/jobs/${encodeURIComponent(kill.jobId)}/timeline?session=${encodeURIComponent(kill.session)}&from=${from}&to=${to}&sel=${kill.taskId}:${kill.attempt ?? 0}`;
}

function Others({ kill }: { kill: OomKillWire }) {
  if (kill.source === 'metric') return <span className="text-[var(--muted)]">the counter does not say</span>;
  if (kill.culprit)
    return (
      <>
        <div className="max-w-64 truncate" title={kill.culprit.name}>
          {kill.culprit.name || `pid ${kill.culprit.pid}`}
        </div>
        <div className="text-[12px] text-[var(--warn)]">{formatBytes(kill.culprit.usedBytes)}, not the victim</div>
      </>
    );
  return (
    <span className="text-[var(--muted)]">
      {kill.others.length > 0 ? 'the victim itself' : kill.message === '' ? UNKNOWN : 'no other is named'}
    </span>
  );
}

function Report({ kill }: { kill: OomKillWire }) {
  if (kill.message === '') return <span className="text-[var(--muted)]">{kill.source}</span>;
  return (
    <details className="max-w-[520px]">
      <summary className="cursor-pointer text-[var(--accent)]">Ray's report</summary>
      {kill.others.length > 0 ? (
        <ul className="my-2 space-y-0.5 text-[12px]" aria-label="Who held memory on the node">
          {kill.others.slice(0, 5).map((user) => (
            <li key={user.pid} className="flex justify-between gap-4">
              <span className="truncate">{user.name || `pid ${user.pid}`}</span>
              <span>{formatBytes(user.usedBytes)}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <pre className="max-h-72 overflow-y-auto whitespace-pre-wrap break-words">{kill.message}</pre>
    </details>
  );
}

function columns(onShow: (kill: OomKillWire) => void): readonly Column<OomKillWire>[] {
  return [
    {
      key: 'when',
      title: 'When (UTC)',
      sort: (kill) => kill.timeNs,
      cell: (kill) => (
        <button
          type="button"
          className="text-[var(--accent)] underline underline-offset-2"
          title="Show on the heat map what ran there then"
          onClick={() => onShow(kill)}
        >
          {formatTimestamp(kill.timeNs)}
        </button>
      ),
    },
    {
      key: 'victim',
      title: 'Victim',
      sort: (kill) => kill.name,
      cell: (kill) => (
        <>
          <div className="max-w-64 truncate" title={kill.name}>
            {kill.name || UNKNOWN}
          </div>
          <div className="text-[12px] text-[var(--muted)]">
            {KIND_NAMES[kill.kind]}
            {kill.functionName && !kill.name.includes(kill.functionName) ? ` in ${kill.functionName}` : ''}
            {kill.pid === null ? '' : `, pid ${kill.pid}`}
          </div>
        </>
      ),
    },
    {
      key: 'used',
      title: 'Held',
      align: 'right',
      sort: (kill) => kill.usedBytes ?? -1,
      cell: (kill) => formatBytes(kill.usedBytes),
    },
    {
      key: 'node',
      title: 'Node, used of total',
      sort: (kill) => kill.nodeName ?? kill.nodeIp ?? '',
      cell: (kill) => (
        <>
          <div>{kill.nodeName ?? kill.nodeIp ?? UNKNOWN}</div>
          {kill.nodeUsedBytes !== null && kill.nodeTotalBytes !== null ? (
            <div className="text-[12px] text-[var(--muted)]">
              {formatBytes(kill.nodeUsedBytes)} of {formatBytes(kill.nodeTotalBytes)} (
              {formatShare(kill.nodeUsedBytes / kill.nodeTotalBytes)})
              {kill.nodeThresholdBytes ? <>, kill threshold {formatBytes(kill.nodeThresholdBytes)}</> : null}
            </div>
          ) : null}
        </>
      ),
    },
    {
      key: 'culprit',
      title: 'Largest user at the kill',
      sort: (kill) => kill.culprit?.usedBytes ?? 0,
      cell: (kill) => <Others kill={kill} />,
    },
    {
      key: 'outcome',
      title: 'Outcome',
      sort: (kill) => kill.outcome,
      cell: (kill) => {
        const [tone, text] = OUTCOMES[kill.outcome];
        const href = chainHref(kill);
        return (
          <>
            <StatusPill tone={tone}>{text}</StatusPill>
            {href ? (
              <div className="text-[12px]">
                <Link href={href}>
                  attempt {kill.attempt ?? 0}, {kill.attempts ?? 1} in all
                </Link>
              </div>
            ) : null}
          </>
        );
      },
    },
    { key: 'report', title: 'Report', cell: (kill) => <Report kill={kill} /> },
  ];
}

export function MemoryKills({ answer, onShow }: { answer: OomWire; onShow: (kill: OomKillWire) => void }) {
  const { kills, totals } = answer;
  if (kills.length === 0)
    return (
      <EmptyState title="Nothing was killed for memory in this window">
        {answer.notices.length > 0 ? 'As far as the sources that answered know.' : 'That is good.'}
      </EmptyState>
    );
  // Kills that only the counter tells have nothing of their own but their place.
  const index = new Map(kills.map((kill, i) => [kill, i]));
  const figures: readonly [string, number, Tone | null][] = [
    ['kills', totals.kills, null],
    ['recovered by a retry', totals.recovered, 'ok'],
    ['retrying', totals.retrying, 'busy'],
    ['lost', totals.lost, 'bad'],
    ['idle workers', totals.idle, 'quiet'],
    ['of unknown outcome', totals.unknown, 'quiet'],
  ];
  return (
    <>
      <ul aria-label="Totals" className="flex flex-wrap gap-x-6 gap-y-1 border-[var(--line)] border-b px-4 py-3">
        {figures
          .filter(([name, count]) => count > 0 || name === 'kills' || name === 'lost')
          .map(([name, count, tone]) => (
            <li key={name} className="flex items-baseline gap-1.5">
              <span className="font-semibold text-[16px]">{formatCount(count)}</span>
              {tone ? <StatusPill tone={tone}>{name}</StatusPill> : <span className="text-[var(--muted)]">{name}</span>}
            </li>
          ))}
        {answer.limited ? <li className="text-[var(--warn)]">▲ only the newest are listed</li> : null}
      </ul>
      <DataTable
        label="OOM kills"
        columns={columns(onShow)}
        rows={kills}
        rowKey={(kill) => `${kill.session} ${kill.workerId ?? `${kill.timeNs} ${index.get(kill)}`}`}
      />
    </>
  );
}
