'use client';
/** Who the time of a trace belongs to: its critical path by name, as one bar and in words. */
import { memo } from 'react';
import { nameColour } from '../../lib/chart/colour/timeline-colours.ts';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import type { TraceModel } from './trace-model.ts';

const SHOWN = 5;
const percent = (share: number): string => (share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`);

export const TracePath = memo(function TracePath({
  model,
  onFind,
}: {
  model: TraceModel;
  onFind: (name: string) => void;
}) {
  const { path, shares, columns } = model;
  if (path.totalNs <= 0) return null;
  const services = new Set(columns.groups.map(({ service }) => service).filter((service) => service !== '(other)'));
  const shown = shares.slice(0, SHOWN);
  const rest = shares.slice(SHOWN).reduce((sum, { share }) => sum + share, 0);
  const gap = path.gapNs / path.totalNs;
  const colourOf = (share: (typeof shares)[number]) => nameColour(services.size > 1 ? share.service : share.name);
  return (
    <section aria-label="Critical path by name" className="border-[var(--line)] border-b px-4 py-2 text-[12px]">
      <div aria-hidden="true" className="mb-1.5 flex h-1.5 gap-px overflow-hidden rounded-[2px] bg-[var(--panel-2)]">
        {shown.map((share) => (
          <span
            key={`${share.service} ${share.name}`}
            style={{ width: `${share.share * 100}%`, background: colourOf(share) }}
          />
        ))}
        <span className="bg-[var(--muted)] opacity-60" style={{ width: `${rest * 100}%` }} />
      </div>
      <ul className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5">
        <li className="text-[var(--muted)]">Critical path, {durationText(path.totalNs)}</li>
        {shown.map((share) => (
          <li key={`${share.service} ${share.name}`} className="min-w-0 max-w-full">
            <button
              type="button"
              className="inline-flex max-w-full items-baseline gap-1.5 hover:underline"
              title={`${durationText(share.ns)} in ${share.spans.toLocaleString('en-US')} ${share.spans === 1 ? 'span' : 'spans'} of ${share.service}; click to find them`}
              onClick={() => onFind(share.name)}
            >
              <span
                aria-hidden="true"
                className="inline-block size-2 shrink-0 rounded-[2px]"
                style={{ background: colourOf(share) }}
              />
              <span className="tabular-nums">{percent(share.share)}</span>
              <span className="truncate">
                {share.name}
                {services.size > 1 ? <span className="text-[var(--muted)]"> {share.service}</span> : null}
              </span>
            </button>
          </li>
        ))}
        {rest > 0 ? (
          <li className="text-[var(--muted)]">
            {percent(rest)} {(shares.length - SHOWN).toLocaleString('en-US')} more names
          </li>
        ) : null}
        {gap > 0 ? <li className="text-[var(--muted)]">{percent(gap)} while no root ran</li> : null}
      </ul>
    </section>
  );
});
