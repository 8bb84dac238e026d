'use client';
/** Failed attempts of a job; one of them opens to its error and to what it wrote before it failed. */
import { parseAsString, useQueryState } from 'nuqs';
import { useState } from 'react';
import { formatCount, formatDuration, formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { AttemptWireValue } from '../../lib/contract/jobs.ts';
import { tasksAddress } from '../../lib/contract/requests/addresses.ts';
import { withoutAnsi } from '../../lib/model/without-ansi.ts';
import { TaskLog } from '../panels/task-log.tsx';
import { useApi } from '../queries/api-client.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

const LIMIT = 100;
/** Rows before somebody asks for the rest: the log below must not be pages away. */
const FIRST = 12;

/** Python tracebacks say what happened in their last line. */
function lastLine(message: string): string {
  const plain = withoutAnsi(message).trim();
  return plain.slice(plain.lastIndexOf('\n') + 1);
}

const keyOf = (attempt: AttemptWireValue): string => `${attempt.taskId}.${attempt.attempt}`;

const columns = (open: string | null, onOpen: (key: string) => void): readonly Column<AttemptWireValue>[] => [
  {
    key: 'name',
    title: 'Function',
    sort: (row) => row.functionName,
    cell: (row) => (
      <button
        type="button"
        aria-expanded={open === keyOf(row)}
        onClick={() => onOpen(keyOf(row))}
        className="mono text-[var(--accent)] hover:underline"
      >
        {row.functionName}
      </button>
    ),
  },
  {
    key: 'error',
    title: 'Error',
    sort: (row) => row.errorType ?? '',
    cell: (row) => <StatusPill tone="bad">{row.errorType ?? 'FAILED'}</StatusPill>,
  },
  {
    key: 'message',
    title: 'Message',
    cell: (row) => (
      <div className="max-w-[480px] truncate" title={row.errorMessage ? lastLine(row.errorMessage) : ''}>
        {row.errorMessage ? lastLine(row.errorMessage) : UNKNOWN}
      </div>
    ),
  },
  { key: 'attempt', title: 'Attempt', align: 'right', sort: (row) => row.attempt, cell: (row) => row.attempt },
  { key: 'end', title: 'Ended (UTC)', sort: (row) => row.endNs ?? '', cell: (row) => formatTimestamp(row.endNs) },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    sort: (row) => Number(row.durationNs ?? 0),
    cell: (row) => formatDuration(row.durationNs),
  },
  { key: 'node', title: 'Node', cell: (row) => <span className="mono">{row.nodeId?.slice(0, 8) ?? UNKNOWN}</span> },
  { key: 'task', title: 'Task', cell: (row) => <span className="mono">{row.taskId.slice(0, 16)}</span> },
];

function Failure({
  which,
  attempt,
  onClose,
}: {
  which: { jobId: string; session?: string };
  attempt: AttemptWireValue;
  onClose: () => void;
}) {
  const address = `/jobs/${encodeURIComponent(which.jobId)}/timeline?${which.session ? `session=${encodeURIComponent(which.session)}&` : ''}task=${attempt.taskId}`;
  return (
    <section
      aria-label={`Failure of ${attempt.functionName}`}
      className="space-y-3 border-[var(--line)] border-b bg-[var(--panel-2)] p-4"
    >
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h3 className="font-medium">
          <span className="mono">{attempt.functionName}</span>, attempt {attempt.attempt}
        </h3>
        <StatusPill tone="bad">{attempt.errorType ?? 'FAILED'}</StatusPill>
        <span className="text-[var(--muted)]">
          {formatTimestamp(attempt.startNs)} to {formatTimestamp(attempt.endNs)} UTC
          {attempt.workerPid === null ? '' : `, pid ${attempt.workerPid}`}
          {attempt.nodeId === null ? '' : `, node ${attempt.nodeId.slice(0, 8)}`}
        </span>
        <span className="ml-auto flex gap-4">
          <Link href={address}>On the timeline</Link>
          <button type="button" onClick={onClose} className="rounded border border-[var(--line)] px-2">
            Close
          </button>
        </span>
      </div>
      {attempt.errorMessage === null ? (
        <p className="text-[var(--muted)]">Ray gave no message.</p>
      ) : (
        <section
          aria-label="Error message"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          className="max-h-72 overflow-auto rounded border border-[var(--line)] bg-[var(--panel)] p-3"
        >
          <pre className="whitespace-pre-wrap">{withoutAnsi(attempt.errorMessage)}</pre>
        </section>
      )}
      <TaskLog
        jobId={which.jobId}
        session={which.session ?? null}
        taskId={attempt.taskId}
        attempt={attempt.attempt}
        initialStream="err"
        height="12rem"
      />
    </section>
  );
}

export function JobFailures({ which }: { which: { jobId: string; session?: string } }) {
  const failures = useApi(tasksAddress, { ...which, state: 'FAILED', limit: LIMIT });
  const [open, setOpen] = useQueryState('failure', parseAsString.withOptions({ history: 'push' }));
  const [all, setAll] = useState(false);
  const shown = failures.data?.tasks.find((attempt) => keyOf(attempt) === open) ?? null;
  const title = failures.data
    ? `Failed attempts: ${formatCount(failures.data.matched)}${failures.data.nextCursor ? `, the first ${LIMIT}` : ''}`
    : 'Failed attempts';
  return (
    <Panel title={title} flush>
      {failures.data ? (
        failures.data.tasks.length > 0 ? (
          <>
            {shown ? (
              <Failure key={keyOf(shown)} which={which} attempt={shown} onClose={() => void setOpen(null)} />
            ) : null}
            <DataTable
              label="Attempts that failed"
              columns={columns(open, (key) => void setOpen(key === open ? null : key))}
              rows={all ? failures.data.tasks : failures.data.tasks.slice(0, FIRST)}
              rowKey={keyOf}
            />
            {failures.data.tasks.length > FIRST ? (
              <p className="border-[var(--line)] border-t px-4 py-2">
                <button type="button" onClick={() => setAll(!all)} className="text-[var(--accent)] hover:underline">
                  {all ? `Show the first ${FIRST}` : `Show all ${failures.data.tasks.length}`}
                </button>
              </p>
            ) : null}
          </>
        ) : (
          <EmptyState title="No attempt of this job has failed" />
        )
      ) : failures.error ? (
        <ErrorState
          title={failures.error.problem.title}
          detail={failures.error.message}
          onRetry={() => void failures.refetch()}
        />
      ) : (
        <Skeleton />
      )}
    </Panel>
  );
}
