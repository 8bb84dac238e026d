'use client';
/** One span in full: attributes, events, links, resource, and the Ray task it is. */
import { X } from 'lucide-react';
import { clockText, durationText } from '../../lib/chart/time-series/time-ticks.ts';
import type { SpanWireValue } from '../../lib/contract/traces.ts';
import { CLOCK_NOTE, LINKS_NOTE } from '../../lib/model/span.ts';
import { useSpan } from '../queries/trace.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Link } from '../ui/link.tsx';
import { NotListed } from '../ui/not-listed.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

function Attributes({
  title,
  note,
  values,
}: {
  title: string;
  note?: string;
  values: Readonly<Record<string, string>>;
}) {
  const entries = Object.entries(values);
  if (entries.length === 0 && note === undefined) return null;
  return (
    <section aria-label={title}>
      <h3 className="mb-1 flex justify-between text-[12px] text-[var(--muted)]">
        <span>{title}</span>
        <span>{note}</span>
      </h3>
      <dl className="space-y-0.5 text-[11px]">
        {entries.map(([key, value]) => (
          <div key={key} className="grid grid-cols-[minmax(6rem,2fr)_3fr] gap-2">
            <dt className="mono break-all text-[11px] text-[var(--muted)]">{key}</dt>
            <dd className="mono m-0 max-h-40 overflow-auto whitespace-pre-wrap break-all text-[11px]">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The timeline of the task's job at the window of the span, with the task chosen. */
function timelineLink(span: SpanWireValue, task: NonNullable<SpanWireValue['task']>): string {
  const start = BigInt(span.startNs);
  const length = BigInt(span.durationNs);
  const air = length / 2n + 500_000_000n;
  const query = new URLSearchParams({
    session: task.session,
    sel: `${task.taskId}:${task.attempt}`,
    from: String(start - air),
    to: String(start + length + air),
  });
  return `/jobs/${encodeURIComponent(task.jobId)}/timeline?${query}`;
}

interface SpanDetailsProps {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceStartNs: bigint;
  /** The span in full, where it is here already. */
  readonly known: SpanWireValue | undefined;
  /** ns of it on the critical path of the trace. */
  readonly criticalNs: number;
  readonly onClose: () => void;
}

export function SpanDetails(props: SpanDetailsProps) {
  const { span, error } = useSpan(props.traceId, props.spanId, props.known);
  return (
    <section aria-label="Span" className="min-w-0 rounded-md border border-[var(--line)] bg-[var(--panel)]">
      <header className="flex min-h-14 items-start justify-between gap-3 border-[var(--line)] border-b px-4 py-2.5">
        <div className="min-w-0">
          <h2 className="max-h-24 overflow-y-auto break-words font-semibold text-[13px]">{span?.name ?? 'Span'}</h2>
          <p className="text-[12px] text-[var(--muted)]">{span?.serviceName ?? props.spanId}</p>
        </div>
        <button
          type="button"
          aria-label="Close span"
          className="rounded p-1 hover:bg-[var(--panel-2)]"
          onClick={props.onClose}
        >
          <X aria-hidden="true" size={15} />
        </button>
      </header>
      {span !== undefined ? (
        <SpanBody span={span} {...props} />
      ) : error ? (
        <ErrorState title={error.problem.title} detail={error.message} />
      ) : (
        <div className="p-4">
          <Skeleton rows={8} />
        </div>
      )}
    </section>
  );
}

function SpanBody({ span, traceStartNs, criticalNs }: SpanDetailsProps & { readonly span: SpanWireValue }) {
  const { task } = span;
  const offset = Number(BigInt(span.startNs) - traceStartNs);
  const length = Number(span.durationNs);
  const facts: readonly (readonly [string, string])[] = [
    ['Start', `${clockText(BigInt(span.startNs), 1e3)} UTC, ${durationText(offset)} into the trace`],
    ['Duration', span.attributes[CLOCK_NOTE] === undefined ? durationText(length) : 'unknown'],
    [
      'Critical',
      criticalNs === 0
        ? ''
        : `${durationText(criticalNs)} on the critical path, ${Math.round((100 * criticalNs) / Math.max(1, length))} % of it`,
    ],
    ['Kind', span.kind],
    ['Scope', span.scopeName],
    ['Span', span.spanId],
    ['Parent', span.parentSpanId],
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <div tabIndex={0} className="max-h-[74vh] space-y-4 overflow-y-auto px-4 py-3">
      {span.statusCode === 'Error' ? (
        <p className="rounded border border-[var(--bad)] px-3 py-2">
          <StatusPill tone="bad">Error</StatusPill> {span.statusMessage}
        </p>
      ) : null}
      {[span.attributes[CLOCK_NOTE], span.attributes[LINKS_NOTE]].map((note, i) =>
        note === undefined ? null : (
          <p key={note} className="rounded border border-[var(--warn)] px-3 py-2">
            <StatusPill tone="warn">{i === 0 ? 'Clock' : 'Links'}</StatusPill> {note}
          </p>
        ),
      )}
      {task === null ? null : (
        <section aria-label="Ray task" className="rounded bg-[var(--panel-2)] px-3 py-2">
          <p>
            <span className="text-[var(--muted)]">Ray task </span>
            <Link href={timelineLink(span, task)}>
              {task.functionName}, attempt {task.attempt}
            </Link>{' '}
            <StatusPill tone={task.state === 'FAILED' ? 'bad' : task.state === 'FINISHED' ? 'ok' : 'busy'}>
              {task.state}
            </StatusPill>
          </p>
          <p className="text-[12px] text-[var(--muted)]">
            joined by {task.joinedBy}; opens the timeline of job {task.jobId} at this moment
          </p>
        </section>
      )}
      <dl className="grid grid-cols-[5rem_1fr] gap-x-2 gap-y-0.5 text-[12px]">
        {facts.map(([name, value]) =>
          value === '' ? null : (
            <div key={name} className="contents">
              <dt className="text-[var(--muted)]">{name}</dt>
              <dd className="m-0 break-all">{value}</dd>
            </div>
          ),
        )}
      </dl>
      <Attributes title="Attributes" values={span.attributes} />
      <NotListed count={span.omitted?.attributes ?? 0} one="further attribute" many="further attributes" />
      {span.events.map((event, index) => (
        <Attributes
          // biome-ignore lint/suspicious/noArrayIndexKey: events of one span have nothing that tells them apart, and never move
          key={index}
          title={`Event ${event.name}`}
          note={`+${durationText(Number(BigInt(event.timeNs) - BigInt(span.startNs)))}`}
          values={event.attributes}
        />
      ))}
      <NotListed count={span.omitted?.events ?? 0} one="further event" many="further events" />
      {span.links.length === 0 ? null : (
        <section aria-label="Links">
          <h3 className="mb-1 text-[12px] text-[var(--muted)]">Links</h3>
          <ul className="text-[12px]">
            {span.links.map((link, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: links of one span may be equal, and never move
              <li key={index}>
                <Link className="mono break-all" href={`/traces/${link.traceId}?span=${link.spanId}`}>
                  {link.traceId}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      <NotListed count={span.omitted?.links ?? 0} one="further link" many="further links" />
      <Attributes title="Resource" values={span.resourceAttributes} />
      <NotListed
        count={span.omitted?.resourceAttributes ?? 0}
        one="further attribute of the resource"
        many="further attributes of the resource"
      />
      <CopyButton label="Copy as JSON" text={() => JSON.stringify(span, null, 2)} />
    </div>
  );
}
