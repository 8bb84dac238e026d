'use client';
/** One trace as a waterfall with virtual rows; a chosen span in full, with the Ray task it is. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { durationText } from '../../lib/chart/time-ticks.ts';
import { nameColour } from '../../lib/chart/timeline-colours.ts';
import { visibleRows, waterfallRows } from '../../lib/chart/waterfall.ts';
import { type SpanWireValue, type TraceWire, traceRoute } from '../../lib/contract/traces.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';

export function TracePage({ traceId, span }: { traceId: string; span: string | null }) {
  const answer = useApi(traceRoute, { traceId });
  return (
    <div className="space-y-4">
      <h1 className="font-semibold text-lg">
        <Link href="/traces" className="underline">
          Traces
        </Link>{' '}
        / <span className="mono break-all">{traceId}</span>
      </h1>
      {answer.data === undefined ? (
        <Panel title="Trace">
          {answer.error ? (
            <ErrorState title="No trace" detail={answer.error.message} onRetry={() => void answer.refetch()} />
          ) : (
            <Skeleton rows={8} />
          )}
        </Panel>
      ) : (
        <Waterfall trace={answer.data} first={span} />
      )}
    </div>
  );
}

function Waterfall({ trace, first }: { trace: TraceWire; first: string | null }) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set());
  const [chosen, setChosen] = useState(first);
  const scroller = useRef<HTMLDivElement>(null);
  const all = useMemo(() => waterfallRows(trace.spans, trace.startNs), [trace]);
  const rows = useMemo(() => visibleRows(all, collapsed), [all, collapsed]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 26,
    overscan: 12,
  });
  const total = Math.max(1, Number(trace.durationNs));
  const picked = trace.spans.find(({ spanId }) => spanId === chosen);
  const toggle = (span: number) => {
    const next = new Set(collapsed);
    if (!next.delete(span)) next.add(span);
    setCollapsed(next);
  };
  return (
    <>
      {trace.omitted === 0 ? null : (
        <p className="text-[var(--warn)]">▲ {trace.omitted.toLocaleString('en-US')} more spans are not shown.</p>
      )}
      <Panel title={`${trace.spans.length.toLocaleString('en-US')} spans, ${durationText(total)}`} flush>
        <div ref={scroller} className="max-h-[60vh] overflow-auto">
          <ul className="relative m-0 list-none p-0" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              const span = row === undefined ? undefined : trace.spans[row.span];
              if (row === undefined || span === undefined) return null;
              const failed = span.statusCode === 'Error';
              return (
                <li
                  key={`${row.span}`}
                  className="absolute left-0 flex w-full items-center"
                  style={{ top: item.start, height: item.size }}
                >
                  <div
                    className="flex w-2/5 min-w-0 items-center"
                    style={{ paddingLeft: 8 + Math.min(row.depth, 20) * 12 }}
                  >
                    {row.descendants === 0 ? (
                      <span className="w-6 shrink-0" />
                    ) : (
                      <button
                        type="button"
                        aria-expanded={!collapsed.has(row.span)}
                        aria-label={`${row.descendants} spans below ${span.name}`}
                        className="w-6 shrink-0"
                        onClick={() => toggle(row.span)}
                      >
                        {collapsed.has(row.span) ? '▸' : '▾'}
                      </button>
                    )}
                    <button
                      type="button"
                      aria-pressed={span.spanId === chosen}
                      className={`truncate text-left ${span.spanId === chosen ? 'font-semibold text-[var(--accent)]' : ''}`}
                      onClick={() => setChosen(span.spanId)}
                    >
                      {failed ? '✕ ' : ''}
                      {span.name}
                      {row.orphan ? ' (parent not in trace)' : ''}
                    </button>
                  </div>
                  <div className="relative h-full flex-1">
                    <span
                      className="absolute top-1.5 h-3.5 rounded-sm"
                      style={{
                        left: `${(row.offsetNs / total) * 100}%`,
                        width: `max(2px, ${(row.durationNs / total) * 100}%)`,
                        background: nameColour(span.serviceName),
                        outline: failed ? '2px solid var(--bad)' : 'none',
                      }}
                    />
                  </div>
                  <span className="w-20 shrink-0 pr-3 text-right text-[var(--muted)]">
                    {durationText(row.durationNs)}
                  </span>
                </li>
              );
            })}
          </ul>
        </div>
      </Panel>
      <ul className="flex flex-wrap gap-x-4 text-[12px]">
        {trace.services.map((service) => (
          <li key={service}>
            <span
              aria-hidden="true"
              className="mr-1 inline-block size-2.5"
              style={{ background: nameColour(service) }}
            />
            {service}
          </li>
        ))}
      </ul>
      {picked === undefined ? null : <SpanDetails span={picked} />}
    </>
  );
}

function Attributes({ title, values }: { title: string; values: Readonly<Record<string, string>> }) {
  if (Object.keys(values).length === 0) return null;
  return (
    <section aria-label={title} className="min-w-0">
      <h3 className="font-medium">{title}</h3>
      <dl className="mono">
        {Object.entries(values).map(([key, value]) => (
          <div key={key} className="break-all">
            <dt className="inline text-[var(--muted)]">{key} </dt>
            <dd className="inline">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function SpanDetails({ span }: { span: SpanWireValue }) {
  const { task } = span;
  return (
    <Panel title={span.name}>
      <p>
        {span.serviceName}, {span.kind}, {durationText(Number(span.durationNs))}, {span.statusCode} {span.statusMessage}
      </p>
      {task === null ? null : (
        <p>
          Ray task{' '}
          <Link href={`/jobs/${task.jobId}/timeline?session=${encodeURIComponent(task.session)}`}>
            {task.functionName} attempt {task.attempt}
          </Link>
          , {task.state} (joined by {task.joinedBy})
        </p>
      )}
      <div className="mt-2 grid gap-4 md:grid-cols-2">
        <Attributes title="Attributes" values={span.attributes} />
        <Attributes title="Resource" values={span.resourceAttributes} />
        {span.events.map((event) => (
          <Attributes key={`${event.timeNs}${event.name}`} title={`Event ${event.name}`} values={event.attributes} />
        ))}
        {span.links.map((link) => (
          <p key={`${link.traceId}${link.spanId}`}>
            Link to <Link href={`/traces/${link.traceId}?span=${link.spanId}`}>{link.traceId}</Link>
          </p>
        ))}
      </div>
    </Panel>
  );
}
