'use client';
import { durationText } from '../../lib/chart/time-ticks.ts';
import { logsRoute, taskRoute } from '../../lib/contract/jobs.ts';
import { useApi } from '../queries/api-client.ts';
/** One task of the timeline: its attempts with every state, error, phases, spans and log lines. */
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';

const clock = (ns: string): string => new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(11, 23);

export function TimelineDetails({
  narrow,
  taskId,
  onClose,
}: {
  narrow: { jobId: string; session?: string };
  taskId: string;
  onClose: () => void;
}) {
  const task = useApi(taskRoute, { ...narrow, taskId });
  const logs = useApi(logsRoute, { ...narrow, taskId, tail: 200 }, { refreshMs: false });
  const close = (
    <button type="button" onClick={onClose} className="rounded border border-[var(--line)] px-2">
      Close
    </button>
  );
  return (
    <Panel title={`Task ${task.data?.functionName ?? taskId}`} actions={close}>
      {task.data === undefined ? (
        task.error ? (
          <ErrorState title="No details" detail={task.error.message} />
        ) : (
          <Skeleton />
        )
      ) : (
        <div className="grid gap-4 md:grid-cols-2">
          {task.data.attempts.map((attempt) => (
            <section key={attempt.attempt} aria-label={`Attempt ${attempt.attempt}`} className="min-w-0">
              <h3 className="font-medium">
                Attempt {attempt.attempt}: {attempt.state}
                {attempt.durationNs === null ? '' : `, ${durationText(Number(attempt.durationNs))}`}
              </h3>
              <ol className="mono mt-1">
                {attempt.states.map(({ state, timeNs }) => (
                  <li key={state}>
                    {clock(timeNs)} {state}
                  </li>
                ))}
              </ol>
              <p className="text-[var(--muted)]">
                {Object.entries(attempt.requiredResources)
                  .map(([name, amount]) => `${amount} ${name}`)
                  .join(', ')}
              </p>
              {attempt.errorType === null ? null : (
                <pre className="mt-1 max-h-60 overflow-auto whitespace-pre-wrap text-[var(--bad)]">
                  {attempt.errorType}: {attempt.errorMessage ?? ''}
                </pre>
              )}
              {attempt.spans.map((span) => (
                <p key={span.spanId}>
                  <Link href={`/traces/${span.traceId}?span=${span.spanId}`}>{span.name}</Link>{' '}
                  {durationText(Number(span.durationNs))}
                </p>
              ))}
            </section>
          ))}
          <section aria-label="Log lines" className="min-w-0 md:col-span-2">
            <h3 className="font-medium">Log lines</h3>
            {logs.data === undefined ? (
              <p className="text-[var(--muted)]">{logs.error?.message ?? 'Loading'}</p>
            ) : (
              <pre className="max-h-72 overflow-auto">{logs.data.lines.join('\n') || 'No line was written.'}</pre>
            )}
          </section>
        </div>
      )}
    </Panel>
  );
}
