'use client';
/** One attempt in full: every state with the time in it, its chain, where it ran, how it compares, error, phases, spans. */
import { X } from 'lucide-react';
import { Fragment, useEffect, useRef } from 'react';
import { attemptStateRows } from '../../lib/chart/colour/attempt-states.ts';
import { clockText, durationText } from '../../lib/chart/time-series/time-ticks.ts';
import type { AttemptDetailWire, TaskWire } from '../../lib/contract/jobs.ts';
import { taskAddress } from '../../lib/contract/requests/addresses.ts';
import { TaskLog } from '../panels/task-log.tsx';
import { useApi } from '../queries/api-client.ts';
import { useNow } from '../queries/frozen.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Link } from '../ui/link.tsx';
import { NotListed } from '../ui/not-listed.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import { AttemptFacts } from './attempt-facts.tsx';
import { DurationSpread, type Spread } from './timeline-spread.tsx';
import { attemptTone } from './timeline-table.tsx';

const clock = (ns: string): string => clockText(BigInt(ns), 1e6);

export function TimelineDetails({
  jobRef,
  taskId,
  attempt,
  lane,
  nodeName,
  actor,
  spreadOf,
  onAttempt,
  onTask,
  onClose,
}: {
  jobRef: { readonly jobId: string; readonly session?: string };
  taskId: string;
  attempt: number;
  /** "worker 2556 on sim-node-0"; '' where it never ran. */
  lane: string;
  nodeName: string | null;
  actor: string | null;
  /** How long attempts of a function take; null where that is not known. */
  spreadOf: (functionName: string) => Spread | null;
  onAttempt: (attempt: number) => void;
  /** Another task was chosen. */
  onTask: (taskId: string) => void;
  onClose: () => void;
}) {
  const task = useApi(taskAddress, { ...jobRef, taskId });
  const found = task.data?.taskId === taskId ? task.data : undefined;
  const shown = found?.attempts.find((each) => each.attempt === attempt) ?? found?.attempts.at(-1);
  return (
    <section aria-label="Selected task" className="min-w-0 rounded-md border border-[var(--line)] bg-[var(--panel)]">
      <header className="flex items-start justify-between gap-3 border-[var(--line)] border-b px-4 py-2.5">
        <div className="min-w-0">
          <h2 className="mono truncate font-semibold text-[13px]">{found?.functionName || 'Task'}</h2>
          <p className="truncate text-[12px] text-[var(--muted)]">{lane}</p>
        </div>
        <button
          type="button"
          aria-label="Close details"
          className="rounded p-1 hover:bg-[var(--panel-2)]"
          onClick={onClose}
        >
          <X aria-hidden="true" size={15} />
        </button>
      </header>
      {found === undefined || shown === undefined ? (
        task.error ? (
          <ErrorState
            title={task.error.problem.title}
            detail={task.error.message}
            onRetry={() => void task.refetch()}
          />
        ) : (
          <Skeleton rows={6} />
        )
      ) : (
        <div className="space-y-4 px-4 py-3">
          <Chain task={found} shown={shown.attempt} onAttempt={onAttempt} />
          <NotListed count={found.omitted} one="earlier attempt" many="earlier attempts" />
          <States shown={shown} />
          <DurationSpread
            durationNs={shown.durationNs === null ? null : Number(shown.durationNs)}
            spread={spreadOf(found.functionName ?? '')}
          />
          {shown.errorType === null ? null : <Failure shown={shown} />}
          <AttemptFacts shown={shown} nodeName={nodeName} actor={actor} onTask={onTask} />
          <Phases shown={shown} />
          <Spans shown={shown} />
          <TaskLog
            key={`${taskId} ${shown.attempt}`}
            jobId={jobRef.jobId}
            session={jobRef.session ?? null}
            taskId={taskId}
            attempt={shown.attempt}
            live={shown.endNs === null}
            initialStream={shown.errorType === null ? 'out' : 'err'}
            height="12rem"
          />
          <div className="flex flex-wrap gap-2">
            <CopyButton label="Copy as JSON" text={() => JSON.stringify(shown, null, 2)} />
            <CopyButton label="Copy State API command" text={() => `ray get tasks ${taskId}`} />
          </div>
        </div>
      )}
    </section>
  );
}

function Chain({ task, shown, onAttempt }: { task: TaskWire; shown: number; onAttempt: (attempt: number) => void }) {
  const chosen = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Newer browsers answer with a promise, which React would take for the effect's clean-up.
    void chosen.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, []);
  return (
    <ol aria-label="Attempts of this task" className="flex max-h-24 flex-wrap gap-1 overflow-y-auto">
      {task.attempts.map((each) => (
        <li key={each.attempt}>
          <button
            ref={each.attempt === shown ? chosen : null}
            type="button"
            aria-pressed={each.attempt === shown}
            className="rounded border border-[var(--line)] px-2 py-0.5 text-[12px] hover:bg-[var(--panel-2)] aria-pressed:border-[var(--accent)] aria-pressed:bg-[var(--panel-2)]"
            onClick={() => onAttempt(each.attempt)}
          >
            <span className="mr-2 text-[var(--muted)]">attempt {each.attempt}</span>
            <StatusPill tone={attemptTone(each.state)}>{each.state}</StatusPill>
          </button>
        </li>
      ))}
    </ol>
  );
}

function States({ shown }: { shown: AttemptDetailWire }) {
  const now = useNow(5_000);
  const rows = attemptStateRows(shown.states, BigInt(now) * 1_000_000n);
  if (rows.length === 0) return <p className="text-[var(--muted)]">No state of this attempt has been reported.</p>;
  return (
    <table className="w-full text-[12px]">
      <caption className="sr-only">States with the time spent in each</caption>
      <thead className="text-[var(--muted)]">
        <tr>
          <th scope="col" className="pb-1 text-left font-normal">
            State
          </th>
          <th scope="col" className="pb-1 text-left font-normal">
            At (UTC)
          </th>
          <th scope="col" className="pb-1 text-right font-normal">
            Time in it
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.state} className="align-top">
            <td className="pr-2">
              <span className="mono text-[11px]">
                {row.state.split('_').map((word, at, all) => (
                  // A name breaks at its underscores where the panel is narrow.
                  <Fragment key={word}>
                    {word}
                    {at < all.length - 1 ? (
                      <>
                        _<wbr />
                      </>
                    ) : null}
                  </Fragment>
                ))}
              </span>
              <span aria-hidden="true" className="relative mt-0.5 mb-1 block h-[3px] rounded-full bg-[var(--panel-2)]">
                <span
                  className="absolute h-full rounded-full"
                  style={{
                    left: `${100 * row.at}%`,
                    width: `max(2px, ${100 * row.share}%)`,
                    background:
                      row.state === 'FAILED'
                        ? 'var(--bad)'
                        : row.state.startsWith('RUNNING')
                          ? 'var(--accent)'
                          : 'var(--muted)',
                  }}
                />
              </span>
            </td>
            <td className="mono pr-2 text-[11px]">{clock(row.timeNs)}</td>
            <td className="whitespace-nowrap text-right">{row.spentNs === null ? '' : durationText(row.spentNs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Failure({ shown }: { shown: AttemptDetailWire }) {
  return (
    <section aria-label="Error" className="rounded border border-[var(--bad)]">
      <h3 className="border-[var(--line)] border-b px-3 py-1.5 text-[12px]">
        <StatusPill tone="bad">{shown.errorType ?? 'FAILED'}</StatusPill>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div tabIndex={0} className="max-h-56 overflow-auto px-3 py-2">
        <pre className="m-0 whitespace-pre-wrap break-words text-[11px] leading-4">
          {shown.errorMessage ?? 'Ray gave no message.'}
        </pre>
      </div>
    </section>
  );
}

function Phases({ shown }: { shown: AttemptDetailWire }) {
  if (shown.phases.length === 0) return null;
  return (
    <section aria-label="Phases">
      <h3 className="mb-1 text-[12px] text-[var(--muted)]">Phases</h3>
      <ul className="space-y-0.5 text-[12px]">
        {shown.phases.map((phase) => (
          <li key={`${phase.name} ${phase.startNs}`} className="flex justify-between gap-2">
            <span className="mono min-w-0 truncate text-[11px]">{phase.name}</span>
            <span>{durationText(Number(BigInt(phase.endNs) - BigInt(phase.startNs)))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Spans({ shown }: { shown: AttemptDetailWire }) {
  return (
    <section aria-label="Spans">
      <h3 className="mb-1 text-[12px] text-[var(--muted)]">Spans</h3>
      {shown.spans.length === 0 ? (
        <p className="text-[12px] text-[var(--muted)]">No span carries this task id.</p>
      ) : (
        <ul className="space-y-0.5 text-[12px]">
          {shown.spans.map((span) => (
            <li key={span.spanId} className="flex justify-between gap-2">
              <Link className="min-w-0 truncate" href={`/traces/${span.traceId}?span=${span.spanId}`}>
                {span.name}
              </Link>
              <span>{durationText(Number(span.durationNs))}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
