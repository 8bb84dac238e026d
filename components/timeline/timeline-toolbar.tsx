'use client';
/** Controls of a timeline: search, filters, order, colours, jumps, follow, table. */
import { ChevronDown, ChevronUp, Maximize2, Radio, Search, Table2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { COLOUR_MODES } from '../../lib/chart/colour/timeline-colours.ts';
import { LANE_ORDERS } from '../../lib/chart/timeline/timeline-columns.ts';
import type { TimelineJump } from '../charts/timeline-input.ts';
import type { TimelineView } from './timeline-view.ts';

const control =
  'h-8 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 hover:border-[var(--muted)] disabled:opacity-45 disabled:hover:border-[var(--line)] aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]';
const LEAST_DURATIONS = [
  ['10000000', '10 ms'],
  ['100000000', '100 ms'],
  ['1000000000', '1 s'],
  ['10000000000', '10 s'],
  ['60000000000', '1 min'],
  ['600000000000', '10 min'],
  ['3600000000000', '1 h'],
] as const;
const ORDER_TEXT = { node: 'by node', failure: 'by first failure', longest: 'by longest' } as const;

function Choice({
  label,
  value,
  onChange,
  children,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}) {
  return (
    <select
      aria-label={label}
      className={`${control} w-[calc(50%-0.25rem)] sm:w-[11.75rem]`}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {children}
    </select>
  );
}

/** Functions to choose from: a program may declare a name for each of its tasks. */
const MOST_LISTED = 300;

export function TimelineToolbar({
  view,
  functions,
  states,
  found,
  at,
  failures,
  following,
  canFollow,
  nodes,
  isWhole = false,
  onStep,
  onJump,
  onFit,
  onFollow,
}: {
  view: TimelineView;
  functions: readonly string[];
  states: readonly string[];
  /** Matches of the search; null where nothing is searched for. */
  found: number | null;
  /** Place of the selection among the matches, from 0; -1: not among them. */
  at: number;
  failures: number;
  following: boolean;
  canFollow: boolean;
  /** Nodes to choose from. */
  nodes: readonly { readonly key: string; readonly nodeName: string; readonly nodeId: string }[];
  /** Every attempt is in hand: workers can be searched for, and rows are in step with the lanes. */
  isWhole?: boolean;
  onStep: (way: 1 | -1) => void;
  onJump: (to: TimelineJump) => void;
  onFit: () => void;
  onFollow: () => void;
}) {
  const { query, set } = view;
  const isUnlisted = query.fn !== '' && functions.indexOf(query.fn) >= MOST_LISTED;
  return (
    <div role="toolbar" aria-label="Timeline" className="flex flex-wrap items-center gap-2">
      <search className="flex items-center gap-1">
        <label className={`${control} flex items-center gap-1.5 focus-within:border-[var(--accent)]`}>
          <Search aria-hidden="true" size={14} className="text-[var(--muted)]" />
          <input
            aria-label="Search tasks"
            placeholder={isWhole ? 'Function, task id, error, worker' : 'Function, task id, error'}
            className="w-48 bg-transparent outline-none placeholder:text-[var(--muted)]"
            value={query.q}
            onChange={(event) => void set({ q: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
              else if (event.key === 'Escape') void set({ q: '' });
            }}
          />
          <output className="min-w-12 whitespace-nowrap text-right text-[12px] text-[var(--muted)]">
            {found === null
              ? ''
              : at === -1
                ? `${found.toLocaleString('en-US')} found`
                : `${(at + 1).toLocaleString('en-US')} of ${found.toLocaleString('en-US')}`}
          </output>
        </label>
        <button
          type="button"
          aria-label="Match before"
          className={control}
          disabled={!found}
          onClick={() => onStep(-1)}
        >
          <ChevronUp aria-hidden="true" size={14} />
        </button>
        <button type="button" aria-label="Next match" className={control} disabled={!found} onClick={() => onStep(1)}>
          <ChevronDown aria-hidden="true" size={14} />
        </button>
      </search>
      <Choice label="Function" value={query.fn} onChange={(fn) => void set({ fn })}>
        <option value="">All functions</option>
        {functions.slice(0, MOST_LISTED).map((each) => (
          <option key={each} value={each}>
            {each || 'unnamed'}
          </option>
        ))}
        {isUnlisted ? <option value={query.fn}>{query.fn}</option> : null}
        {functions.length > MOST_LISTED ? (
          <option disabled>
            and {(functions.length - MOST_LISTED).toLocaleString('en-US')} more: search for a name
          </option>
        ) : null}
      </Choice>
      <Choice label="State" value={query.state} onChange={(state) => void set({ state })}>
        <option value="">All states</option>
        {states.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Choice>
      <Choice label="Node" value={query.node} onChange={(node) => void set({ node })}>
        <option value="">All nodes</option>
        {query.node !== '' && nodes.every(({ key }) => key !== query.node) ? (
          <option value={query.node}>{query.node}</option>
        ) : null}
        {nodes.map(({ key, nodeName, nodeId }) => (
          <option key={key} value={key}>
            {nodeName === '' ? nodeId.slice(0, 8) : nodeName}
          </option>
        ))}
      </Choice>
      <Choice label="Duration" value={query.longer} onChange={(longer) => void set({ longer })}>
        <option value="">Any duration</option>
        {LEAST_DURATIONS.map(([ns, text]) => (
          <option key={ns} value={ns}>
            at least {text}
          </option>
        ))}
      </Choice>
      <Choice
        label="Order of lanes"
        value={query.order}
        onChange={(value) => void set({ order: LANE_ORDERS.find((each) => each === value) ?? 'node' })}
      >
        {LANE_ORDERS.map((each) => (
          <option key={each} value={each}>
            Lanes {ORDER_TEXT[each]}
          </option>
        ))}
      </Choice>
      <Choice
        label="Colour"
        value={query.color}
        onChange={(value) => void set({ color: COLOUR_MODES.find((each) => each === value) ?? 'function' })}
      >
        {COLOUR_MODES.map((each) => (
          <option key={each} value={each}>
            Colour by {each}
          </option>
        ))}
      </Choice>
      <div className="flex gap-1">
        <button type="button" className={control} disabled={failures === 0} onClick={() => onJump('failure')}>
          <span aria-hidden="true" className="text-[var(--bad)]">
            ✕
          </span>{' '}
          Next failure <span className="text-[var(--muted)]">{failures.toLocaleString('en-US')}</span>
        </button>
        <button type="button" className={control} onClick={() => onJump('longest')}>
          Longest
        </button>
        <button
          type="button"
          title="The longest time in which a lane in view did nothing"
          className={control}
          // Of a large timeline the lanes are not loaded beside the table.
          disabled={!isWhole && query.as === 'table'}
          onClick={() => onJump('gap')}
        >
          Gap
        </button>
      </div>
      <div className="ml-auto flex gap-1">
        <button type="button" className={`${control} flex items-center gap-1.5`} onClick={onFit}>
          <Maximize2 aria-hidden="true" size={13} /> Fit
        </button>
        <button
          type="button"
          aria-pressed={following}
          disabled={!canFollow}
          title={canFollow ? 'Keep the window at now' : 'Nothing is running'}
          className={`${control} flex items-center gap-1.5`}
          onClick={onFollow}
        >
          <Radio aria-hidden="true" size={13} /> Live
        </button>
        <button
          type="button"
          aria-pressed={query.as === 'table'}
          className={`${control} flex items-center gap-1.5`}
          onClick={() => void set({ as: query.as === 'table' ? 'lanes' : 'table' })}
        >
          <Table2 aria-hidden="true" size={13} /> Table
        </button>
      </div>
    </div>
  );
}
