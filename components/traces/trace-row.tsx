'use client';
/** One row of a waterfall: the span's place in the tree, its bar in the visible time with its part of the critical path. */
import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';

export const ROW_HEIGHT = 26;
export const NAME_COLUMN = 'w-[42%] sm:w-[36%] shrink-0';
export const DURATION_COLUMN = 'w-[4.5rem] shrink-0';

export interface TraceRowProps {
  readonly id: string;
  readonly span: number;
  readonly top: number;
  readonly depth: number;
  readonly descendants: number;
  readonly name: string;
  readonly durationNs: number;
  readonly colour: string;
  readonly isFailed: boolean;
  readonly isOrphan: boolean;
  readonly isTask: boolean;
  /** Its clock went back, or it never ended: its duration of 0 is no measurement. */
  readonly hasNoEnd: boolean;
  readonly isChosen: boolean;
  readonly isDim: boolean;
  readonly isOnPath: boolean;
  readonly isCollapsed: boolean;
  /** In % of the visible time. */
  readonly left: number;
  readonly length: number;
  /** Parts on the critical path, `left length` in % of the visible time, joined by commas. */
  readonly lit: string;
  readonly onChoose: (span: number) => void;
  readonly onToggle: (span: number) => void;
}

export const TraceRow = memo(function TraceRow(props: TraceRowProps) {
  const { span, isFailed, isChosen, isCollapsed, onChoose, onToggle } = props;
  // Far outside of the view a bar would be millions of pixels wide.
  const from = Math.max(-1, props.left);
  const until = Math.min(101, props.left + props.length);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around the rows takes the keyboard
    <div
      id={props.id}
      role="treeitem"
      tabIndex={-1}
      aria-level={props.depth + 1}
      aria-selected={isChosen}
      aria-expanded={props.descendants === 0 ? undefined : !isCollapsed}
      className={`absolute inset-x-0 flex cursor-pointer [contain:strict] items-center border-l-2 ${isChosen ? 'border-l-[var(--accent)] bg-[var(--panel-2)]' : 'border-l-transparent hover:bg-[var(--panel-2)]'} ${props.isDim ? 'opacity-35' : ''}`}
      style={{ top: props.top, height: ROW_HEIGHT }}
      onClick={() => onChoose(span)}
    >
      <div
        className={`flex h-full min-w-0 items-center ${NAME_COLUMN}`}
        style={{ paddingLeft: 8 + Math.min(props.depth, 18) * 12 }}
      >
        {props.descendants === 0 ? (
          <span className="w-5 shrink-0" />
        ) : (
          <span
            aria-hidden="true"
            className="flex w-5 shrink-0 items-center justify-center self-stretch text-[var(--muted)] hover:text-[var(--text)]"
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span);
            }}
          >
            {isCollapsed ? <ChevronRight size={13} /> : <ChevronDown size={13} />}
          </span>
        )}
        <span className={`truncate ${isFailed ? 'text-[var(--bad)]' : ''} ${isChosen ? 'font-semibold' : ''}`}>
          {isFailed ? '✕ ' : ''}
          {props.name}
        </span>
        {props.isOnPath ? <span className="sr-only">, on the critical path</span> : null}
        {isCollapsed ? (
          <span className="ml-1.5 text-[11px] text-[var(--muted)]">+{props.descendants.toLocaleString('en-US')}</span>
        ) : null}
        {props.isOrphan ? (
          <span className="ml-1.5 truncate text-[11px] text-[var(--warn)]">▲ parent not in trace</span>
        ) : null}
        {props.hasNoEnd ? <span className="ml-1.5 shrink-0 text-[11px] text-[var(--warn)]">▲ end unknown</span> : null}
        {props.isTask ? (
          <span className="ml-1.5 hidden shrink-0 rounded bg-[var(--panel-2)] px-1 text-[10px] text-[var(--muted)] lg:inline">
            Ray task
          </span>
        ) : null}
      </div>
      <div className="relative h-full min-w-0 flex-1 overflow-hidden">
        {until < 0 || from > 100 ? null : (
          <span
            className="absolute top-[5px] h-3 rounded-[2px]"
            style={{
              left: `${from}%`,
              width: `max(2px, ${until - from}%)`,
              background: isFailed
                ? `repeating-linear-gradient(135deg, var(--bad) 0 3px, ${props.colour} 3px 6px)`
                : props.colour,
            }}
          />
        )}
        {props.lit === ''
          ? null
          : props.lit.split(',').map((part) => {
              const [left, length] = part.split(' ');
              return (
                <span
                  key={part}
                  aria-hidden="true"
                  className="absolute top-[18px] h-[3px] bg-[var(--text)]"
                  style={{ left: `${left}%`, width: `max(2px, ${length}%)` }}
                />
              );
            })}
      </div>
      <span className={`pr-3 text-right text-[12px] text-[var(--muted)] ${DURATION_COLUMN}`}>
        {props.hasNoEnd ? (
          <span title="The span has no end, or one before its start">?</span>
        ) : (
          durationText(props.durationNs)
        )}
      </span>
    </div>
  );
});
