'use client';
/** One log, of a driver or of an attempt: loading, not there, kept copy, and the lines. */
import { useState } from 'react';
import type { LogsWire } from '../../lib/contract/jobs.ts';
import { logsAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { isLate } from '../queries/late-notices.ts';
import { LogView } from '../ui/log-view.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { SourceNotices } from './source-notices.tsx';

const TAILS = [1_000, 10_000, 50_000] as const;
const FOLLOW_MS = 2_000;

export interface LogQuestion {
  readonly jobId: string;
  readonly session?: string;
  readonly taskId?: string;
  readonly attempt?: number;
  readonly stream?: 'out' | 'err';
}

/** `live`: more may come. Opens at its end; follows while it is live and nobody scrolls up. */
export function LogLines({
  question,
  label,
  live,
  height,
}: {
  question: LogQuestion;
  label: string;
  live: boolean;
  height: string;
}) {
  const [follow, setFollow] = useState(true);
  const [tail, setTail] = useState<number>(TAILS[0]);
  const log = useApi(logsAddress, { ...question, tail }, { refreshMs: live ? (follow ? FOLLOW_MS : 10_000) : false });
  if (!log.data)
    return log.error ? (
      <ErrorState title={log.error.problem.title} detail={log.error.message} onRetry={() => void log.refetch()} />
    ) : (
      <Skeleton />
    );
  const { data } = log;
  const more = TAILS.find((count) => count > tail);
  return (
    <>
      {data.notices.some(({ kind }) => kind !== 'late') ? (
        <div className="p-4">
          <SourceNotices notices={data.notices} />
        </div>
      ) : null}
      {log.error ? <p className="px-4 py-2 text-[var(--warn)]">Not refreshed: {log.error.message}</p> : null}
      {data.lines.length > 0 ? (
        <LogView
          label={label}
          lines={data.lines}
          fileName={fileName(question)}
          height={height}
          follow={live && !data.kept ? follow : null}
          onFollow={setFollow}
        />
      ) : isLate(data) ? (
        <div style={{ height }} className="px-4 py-2 text-[var(--muted)]">
          Ray has not answered yet. The log appears here when it comes.
        </div>
      ) : data.notices.length === 0 ? (
        <EmptyState title="Nothing was written here" />
      ) : null}
      {data.lines.length > 0 ? (
        <p className="flex flex-wrap items-center gap-2 border-[var(--line)] border-t px-4 py-1.5 text-[12px] text-[var(--muted)]">
          <span className="mono break-all">{origin(data)}</span>
          {data.truncated && more ? (
            <button type="button" className="text-[var(--accent)] underline" onClick={() => setTail(more)}>
              Show the last {more.toLocaleString('en-US')} lines
            </button>
          ) : data.truncated ? (
            <span>Only the last {tail.toLocaleString('en-US')} lines are shown.</span>
          ) : null}
        </p>
      ) : null}
    </>
  );
}

const origin = (log: LogsWire): string => `${log.kept ? 'kept by X-Ray from ' : 'from '}${log.origin}`;

const fileName = ({ jobId, taskId, attempt, stream }: LogQuestion): string =>
  `${taskId ? `${taskId}-${attempt ?? 0}.${stream ?? 'out'}` : jobId}.log`;
