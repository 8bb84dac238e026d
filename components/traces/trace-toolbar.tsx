'use client';
/** Search, errors, critical path, tree or lanes: what leads through a trace. */
import { ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, Maximize2, Route, Search } from 'lucide-react';
import type { TraceAddress } from './trace-address.ts';
import type { TraceMatches, TraceModel } from './trace-model.ts';

const control =
  'inline-flex h-8 items-center gap-1.5 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 hover:border-[var(--muted)] disabled:opacity-45';
const count = (value: number): string => value.toLocaleString('en-US');

export interface TraceSteps {
  readonly match: (way: 1 | -1) => void;
  readonly error: (way: 1 | -1) => void;
  readonly path: (way: 1 | -1) => void;
}

function foundText(matches: TraceMatches): string {
  if (matches.isAsking) return 'looking';
  if (matches.flags === null) return '';
  return `${matches.isAll ? '' : 'over '}${count(matches.count)} found`;
}

export function TraceToolbar({
  model,
  address,
  matches,
  steps,
  onOpenAll,
  onCloseAll,
}: {
  model: TraceModel;
  address: TraceAddress;
  matches: TraceMatches;
  steps: TraceSteps;
  onOpenAll: () => void;
  onCloseAll: () => void;
}) {
  const { query, set } = address;
  const isLanes = query.as === 'lanes';
  const isOnly = query.critical === '1';
  return (
    <div role="toolbar" aria-label="Trace" className="flex flex-wrap items-center gap-2">
      <label className={`${control} focus-within:border-[var(--accent)]`}>
        <Search aria-hidden="true" size={14} className="text-[var(--muted)]" />
        <input
          aria-label="Find in this trace"
          placeholder="Name, value or key=value"
          className="w-44 bg-transparent outline-none placeholder:text-[var(--muted)]"
          value={query.find}
          onChange={(event) => void set({ find: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') steps.match(event.shiftKey ? -1 : 1);
          }}
        />
        <output className="min-w-14 whitespace-nowrap text-right text-[12px] text-[var(--muted)]">
          {foundText(matches)}
        </output>
      </label>
      <button
        type="button"
        aria-label="Match before"
        className={control}
        disabled={matches.count === 0}
        onClick={() => steps.match(-1)}
      >
        <ChevronUp aria-hidden="true" size={14} />
      </button>
      <button
        type="button"
        aria-label="Next match"
        className={control}
        disabled={matches.count === 0}
        onClick={() => steps.match(1)}
      >
        <ChevronDown aria-hidden="true" size={14} />
      </button>
      <button type="button" className={control} disabled={model.errors === 0} onClick={() => steps.error(1)}>
        <span aria-hidden="true" className="text-[var(--bad)]">
          ✕
        </span>
        Next error <span className="text-[var(--muted)]">{count(model.errors)}</span>
      </button>
      <span className="inline-flex">
        <button
          type="button"
          aria-pressed={isOnly}
          title={isOnly ? 'Show all spans' : 'Show only spans on the critical path'}
          className={`${control} rounded-r-none ${isOnly ? 'border-[var(--accent)] text-[var(--accent)]' : ''}`}
          disabled={model.onPath === 0}
          onClick={() => void set({ critical: isOnly ? '' : '1' })}
        >
          <Route aria-hidden="true" size={14} />
          Critical path <span className="text-[var(--muted)]">{count(model.onPath)}</span>
        </button>
        <button
          type="button"
          aria-label="Next span on the critical path"
          className={`${control} rounded-l-none border-l-0`}
          disabled={model.onPath === 0}
          onClick={() => steps.path(1)}
        >
          <ChevronDown aria-hidden="true" size={14} />
        </button>
      </span>
      <span className="ml-auto inline-flex flex-wrap gap-2">
        {isLanes ? null : (
          <>
            <button type="button" className={control} onClick={onOpenAll}>
              <ChevronsUpDown aria-hidden="true" size={14} /> Open all
            </button>
            <button type="button" className={control} onClick={onCloseAll}>
              <ChevronsDownUp aria-hidden="true" size={14} /> Close all
            </button>
          </>
        )}
        <button
          type="button"
          className={control}
          disabled={address.isWhole}
          onClick={() => address.setRange(null, 'zoom')}
        >
          <Maximize2 aria-hidden="true" size={13} /> Fit
        </button>
        <fieldset className="inline-flex">
          <legend className="sr-only">View</legend>
          {(['tree', 'lanes'] as const).map((view, i) => (
            <button
              key={view}
              type="button"
              aria-pressed={query.as === view}
              className={`${control} ${i === 0 ? 'rounded-r-none' : 'rounded-l-none border-l-0'} ${query.as === view ? 'text-[var(--accent)]' : ''}`}
              onClick={() => void set({ as: view }, { history: 'push' })}
            >
              {view === 'tree' ? 'Tree' : 'Lanes'}
            </button>
          ))}
        </fieldset>
      </span>
    </div>
  );
}
