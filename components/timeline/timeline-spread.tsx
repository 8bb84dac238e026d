'use client';
/** How one duration stands among those of its function: p50, p95 and the longest, this one marked. Scale is logarithmic. */
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';

/** Ended attempts of one function, nearest-rank quantiles in ns. */
export interface Spread {
  readonly count: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly maxNs: number;
}

export function DurationSpread({ durationNs, spread }: { durationNs: number | null; spread: Spread | null }) {
  if (spread === null) return null;
  const marks = [
    { name: 'p50', ns: spread.p50Ns },
    { name: 'p95', ns: spread.p95Ns },
    { name: 'max', ns: spread.maxNs },
  ];
  const known = [...marks.map(({ ns }) => ns), ...(durationNs === null ? [] : [durationNs])].map((ns) =>
    Math.max(1, ns),
  );
  const low = Math.log(Math.min(...known) / 1.6);
  const high = Math.log(Math.max(...known) * 1.2);
  const at = (ns: number) => `${(100 * (Math.log(Math.max(1, ns)) - low)) / Math.max(1e-9, high - low)}%`;
  const ratio = durationNs === null || spread.p50Ns === 0 ? null : durationNs / spread.p50Ns;
  return (
    <section aria-label="Against the same function">
      <h3 className="mb-1 flex justify-between text-[12px] text-[var(--muted)]">
        <span>Against {spread.count.toLocaleString('en-US')} ended attempts of this function</span>
        {ratio === null ? null : <span className="text-[var(--text)]">{ratio.toFixed(1)}x the median</span>}
      </h3>
      <div aria-hidden="true" className="relative h-6">
        <div className="absolute inset-x-0 top-2.5 h-px bg-[var(--line)]" />
        <div
          className="absolute top-1.5 h-2 rounded-sm bg-[var(--accent)] opacity-25"
          style={{ left: at(spread.p50Ns), right: `calc(100% - ${at(spread.p95Ns)})` }}
        />
        {marks.map(({ name, ns }) => (
          <div key={name} className="absolute top-1 h-3 w-px bg-[var(--muted)]" style={{ left: at(ns) }} />
        ))}
        {durationNs === null ? null : (
          <div
            className="absolute top-0 h-5 w-[3px] -translate-x-px rounded bg-[var(--accent)]"
            style={{ left: at(durationNs) }}
          />
        )}
      </div>
      <dl className="flex flex-wrap gap-x-4 text-[12px]">
        {durationNs === null ? null : (
          <div className="flex gap-1.5">
            <dt className="text-[var(--accent)]">this</dt>
            <dd className="m-0">{durationText(durationNs)}</dd>
          </div>
        )}
        {marks.map(({ name, ns }) => (
          <div key={name} className="flex gap-1.5">
            <dt className="text-[var(--muted)]">{name}</dt>
            <dd className="m-0">{durationText(ns)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
