'use client';
/** One row of a waterfall: the span's place in the tree, its bar in the visible time, its duration. */
import { ChevronDown, ChevronRight } from 'lucide-react';
import { durationText, tickStep } from '../../lib/chart/time-ticks.ts';
import { nameColour } from '../../lib/chart/timeline-colours.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import type { WaterfallRow } from '../../lib/chart/waterfall.ts';
import type { SpanWireValue } from '../../lib/contract/traces.ts';

export const ROW_HEIGHT = 26;
const NAME = 'w-[42%] sm:w-[36%] shrink-0';
const DURATION = 'w-[4.5rem] shrink-0';

/** Ticks of the visible time, from the start of the trace. */
export function TraceRuler({ range }: { range: TimeRange }) {
  const span = range.to - range.from;
  const step = tickStep(span, 6);
  const ticks: number[] = [];
  for (let at = Math.ceil(range.from / step) * step; at < range.to && ticks.length < 12; at += step) ticks.push(at);
  return (
    <div aria-hidden="true" className="flex h-6 border-[var(--line)] border-b text-[11px] text-[var(--muted)]">
      <div className={`${NAME} px-4 leading-6`}>Span</div>
      <div className="relative flex-1 overflow-hidden">
        {ticks.map((at) => (
          <span
            key={at}
            className="absolute inset-y-0 border-[var(--line)] border-l pl-1 leading-6"
            style={{ left: `${(100 * (at - range.from)) / span}%` }}
          >
            {durationText(at)}
          </span>
        ))}
      </div>
      <div className={DURATION} />
    </div>
  );
}

export function TraceRow({
  row,
  span,
  top,
  range,
  isChosen,
  isDim,
  isCollapsed,
  onChoose,
  onToggle,
}: {
  row: WaterfallRow;
  span: SpanWireValue;
  top: number;
  range: TimeRange;
  isChosen: boolean;
  isDim: boolean;
  isCollapsed: boolean;
  onChoose: () => void;
  onToggle: () => void;
}) {
  const isFailed = span.statusCode === 'Error';
  const width = range.to - range.from;
  const left = (100 * (row.offsetNs - range.from)) / width;
  const length = (100 * row.durationNs) / width;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around the rows takes the keyboard
    <div
      id={`span-${span.spanId}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-selected={isChosen}
      aria-expanded={row.descendants === 0 ? undefined : !isCollapsed}
      className={`absolute inset-x-0 flex cursor-pointer items-center border-l-2 ${isChosen ? 'border-l-[var(--accent)] bg-[var(--panel-2)]' : 'border-l-transparent hover:bg-[var(--panel-2)]'} ${isDim ? 'opacity-35' : ''}`}
      style={{ top, height: ROW_HEIGHT }}
      onClick={onChoose}
    >
      <div
        className={`flex h-full min-w-0 items-center ${NAME}`}
        style={{ paddingLeft: 8 + Math.min(row.depth, 18) * 12 }}
      >
        {row.descendants === 0 ? (
          <span className="w-5 shrink-0" />
        ) : (
          <span
            aria-hidden="true"
            className="flex w-5 shrink-0 items-center justify-center self-stretch text-[var(--muted)] hover:text-[var(--text)]"
            onClick={(event) => {
              event.stopPropagation();
              onToggle();
            }}
          >
            {isCollapsed ? <ChevronRight size={13} /> : <ChevronDown size={13} />}
          </span>
        )}
        <span className={`truncate ${isFailed ? 'text-[var(--bad)]' : ''} ${isChosen ? 'font-semibold' : ''}`}>
          {isFailed ? '✕ ' : ''}
          {span.name}
        </span>
        {isCollapsed ? <span className="ml-1.5 text-[11px] text-[var(--muted)]">+{row.descendants}</span> : null}
        {row.orphan ? (
          <span className="ml-1.5 truncate text-[11px] text-[var(--warn)]">▲ parent not in trace</span>
        ) : null}
        {span.task === null ? null : (
          <span className="ml-1.5 hidden shrink-0 rounded bg-[var(--panel-2)] px-1 text-[10px] text-[var(--muted)] lg:inline">
            Ray task
          </span>
        )}
      </div>
      <div className="relative h-full min-w-0 flex-1 overflow-hidden">
        <span
          className="absolute top-[7px] h-3 rounded-[2px]"
          style={{
            left: `${left}%`,
            width: `max(2px, ${length}%)`,
            background: isFailed
              ? `repeating-linear-gradient(135deg, var(--bad) 0 3px, ${nameColour(span.serviceName)} 3px 6px)`
              : nameColour(span.serviceName),
          }}
        />
      </div>
      <span className={`pr-3 text-right text-[12px] text-[var(--muted)] ${DURATION}`}>
        {durationText(row.durationNs)}
      </span>
    </div>
  );
}
