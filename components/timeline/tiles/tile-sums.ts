'use client';
/** Sums of a timeline of tiles by function: of the window in view, and of the whole job for its medians. The store adds them up. */
import { useMemo } from 'react';
import { timelineSumsAddress } from '../../../lib/contract/requests/addresses.ts';
import type { TimelineSumsWire } from '../../../lib/contract/timeline-tile.ts';
import { useApi } from '../../queries/api-client.ts';
import type { Spread } from '../timeline-spread.tsx';
import type { NamedSum } from '../timeline-sums.tsx';
import type { TiledJob } from './tile-scene.ts';

/** Sums of ten million attempts are too dear to be asked for every few seconds. */
const REFRESH_MS = 60_000;

const sumOf = (one: TimelineSumsWire['functions'][number]): NamedSum => ({
  name: one.function,
  count: one.count,
  failures: one.failures,
  totalNs: Number(one.totalNs),
  p50Ns: Number(one.p50Ns),
  p95Ns: Number(one.p95Ns),
  maxNs: Number(one.maxNs),
});

/** `window`: decimal ns, null for all of the job; nothing is asked for before `enabled`. */
export function useTileSums(
  { answer, jobRef, filter }: TiledJob,
  window: { readonly from: string; readonly to: string } | null,
  enabled: boolean,
) {
  const refreshMs = answer.running.length > 0 ? REFRESH_MS : false;
  // With every attempt that ends the version changes: a job that runs is asked about by the clock instead.
  const kept = refreshMs === false ? { version: answer.version } : {};
  const whole = useApi(timelineSumsAddress, { ...jobRef, ...kept }, { enabled, refreshMs });
  const inView = useApi(
    timelineSumsAddress,
    { ...jobRef, ...filter, ...(window ?? {}), ...kept },
    { enabled, refreshMs },
  );
  const spreads = useMemo(
    () => new Map((whole.data?.functions ?? []).map((one): [string, Spread] => [one.function, sumOf(one)])),
    [whole.data],
  );
  const medians = useMemo(() => new Map([...spreads].map(([name, { p50Ns }]) => [name, p50Ns])), [spreads]);
  return {
    spreads,
    medians,
    sums: useMemo(() => inView.data?.functions.map(sumOf) ?? null, [inView.data]),
    count: inView.data?.count ?? null,
    problem: inView.error?.message ?? null,
  };
}
