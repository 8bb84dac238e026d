'use client';
/** Rows of the attempts in the window where tiles draw them: asked for by pages as they come into view. */
import { useCallback, useMemo, useState } from 'react';
import { timelineSlicesAddress } from '../../../lib/contract/requests/addresses.ts';
import { useApiPages } from '../../queries/api-client.ts';
import type { AttemptRows } from '../timeline-source.ts';
import type { TiledJob } from './tile-scene.ts';
import type { FoundSlice } from './tile-selection.ts';

const PAGE = 200;
/** Beyond it a scrollbar finds nothing: one zooms in. */
const MOST = 100_000;

export function useTileRows(
  { answer, jobRef, filter }: TiledJob,
  {
    window,
    count,
    medians,
    selected,
    onSelect,
  }: {
    /** Decimal ns; null: all of the job. */
    readonly window: { readonly from: string; readonly to: string } | null;
    /** Attempts in the window; null while that is not known. */
    readonly count: number | null;
    readonly medians: ReadonlyMap<string, number>;
    /** `taskId:attempt`. */
    readonly selected: string;
    readonly onSelect: (one: FoundSlice) => void;
  },
  /** Nothing is asked for otherwise. */
  isShown: boolean,
): AttemptRows {
  const rows = isShown ? Math.min(MOST, count ?? 0) : 0;
  const [{ first, last }, setInView] = useState({ first: 0, last: 0 });
  const onRows = useCallback(
    (from: number, to: number) => setInView({ first: Math.floor(from / PAGE), last: Math.floor(to / PAGE) }),
    [],
  );
  const wanted = useMemo(
    () =>
      rows === 0
        ? []
        : Array.from({ length: last - first + 1 }, (_, i) => ({
            ...jobRef,
            ...filter,
            ...(window ?? {}),
            offset: (first + i) * PAGE,
            limit: PAGE,
          })),
    [rows, first, last, jobRef, filter, window],
  );
  const pages = useApiPages(timelineSlicesAddress, wanted);
  const where = useMemo(() => {
    const nodes = answer.nodes.map(({ nodeName }) => nodeName);
    return new Map(
      answer.lanes.key.map((key, lane) => {
        const pid = answer.lanes.pid[lane] ?? (answer.lanes.workerId[lane] ?? '').slice(0, 8);
        return [key, `${answer.lanes.actor[lane] ?? 'worker'} ${pid} on ${nodes[answer.lanes.node[lane] ?? 0] ?? ''}`];
      }),
    );
  }, [answer.nodes, answer.lanes]);
  return {
    count: count === null ? null : rows,
    onRows,
    notice:
      (count ?? 0) > MOST
        ? `The first ${MOST.toLocaleString('en-US')} of ${(count ?? 0).toLocaleString('en-US')} by start: zoom in to see others.`
        : '',
    problem: pages.find(({ error }) => error !== null)?.error?.message ?? null,
    row(index) {
      const one = pages[Math.floor(index / PAGE) - first]?.data?.slices[index % PAGE];
      if (one === undefined) return undefined;
      const durationNs = Math.max(0, Number(BigInt(one.endNs) - BigInt(one.startNs)));
      const medianNs = medians.get(one.function);
      return {
        startNs: BigInt(one.startNs),
        functionName: one.function,
        attempt: one.attempt,
        state: one.state,
        durationNs,
        overMedian: medianNs ? durationNs / medianNs : null,
        where: where.get(one.lane) ?? '',
        error: one.error ?? '',
        isSelected: `${one.taskId}:${one.attempt}` === selected,
        onSelect: () => onSelect(one),
      };
    },
  };
}
